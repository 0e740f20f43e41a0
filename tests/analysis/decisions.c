#include "tests/analysis/decisions.h"

#include "analysis/base/text.h"
#include "tests/analysis/given_workload.h"
#include "tests/analysis/model_tell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

void decisions_run(struct model *model)
{
	struct facts *facts = &model->truth;

	model_init(model);
	model_initialise(model);
	facts->now.ms += 600000;
	facts->n_releases = 2;
	facts->newest = (struct release){.number = 2,
	                                 .name = "cart-2",
	                                 .uid = "release-2",
	                                 .digest = "v2",
	                                 .cause = CAUSE_REVISION,
	                                 .target_replicas = 2,
	                                 .primary_replicas = 2};
	text_copy(facts->target.digest, "v2");
	put_pods(&facts->target, 2, 2);
	facts->target.ready_since.ms = 1;
}

void decisions_rest(struct model *model)
{
	struct facts *facts = &model->truth;

	model_init(model);
	model_initialise(model);
	facts->now.ms += 60000;
	facts->n_releases = 1;
	facts->newest.status.n_notices = 0;
}

static void check_row(given *first, const struct decision_row *row)
{
	const char *because = row->because ? row->because : "";
	struct effect effects[PLAN_EFFECTS_MAX];
	struct plan plan = {.effects = effects};
	char text[MODEL_PLAN_MAX];
	struct model model;
	int64_t wake;

	first(&model);
	for (size_t i = 0; i < array_length(row->given) && row->given[i]; i++)
		row->given[i](&model);
	decide(&model.spec, &model.truth, &plan);
	wake = instant_is_set(plan.wake) ? plan.wake.ms - model.truth.now.ms : 0;
	if (strcmp(model_tell_plan(&plan, text), row->plan) != 0 || wake != row->wake ||
	    strncmp(plan.reason, because, strlen(because)) != 0)
		fail_msg("%s: %s (%s) %d\nexpected %s (%s) %d", row->what, text, plan.reason,
		         (int)wake, row->plan, because, (int)row->wake);
	model_fini(&model);
}

void decisions_check(given *first, const struct decision_row *rows, size_t n_rows)
{
	for (size_t i = 0; i < n_rows; i++)
		check_row(first, &rows[i]);
}

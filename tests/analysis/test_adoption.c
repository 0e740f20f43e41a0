/* A Canary as Flagger left it, in each of its phases: what is written, and where its run goes on.
 */
#include "analysis/base/text.h"
#include "tests/analysis/happen.h"
#include "tests/analysis/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* What Flagger left. */
struct left {
	const char *phase;
	const char *target; /* the digest of its template */
	const char *found;  /* … of what the primary runs */
	int live;           /* the route's weight */
	int weight;         /* the status */
	int iterations;
	int failed;
	int replicas; /* of the target */
	bool is_unseen;
};

static void put_service(struct service_fact *service, enum backend backend)
{
	*service = (struct service_fact){
		.slot.state = FACT_KNOWN, .backend = backend, .is_exact = true, .since = {1}};
}

static void leave(struct model *model, const struct left *left)
{
	struct facts *truth;

	model_init(model);
	truth = &model->truth;
	truth->primary = truth->target;
	text_copy(truth->primary.release_uid, "flaggers");
	truth->primary.is_owned = true;
	text_copy(truth->primary.digest, "form");
	text_copy(truth->target.digest, left->target);
	truth->target.replicas = left->replicas;
	truth->target.total = left->replicas;
	truth->target.updated = left->replicas;
	truth->target.ready = left->replicas;
	truth->target.available = left->replicas;
	put_service(&truth->apex, BACKEND_PRIMARY);
	put_service(&truth->primary_service, BACKEND_PRIMARY);
	put_service(&truth->canary_service, BACKEND_CANARY);
	truth->route = (struct route_fact){
		.slot.state = FACT_KNOWN, .weight = left->live, .is_exact = true, .since = {1}};
	text_copy(truth->mirror.phase, left->phase);
	truth->mirror.weight = left->weight;
	truth->mirror.iterations = left->iterations;
	truth->mirror.failed_checks = left->failed;
	truth->mirror.moved = truth->now;
	text_copy(truth->mirror.last_applied, "applied");
	text_copy(truth->mirror.last_promoted, "promoted");
	model->found = left->found;
	model->is_unseen = left->is_unseen;
	model->view.mirror = truth->mirror;
}

/* The lines of TRACE about the route and the primary's template. */
static void moves_of(const char *trace, char ret[512])
{
	for (const char *line = trace; *line; line = strchr(line, '\n') + 1) {
		int length = (int)strcspn(line, "\n");

		if (strncmp(line, "route", 5) == 0 || strncmp(line, "primary", 7) == 0)
			text_format(ret + strlen(ret), 512 - strlen(ret), "%.*s\n", length, line);
	}
}

/* The first writes are the first Release and its only save. */
static void test_rest(void **state)
{
	static const struct left rows[] = {
		{.phase = "Initialized", .target = "v1", .found = "v1"},
		{.phase = "Succeeded", .target = "v1", .found = "v1", .failed = 1},
		/* rejected, and still there */
		{.phase = "Failed", .target = "v2", .found = "v1"},
		/* a primary that somebody edited: the hash says that nothing is new */
		{.phase = "Succeeded", .target = "v1", .found = "v1-edited"},
		/* the gate is closed and the revision was taken back */
		{.phase = "Waiting", .target = "v1", .found = "v1"},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct model model;

		leave(&model, &rows[i]);
		model_run(&model, 300000, NULL);
		assert_string_equal(model.trace, "take primary \n");
		assert_int_equal(model.truth.newest.number, 1);
		assert_int_equal(model.truth.newest.cause, CAUSE_ADOPTED);
		assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
		assert_int_equal(model.n_saves, 1);
		assert_string_equal(model.truth.mirror.phase, rows[i].phase);
		assert_int_equal(model.truth.mirror.failed_checks, rows[i].failed);
		assert_string_equal(model.truth.mirror.last_applied, "applied");
		assert_string_equal(model.truth.mirror.last_promoted, "promoted");
		assert_string_equal(model.truth.primary.release_uid, "flaggers");
		assert_false(model.truth.primary.is_owned);
		model_fini(&model);
	}
}

/* What Flagger did not see is a revision of its own. */
static void test_newer(void **state)
{
	static const struct left rows[] = {
		{.phase = "Succeeded", .target = "v2", .found = "v1", .is_unseen = true},
		{.phase = "Waiting", .target = "v2", .found = "v1", .is_unseen = true},
		{.phase = "Failed", .target = "v3", .found = "v1", .is_unseen = true},
	};

	for (size_t i = 0; i < array_length(rows); i++) {
		struct model model;

		leave(&model, &rows[i]);
		model_run(&model, 300000, NULL);
		assert_int_equal(model.truth.newest.number, 2);
		assert_int_equal(model.truth.newest.cause, CAUSE_REVISION);
		assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
		assert_string_equal(model.truth.primary.release_uid, "release-2");
		assert_int_equal(model.n_unserved, 0);
		model_fini(&model);
	}
}

/* A new revision that another run of Flagger's began with is not the one that it analysed. */
static void test_unproven_run(void **state)
{
	static const struct left left = {.phase = "Progressing",
	                                 .target = "v2",
	                                 .found = "v1",
	                                 .live = 20,
	                                 .weight = 20,
	                                 .replicas = 2,
	                                 .is_unseen = true};
	struct model model;

	leave(&model, &left);
	model_run(&model, 5000, NULL);
	assert_int_equal(strncmp(model.trace, "route 0\n", 8), 0);
	assert_int_equal(model.truth.newest.cause, CAUSE_REVISION);
	model_run(&model, 300000, NULL);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	model_fini(&model);
}

/* Each run under way: where its Release begins, and how it ends. */
static const struct {
	struct left left;
	enum release_phase phase;
	int weight;
	int failed;
	const char *trace; /* the routes and what the primary got */
} runs[] = {
	/* a step was taken: the next one is the next */
	{{"Progressing", "v2", "v1", 20, 20, 0, 0, 2, false},
         PHASE_PROGRESSING,
         20,
         0,
         "route 40\nprimary release-2\nroute 0\n"},
	/* the route was written and the status was not: no step is repeated */
	{{"Progressing", "v2", "v1", 40, 20, 0, 1, 2, false},
         PHASE_PROGRESSING,
         40,
         1,
         "primary release-2\nroute 0\n"},
	/* before the first step */
	{{"Progressing", "v2", "v1", 0, 0, 0, 0, 2, false},
         PHASE_STARTING,
         0,
         0,
         "route 20\nroute 40\nprimary release-2\nroute 0\n"},
	/* the weight was taken back for a revision that came, and the status was not */
	{{"Progressing", "v2", "v1", 0, 20, 0, 0, 2, false},
         PHASE_STARTING,
         0,
         0,
         "route 20\nroute 40\nprimary release-2\nroute 0\n"},
	/* the failed checks that end it stand there already */
	{{"Progressing", "v2", "v1", 20, 20, 0, 2, 2, false}, PHASE_RETREATING, 0, 2, "route 0\n"},
	/* waits for approval: the status says weight 0 and an iteration less */
	{{"WaitingPromotion", "v2", "v1", 40, 0, -1, 0, 2, false},
         PHASE_WAITING_PROMOTION,
         40,
         0,
         "primary release-2\nroute 0\n"},
	/* the primary has it already */
	{{"Promoting", "v2", "v2", 40, 40, 0, 0, 2, false}, PHASE_PROMOTING, 40, 0, "route 0\n"},
	{{"Finalising", "v2", "v2", 0, 0, 0, 0, 2, false}, PHASE_FINALISING, 0, 0, ""},
	/* … and the status does not say so yet */
	{{"Progressing", "v2", "v2", 40, 40, 0, 0, 2, false}, PHASE_PROMOTING, 40, 0, "route 0\n"},
	{{"WaitingPromotion", "v2", "v2", 40, 0, -1, 0, 2, false},
         PHASE_PROMOTING,
         40,
         0,
         "route 0\n"},
};

/* What moves before the next check: nothing. */
static void test_runs(void **state)
{
	for (size_t i = 0; i < array_length(runs); i++) {
		struct model model;
		char seen[512] = "";

		leave(&model, &runs[i].left);
		for (int j = 0; j < 50 && (model.truth.newest.number != 2 ||
		                           model.truth.newest.status.phase == PHASE_NONE);
		     j++)
			model_run(&model, 1, NULL);
		assert_int_equal(model.truth.newest.cause, CAUSE_ADOPTED);
		/* A primary that is ready is promoted in the same moment. */
		if (runs[i].phase == PHASE_PROMOTING || runs[i].phase == PHASE_FINALISING)
			assert_true(model.truth.newest.status.phase >= runs[i].phase);
		else
			assert_int_equal(model.truth.newest.status.phase, runs[i].phase);
		if (model.truth.newest.status.phase == runs[i].phase)
			assert_int_equal(model.truth.newest.status.weight.to, runs[i].weight);
		assert_int_equal(model.truth.newest.status.failed_checks, runs[i].failed);
		/* The last check was just before: nothing moves but a retreat. */
		if (runs[i].phase == PHASE_PROGRESSING || runs[i].phase == PHASE_STARTING) {
			model_run(&model, 8000, NULL);
			assert_int_equal(model.truth.route.weight, runs[i].left.live);
			assert_int_equal(model.n_checks, 0);
		}
		model_run(&model, 300000, NULL);
		moves_of(model.trace, seen);
		assert_string_equal(seen, runs[i].trace);
		assert_int_equal(model.truth.newest.number, 2);
		assert_int_equal(model.truth.newest.status.outcome,
		                 runs[i].phase == PHASE_RETREATING ? OUTCOME_ROLLED_BACK
		                                                   : OUTCOME_PROMOTED);
		assert_int_equal(model.truth.route.weight, 0);
		assert_int_equal(model.truth.target.replicas, 0);
		assert_int_equal(model.n_unserved, 0);
		model_fini(&model);
	}
}

/* What Flagger did twice is not done twice: whatever process goes on, after each decision. */
static void test_forgetful(void **state)
{
	static const struct left left = {.phase = "Progressing",
	                                 .target = "v2",
	                                 .found = "v1",
	                                 .live = 20,
	                                 .weight = 20,
	                                 .replicas = 2};
	struct model model;

	leave(&model, &left);
	model.is_forgetful = true;
	model_run(&model, 300000, NULL);
	assert_int_equal(model.truth.newest.number, 2);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	assert_int_equal(model.max_weight_seen, 40);
	model_fini(&model);
}

/* Clients are with the canary and the primary is broken: nothing is touched until it is ready. */
static void test_stranded(void **state)
{
	static const struct left left = {
		.phase = "Failed", .target = "v2", .found = "v2", .live = 100, .replicas = 2};
	struct model model;

	leave(&model, &left);
	model.truth.primary.ready = 0;
	model.truth.primary.available = 0;
	model_run(&model, 300000, NULL);
	assert_string_equal(model.trace, "");
	assert_int_equal(model.truth.newest.number, 0);
	model.truth.primary.ready = model.truth.primary.replicas;
	model.truth.primary.available = model.truth.primary.replicas;
	model_run(&model, 300000, NULL);
	assert_int_equal(model.truth.newest.number, 1);
	assert_int_equal(model.truth.route.weight, 0);
	model_fini(&model);
}

static void write_status(struct model *model)
{
	model->truth.flagger_wrote = model->truth.now;
}

/* While Flagger's name appears in the status again and again nothing is written, before the
 * adoption and after it. */
static void test_stands_by(void **state)
{
	static const struct left left = {.phase = "Succeeded", .target = "v1", .found = "v1"};
	static const struct model_event before[] = {
		{0, write_status}, {10000, write_status}, {20000, write_status}, {0}};
	static const struct model_event after[] = {{0, write_status},     {0, apply_v3},
	                                           {10000, write_status}, {20000, write_status},
	                                           {30000, write_status}, {0}};
	struct model model;

	leave(&model, &left);
	model_run(&model, 39000, before);
	assert_int_equal(model.truth.newest.number, 0);
	model_run(&model, 10000, NULL);
	assert_int_equal(model.truth.newest.number, 1);
	model.trace[0] = '\0';
	model_run(&model, 49000, after);
	assert_int_equal(model.truth.newest.number, 1);
	assert_string_equal(model.trace, "");
	model_run(&model, 300000, NULL);
	assert_int_equal(model.truth.newest.number, 2);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_PROMOTED);
	model_fini(&model);
}

/* Without Flagger's name for its template it is somebody's own Deployment. */
static void test_foreign(void **state)
{
	static const struct left left = {.phase = "Succeeded", .target = "v1", .found = "v1"};
	struct model model;

	leave(&model, &left);
	model.truth.primary.release_uid[0] = '\0';
	model_run(&model, 300000, NULL);
	assert_string_equal(model.trace, "");
	assert_int_equal(model.truth.newest.number, 0);
	model_fini(&model);
}

/* A rollback of the next run finds the primary as Flagger named it, and so does one that somebody
 * deleted. */
static void test_return(void **state)
{
	static const struct left left = {.phase = "Succeeded", .target = "v1", .found = "v1"};
	static const struct model_event events[] = {{0, break_primary}, {0, apply_v3}, {0}};
	struct model model;

	leave(&model, &left);
	model_run(&model, 10000, NULL);
	model_run(&model, 600000, events);
	assert_int_equal(model.truth.newest.number, 2);
	assert_int_equal(model.truth.newest.status.outcome, OUTCOME_FAILED_PROMOTION);
	assert_string_equal(model.truth.primary.release_uid, "flaggers");
	assert_string_equal(model.truth.mirror.last_promoted, "promoted");
	model_fini(&model);
}

/* Session affinity: who had Flagger's cookies keeps them. */
static void test_cookies_are_kept(void **state)
{
	static const struct left left = {"Progressing", "v2", "v1", 20, 20, 0, 0, 2, false};
	struct cookies cookies = {.canary = {"cnry", "kQzrTnbWsd"}};
	struct model model;

	leave(&model, &left);
	model.spec.route.sticks = true;
	model.spec.affinity.cookie = "cnry";
	model.truth.route.cookies = cookies;
	model_run(&model, 5000, NULL);
	assert_int_equal(model.truth.newest.status.phase, PHASE_PROGRESSING);
	assert_true(cookie_are_same(&model.truth.newest.status.cookies, &cookies));
	assert_true(cookie_are_same(&model.truth.route.cookies, &cookies));
	assert_int_equal(model.truth.route.weight, 20);
	assert_string_equal(model.truth.mirror.cookies.present, "cnry=kQzrTnbWsd");
	for (int i = 0; i < 100 && model.truth.route.weight == 20; i++)
		model_run(&model, 500, NULL);
	assert_int_equal(model.truth.route.weight, 40);
	assert_true(cookie_are_same(&model.truth.route.cookies, &cookies));
	model_fini(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cookies_are_kept),
		cmocka_unit_test(test_rest),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_runs),
		cmocka_unit_test(test_unproven_run),
		cmocka_unit_test(test_forgetful),
		cmocka_unit_test(test_stranded),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_stands_by),
		cmocka_unit_test(test_return),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

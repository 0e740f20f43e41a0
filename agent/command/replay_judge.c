#include "agent/command/replay_judge.h"

#include "agent/history_facts.h"
#include "agent/history_part.h"
#include "agent/journal.h"
#include "analysis/base/compiler.h"
#include "analysis/base/text.h"
#include "analysis/decide.h"
#include "analysis/strategy.h"
#include "providers/kube/tree.h"
#include "providers/record_shapes.h"
#include "providers/wire/tree.h"

#include <stdlib.h>
#include <string.h>

/* What was recorded of one release: rounds come newest first. */
struct record {
	sqlite3 *db;
	const struct command_run *run;
	json_t *checks;   /* [{spec, facts}] of each check, the newest first */
	json_t *queries;  /* "NAME" or "NAME INDEX" to the query that was asked */
	size_t n_partial; /* rounds that are less than whole */
	char pruned[HISTORY_READ_PRUNED_MAX]; /* retention was there, says this; "": it was not */
	int highest;                          /* weight that was checked */
	struct err err;                       /* set: no further round counts */
};

/* Where the new policy would have the run. */
struct course {
	int from;
	struct strategy_step at;
	int failed_checks;
	struct instant unmeasured_since;
};

struct judge {
	const struct replay_policy *policy;
	const struct record *record;
	struct course course;
	struct facts facts;
	struct canary_spec then; /* the spec that the check in hand was asked by */
	struct arena arena;      /* of that */
	struct effect effects[PLAN_EFFECTS_MAX];
	struct replay_verdict verdict;
};

const char *replay_judge_word(enum replay_end end)
{
	switch (end) {
	case REPLAY_PROMOTED:
		return "promoted";
	case REPLAY_ROLLED_BACK:
		return "rolled_back";
	case REPLAY_UNKNOWN:
	case REPLAY_NONE:
		break;
	}
	return "unknown";
}

/* Reading ------------------------------------------------------------------------------------ */

/* Names may stand twice: then they are told apart by their number. */
static void query_key(const char *name, json_int_t index, char ret[160])
{
	text_format(ret, 160, "%.120s %lld", name, (long long)index);
}

static void on_effect(void *user, const struct history_effect *effect)
{
	struct record *record = user;
	CLEANUP(tree_freep) json_t *detail = NULL;
	const char *query;
	char key[160];

	if (effect->kind != HISTORY_ANSWER || strncmp(effect->key, "measure ", 8) != 0 ||
	    !history_part_read(effect->detail, &detail, NULL))
		return;
	query = kube_tree_value(detail, "query");
	query_key(kube_tree_value(detail, "check"),
	          json_integer_value(json_object_get(detail, "index")), key);
	if (*query && !json_object_get(record->queries, key))
		kube_tree_set_text(record->queries, key, query);
}

/* The check that FACTS have answers of; 0: none. */
static int64_t check_of(const json_t *facts)
{
	const json_t *samples = json_object_get(facts, "samples");
	int64_t newest = 0;

	for (size_t i = 0; i < json_array_size(samples); i++) {
		int64_t check =
			json_integer_value(json_object_get(json_array_get(samples, i), "check"));

		newest = check > newest ? check : newest;
	}
	return newest;
}

static bool saves(const char *plan)
{
	return strstr(plan, "\"kind\":\"save release\"") != NULL;
}

/* A run that was on its way, and a check that was concluded in this round. */
static bool is_conclusion(const struct record *record, const json_t *facts, const char *plan)
{
	const json_t *newest = json_object_get(facts, "newest");
	enum release_phase phase = release_phase_find(kube_tree_value(newest, "phase"));
	int64_t check = check_of(facts);

	return (phase == PHASE_PROGRESSING || phase == PHASE_WAITING_PROMOTION) &&
	       strcmp(kube_tree_value(newest, "name"), record->run->release.name) == 0 &&
	       check > 0 && check >= json_integer_value(json_object_get(newest, "nextCheckAt")) &&
	       saves(plan);
}

static void on_round(void *user, const struct history_read_round *read)
{
	struct record *record = user;
	CLEANUP(tree_freep) json_t *spec = NULL;
	CLEANUP(tree_freep) json_t *facts = NULL;
	int highest;

	if (record->err.kind != ERR_NONE ||
	    strcmp(read->round.canary_uid, record->run->canary_uid) != 0)
		return;
	if (!history_read_effects(record->db, read->round.uid, on_effect, record, &record->err))
		return;
	if (instant_is_set(read->pruned)) {
		history_read_pruned(read, record->pruned);
		return;
	}
	if (read->is_cut || !*read->round.base ||
	    !history_part_read(read->round.spec, &spec, NULL) ||
	    !history_facts_read(read->round.base, read->round.facts, &facts, NULL)) {
		record->n_partial++;
		return;
	}
	if (!is_conclusion(record, facts, read->round.plan))
		return;
	if (json_array_size(record->checks) >= REPLAY_JUDGE_CHECKS_MAX)
		(void)err_set(&record->err, ERR_LIMIT, "more than %d checks",
		              REPLAY_JUDGE_CHECKS_MAX);
	highest = kube_tree_whole(json_object_get(facts, "newest"), "to", 0);
	record->highest = highest > record->highest ? highest : record->highest;
	kube_tree_append(record->checks, json_pack("{sO sO}", "spec", spec, "facts", facts));
}

static bool read_record(struct record *record, struct err *err)
{
	const struct history_read_filter filter = {
		.k8s_namespace = record->run->k8s_namespace,
		.canary = record->run->canary,
		.release = record->run->release.name,
	};

	if (!history_read_rounds(record->db, &filter, on_round, record, err))
		return false;
	return record->err.kind == ERR_NONE || err_set(err, record->err.kind, "%.250s: %.200s",
	                                               record->run->release.name, record->err.text);
}

/* Judging ------------------------------------------------------------------------------------ */

/* The end, as far as it can be told. */
PRINTF_LIKE(3, 4)
static void conclude(struct judge *judge, enum replay_end end, const char *format, ...)
{
	va_list args;

	judge->verdict.end = end;
	judge->verdict.weight = judge->course.at.weight;
	va_start(args, format);
	(void)vsnprintf(judge->verdict.reason, sizeof(judge->verdict.reason), format, args);
	va_end(args);
}

static const char *asked_query(const struct judge *judge, size_t index)
{
	char key[160];

	query_key(judge->then.checks[index].name, (json_int_t)index, key);
	return kube_tree_value(judge->record->queries, key);
}

/* The recorded check with the answers that check INDEX of the policy would have had; n_checks of
 * then: none. The same query under another name is the same question. */
static size_t find_sample(struct judge *judge, size_t index)
{
	const char *query = judge->policy->queries[index];
	const char *name = judge->policy->canary.spec.checks[index].name;
	size_t found = judge->then.n_checks;

	for (size_t i = 0; i < judge->then.n_checks; i++) {
		bool is_named = strcmp(judge->then.checks[i].name, name) == 0;

		if (*query ? strcmp(asked_query(judge, i), query) == 0 : is_named)
			found = found == judge->then.n_checks || is_named ? i : found;
	}
	judge->verdict.is_assumed |= !*query && found < judge->then.n_checks;
	return found;
}

static void take_samples(struct judge *judge)
{
	const struct canary_spec *spec = &judge->policy->canary.spec;
	struct sample_fact then[SPEC_CHECKS_MAX];

	memcpy(then, judge->facts.samples, sizeof(then));
	memset(judge->facts.samples, 0, sizeof(judge->facts.samples));
	for (size_t i = 0; i < spec->n_checks; i++) {
		size_t from = find_sample(judge, i);

		if (from < judge->then.n_checks)
			judge->facts.samples[i] = then[from];
	}
}

/* By the question: its answers count for no other. */
static void take_hooks(struct judge *judge)
{
	const struct canary_spec *spec = &judge->policy->canary.spec;
	struct hook_fact then[SPEC_HOOKS_MAX];

	memcpy(then, judge->facts.hooks, sizeof(then));
	memset(judge->facts.hooks, 0, sizeof(judge->facts.hooks));
	for (size_t i = 0; i < spec->n_hooks; i++) {
		for (size_t k = 0; k < judge->then.n_hooks; k++) {
			if (judge->then.hooks[k].question == spec->hooks[i].question)
				judge->facts.hooks[i] = then[k];
		}
	}
}

/* The share of the requests decides nothing; that it is there is waited for. */
static void take_share(struct judge *judge, struct instant check)
{
	if (judge->facts.share.check.ms != check.ms || judge->facts.share.kind == SAMPLE_NONE)
		judge->facts.share = (struct sample_fact){.check = check, .kind = SAMPLE_ABSENT};
}

static void take_course(struct judge *judge)
{
	const struct course *course = &judge->course;
	struct facts *facts = &judge->facts;
	struct release_status *status = &facts->newest.status;

	judge->verdict.is_elsewhere |= status->weight.to != course->at.weight ||
	                               status->weight.is_mirrored != course->at.is_mirrored;
	status->phase = PHASE_PROGRESSING;
	status->weight.from = course->from;
	status->weight.to = course->at.weight;
	status->weight.is_mirrored = course->at.is_mirrored;
	status->iteration = course->at.iteration;
	status->failed_checks = course->failed_checks;
	status->times.unmeasured_since = course->unmeasured_since;
	if (!judge->policy->canary.spec.route.weighs)
		return;
	facts->route.weight = course->at.weight;
	facts->route.is_mirrored = course->at.is_mirrored;
	facts->route.slot.state = FACT_KNOWN;
}

static bool take_facts(struct judge *judge, const json_t *check, struct err *err)
{
	CLEANUP(tree_freep) json_t *facts = json_copy(json_object_get(check, "facts"));

	journal_strip(facts);
	arena_fini(&judge->arena);
	return record_read(&record_spec_shape, json_object_get(check, "spec"), &judge->arena,
	                   &judge->then, err) &&
	       record_read(&record_facts_shape, facts, &judge->arena, &judge->facts, err);
}

static const struct effect *find_effect(const struct plan *plan, enum effect_kind kind)
{
	for (size_t i = 0; i < plan->n_effects; i++) {
		if (plan->effects[i].kind == kind)
			return &plan->effects[i];
	}
	return NULL;
}

/* No conclusion from what was recorded: what is missing. */
static void conclude_missing(struct judge *judge, const struct plan *plan)
{
	const struct canary_spec *spec = &judge->policy->canary.spec;
	const struct effect *measure = find_effect(plan, EFFECT_MEASURE);
	const struct effect *hook = find_effect(plan, EFFECT_ASK_HOOK);

	if (measure && find_sample(judge, measure->index) < judge->then.n_checks)
		conclude(judge, REPLAY_UNKNOWN, "no answer of %.100s was recorded at this check",
		         spec->checks[measure->index].name);
	else if (measure)
		conclude(judge, REPLAY_UNKNOWN, "%.100s was not recorded%s",
		         spec->checks[measure->index].name,
		         *judge->policy->queries[measure->index] ? " with this query" : "");
	else if (hook)
		conclude(judge, REPLAY_UNKNOWN, "hook %.100s was not asked at this step",
		         spec->hooks[hook->index].name);
	else
		conclude(judge, REPLAY_UNKNOWN, "%.200s", plan->reason);
}

/* What the check leads to; it goes on unless that is an end. */
static void follow(struct judge *judge, const struct release_status *status)
{
	struct course *course = &judge->course;

	if (status->ending != OUTCOME_NONE || status->phase == PHASE_RETREATING) {
		conclude(judge, REPLAY_ROLLED_BACK, "%s", status->reason);
		return;
	}
	if (status->phase == PHASE_PROMOTING || status->phase == PHASE_FINALISING) {
		conclude(judge, REPLAY_PROMOTED, "passed at weight %d", judge->course.at.weight);
		return;
	}
	course->from = status->weight.from;
	course->at = (struct strategy_step){
		.weight = status->weight.to,
		.iteration = status->iteration,
		.is_mirrored = status->weight.is_mirrored,
	};
	course->failed_checks = status->failed_checks;
	course->unmeasured_since = status->times.unmeasured_since;
}

static void judge_check(struct judge *judge, const json_t *check)
{
	struct plan plan = {.effects = judge->effects};
	const struct effect *save;
	struct err err = {0};

	if (judge->course.at.weight > judge->record->highest) {
		conclude(judge, REPLAY_UNKNOWN, "weight %d was never reached, %d was the highest",
		         judge->course.at.weight, judge->record->highest);
		return;
	}
	judge->verdict.at = (struct instant){check_of(json_object_get(check, "facts"))};
	if (!take_facts(judge, check, &err)) {
		conclude(judge, REPLAY_UNKNOWN, "the record cannot be read: %.200s", err.text);
		return;
	}
	take_samples(judge);
	take_hooks(judge);
	take_share(judge, judge->verdict.at);
	take_course(judge);
	decide(&judge->policy->canary.spec, &judge->facts, &plan);
	save = find_effect(&plan, EFFECT_SAVE_RELEASE);
	if (save) {
		judge->verdict.n_checks++;
		follow(judge, &save->status);
	} else {
		conclude_missing(judge, &plan);
	}
}

static void judge_all_checks(struct judge *judge)
{
	const json_t *checks = judge->record->checks;
	const struct command_run *run = judge->record->run;
	int64_t last = 0;

	for (size_t i = json_array_size(checks); i > 0; i--) {
		const json_t *check = json_array_get(checks, i - 1);
		int64_t at = check_of(json_object_get(check, "facts"));

		if (at == last)
			continue; /* the first conclusion counts */
		last = at;
		judge_check(judge, check);
		if (judge->verdict.end != REPLAY_NONE)
			return;
	}
	if (judge->verdict.n_checks == 0 && judge->record->n_partial > 0)
		conclude(judge, REPLAY_UNKNOWN, "recorded before all facts were");
	else if (judge->verdict.n_checks == 0)
		conclude(judge, REPLAY_UNKNOWN, "it ended without a check (%.200s)",
		         run->release.status.reason);
	else
		conclude(judge, REPLAY_UNKNOWN,
		         "it would have gone on at weight %d, where the recorded checks end",
		         judge->course.at.weight);
}

bool replay_judge(sqlite3 *db, const struct replay_policy *policy, const struct command_run *run,
                  struct replay_verdict *ret, struct err *err)
{
	CLEANUP(tree_freep) json_t *checks = kube_tree_list();
	CLEANUP(tree_freep) json_t *queries = kube_tree_object();
	struct record record = {.db = db, .run = run, .checks = checks, .queries = queries};
	struct judge *judge;

	if (!read_record(&record, err))
		return false;
	judge = calloc(1, sizeof(*judge));
	if (!judge)
		abort();
	judge->policy = policy;
	judge->record = &record;
	judge->course.at = strategy_first(&policy->canary.spec);
	if (policy->canary.spec.skip_analysis)
		conclude(judge, REPLAY_PROMOTED, "skipAnalysis: nothing would have been checked");
	else if (*record.pruned) /* what is left of its checks is not its course */
		conclude(judge, REPLAY_UNKNOWN, "%s", record.pruned);
	else
		judge_all_checks(judge);
	*ret = judge->verdict;
	arena_fini(&judge->arena);
	free(judge);
	return true;
}

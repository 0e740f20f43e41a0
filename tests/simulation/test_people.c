/* Each deed and each foreign edit alone ends as the oracle says; and the oracle bites. */
#include "analysis/base/text.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/simulation.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define REACH_SECONDS 1200

static const struct truth_canary nginx = {
	.name = "cart",
	.service = "cart-web",
	.space = "mall",
	.provider = "nginx",
	.interval = 10,
	.threshold = 2,
	.deadline = 120,
	.step = 50,
	.max = 50,
	.replicas = 2,
	.target_port = 8080,
};

static const struct truth_canary blue_green = {
	.name = "till",
	.service = "till",
	.space = "shop",
	.provider = "kubernetes",
	.interval = 10,
	.threshold = 0,
	.deadline = 120,
	.iterations = 2,
	.replicas = 1,
	.target_port = 8080,
};

static const struct truth_canary steps = {
	.name = "menu",
	.service = "menu",
	.space = "shop",
	.provider = "nginx",
	.interval = 10,
	.threshold = 1,
	.deadline = 120,
	.steps = {5, 100},
	.n_steps = 2,
	.replicas = 3,
	.target_port = 8080,
	.asking = TRUTH_ASK_TEMPLATE,
};

static const struct truth_canary *const casts[] = {&nginx, &blue_green, &steps};

/* A world with one canary, initialised. */
static struct simulation *begin(const struct truth_canary *cast, uint64_t seed)
{
	struct simulation *simulation = simulation_begin(&(struct simulation_options){
		.seed = seed, .alone = cast, .stream = getenv("TELL") ? stdout : NULL});

	assert_true(simulation_reach(simulation, 0, FAULT_PHASE_REST, span_seconds(REACH_SECONDS)));
	simulation_pass(simulation, span_seconds(30));
	return simulation;
}

/* It comes to its end without a violation; the newest run ends so. */
static void end(struct simulation *simulation, const char *what, enum release_outcome outcome)
{
	struct simulation_result result;
	enum release_outcome last;

	simulation_settle(simulation);
	last = simulation->witness.runs[0].outcome;
	simulation_end(simulation, &result);
	if (result.violation[0] != '\0')
		fail_msg("%s: %s", what, result.violation);
	if (outcome != OUTCOME_NONE && last != outcome)
		fail_msg("%s: outcome %d, expected %d", what, (int)last, (int)outcome);
}

static void each_quality_ends_as_it_must(void **state)
{
	static const enum release_outcome outcomes[QUALITY_MAX] = {
		[QUALITY_GOOD] = OUTCOME_PROMOTED,         [QUALITY_SLOW] = OUTCOME_ROLLED_BACK,
		[QUALITY_FAILING] = OUTCOME_ROLLED_BACK,   [QUALITY_STUCK] = OUTCOME_ROLLED_BACK,
		[QUALITY_WEAK] = OUTCOME_FAILED_PROMOTION,
	};

	(void)state;
	for (size_t i = 0; i < array_length(casts); i++) {
		for (int quality = 0; quality < QUALITY_MAX; quality++) {
			struct simulation *simulation = begin(casts[i], 1);

			people_act(simulation, 0, DEED_PUSH, (enum quality)quality);
			end(simulation, quality_name((enum quality)quality), outcomes[quality]);
		}
	}
}

static const enum fault_phase phases[] = {
	FAULT_PHASE_STARTING,   FAULT_PHASE_PROGRESSING, FAULT_PHASE_PROMOTING,
	FAULT_PHASE_FINALISING, FAULT_PHASE_RETREATING,  FAULT_PHASE_REST,
};

/* A run in that phase: of a good version, or of one that fails where it has to retreat. */
static struct simulation *in_phase(const struct truth_canary *cast, enum fault_phase phase,
                                   uint64_t seed)
{
	struct simulation *simulation = begin(cast, seed);

	people_act(simulation, 0, DEED_PUSH,
	           phase == FAULT_PHASE_RETREATING ? QUALITY_FAILING : QUALITY_GOOD);
	if (phase == FAULT_PHASE_REST)
		assert_true(simulation_reach(simulation, 0, FAULT_PHASE_PROGRESSING,
		                             span_seconds(REACH_SECONDS)));
	assert_true(simulation_reach(simulation, 0, phase, span_seconds(REACH_SECONDS)));
	return simulation;
}

static void each_deed_in_each_phase_ends_well(void **state)
{
	char what[64];

	(void)state;
	for (size_t i = 0; i < array_length(casts) * array_length(phases) * DEED_MAX; i++) {
		const struct truth_canary *cast = casts[i % array_length(casts)];
		enum fault_phase phase = phases[i / array_length(casts) % array_length(phases)];
		enum deed deed = (enum deed)(i / array_length(casts) / array_length(phases));
		struct simulation *simulation = in_phase(cast, phase, i + 1);

		text_format(what, sizeof(what), "deed %d in %s of %s", (int)deed,
		            fault_phase_name(phase), cast->name);
		people_act(simulation, 0, deed, i % 2 == 0 ? QUALITY_GOOD : QUALITY_SLOW);
		end(simulation, what, OUTCOME_NONE);
	}
}

/* A Canary that was deleted is made anew at once, in the midst of the teardown, and after it. */
static void a_canary_comes_again(void **state)
{
	static const int pauses[] = {0, 10, 200, 1500, 5000, 60000}; /* ms */
	char what[64];

	(void)state;
	for (size_t i = 0; i < array_length(pauses) * array_length(casts); i++) {
		struct simulation *simulation =
			in_phase(casts[i / array_length(pauses)],
		                 i % 2 == 0 ? FAULT_PHASE_REST : FAULT_PHASE_PROGRESSING, i + 1);
		int pause = pauses[i % array_length(pauses)];

		text_format(what, sizeof(what), "made anew after %d ms", pause);
		people_act(simulation, 0, DEED_DELETE, QUALITY_GOOD);
		simulation_pass(simulation, span_ms(pause));
		people_act(simulation, 0, DEED_DELETE, QUALITY_GOOD);
		end(simulation, what, OUTCOME_NONE);
	}
}

/* Strikes once for sure; several times, since an edit chooses what it edits. */
static void each_edit_in_each_phase_ends_well(void **state)
{
	char what[64];

	(void)state;
	for (int kind = FAULT_EDIT_WEIGHT; kind <= FAULT_PODS_BREAK; kind++) {
		int n_struck = 0;

		for (size_t i = 0; i < array_length(casts) * array_length(phases); i++) {
			const struct truth_canary *cast = casts[i % array_length(casts)];
			enum fault_phase phase =
				phases[i / array_length(casts) % array_length(phases)];
			struct simulation *simulation = in_phase(cast, phase, i + 1);

			simulation->faults.rates[kind] = 1;
			n_struck += people_edit(simulation, (enum fault)kind, 0);
			simulation->faults.rates[kind] = 0;
			text_format(what, sizeof(what), "%s in %s of %s (%d)",
			            fault_name((enum fault)kind), fault_phase_name(phase),
			            cast->name, (int)i);
			simulation_pass(simulation, span_seconds(90));
			end(simulation, what, OUTCOME_NONE);
		}
		assert_int_not_equal(n_struck, 0);
	}
}

/* The deletion of the route is told before the reply of our last write of it arrives: the reply
 * does not bring it back, and it is made anew. */
static void a_removal_overtakes_a_reply(void **state)
{
	struct simulation *simulation = in_phase(&steps, FAULT_PHASE_RETREATING, 15);

	(void)state;
	assert_true(simulation_write(
		simulation, "kubectl", HTTP_DELETE,
		"/apis/networking.k8s.io/v1/namespaces/shop/ingresses/menu-front-canary", NULL));
	end(simulation, "removal", OUTCOME_ROLLED_BACK);
}

/* In the first run the target gets pods that never serve, and the Canary is deleted. Those before
 * serve on, unless the rollout took them all away or none was ready yet. */
static void nobody_can_serve(void **state)
{
	static const struct {
		const char *what;
		int seconds; /* before the push */
		bool empties;
	} rows[] = {{"rolled out", 3, false}, {"all replaced", 3, true}, {"none before", 0, false}};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct truth_canary cast = nginx;
		struct simulation *simulation;

		cast.empties = rows[i].empties;
		simulation =
			simulation_begin(&(struct simulation_options){.seed = 1, .alone = &cast});
		simulation_pass(simulation, span_seconds(rows[i].seconds));
		people_act(simulation, 0, DEED_PUSH, QUALITY_STUCK);
		simulation_pass(simulation, span_seconds(60));
		people_act(simulation, 0, DEED_DELETE, QUALITY_GOOD);
		end(simulation, rows[i].what, OUTCOME_NONE);
	}
}

/* One answer that is no measurement holds a run; it does not end it. */
static void one_unmeasured_check_ends_no_run(void **state)
{
	(void)state;
	for (int kind = FAULT_METRICS_DOWN; kind <= FAULT_METRICS_GARBAGE; kind++) {
		struct simulation *simulation = in_phase(&nginx, FAULT_PHASE_PROGRESSING, 7);

		simulation->faults.rates[kind] = 1;
		simulation_pass(simulation, span_seconds(11));
		assert_int_not_equal(simulation->faults.n_disturbances, 0);
		simulation->faults.rates[kind] = 0;
		end(simulation, fault_name((enum fault)kind), OUTCOME_PROMOTED);
	}
}

/* Metrics that stay away end it at the deadline, and a good version is then excused. */
static void metrics_that_stay_away_end_a_run(void **state)
{
	struct simulation *simulation = in_phase(&nginx, FAULT_PHASE_PROGRESSING, 7);

	(void)state;
	simulation->faults.rates[FAULT_METRICS_EMPTY] = 1;
	simulation_pass(simulation, span_seconds(300));
	end(simulation, "metrics away", OUTCOME_ROLLED_BACK);
}

/* What somebody writes into a world that came to its end, and what the oracle then says. */
static const struct tampering {
	enum http_method method;
	const char *url;
	const char *body;
	const char *says;
	bool is_deleted; /* the Canary was */
} tamperings[] = {
	/* another template than the promoted one */
	{HTTP_PATCH, "/apis/apps/v1/namespaces/mall/deployments/cart-primary",
         "{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"web:1-good\"}]}}}}",
         "its primary runs what was not promoted", false},
	{HTTP_DELETE, "/apis/apps/v1/namespaces/mall/deployments/cart-primary", NULL,
         "it has no primary", false},
	/* traffic */
	{HTTP_PATCH, "/apis/networking.k8s.io/v1/namespaces/mall/ingresses/cart-front-canary",
         "{\"metadata\":{\"annotations\":{\"nginx.ingress.kubernetes.io/canary-weight\":\"5\"}}}",
         "its route has a weight", false},
	{HTTP_DELETE, "/apis/networking.k8s.io/v1/namespaces/mall/ingresses/cart-front-canary",
         NULL, "its route is missing", false},
	{HTTP_PATCH, "/api/v1/namespaces/mall/services/cart-web",
         "{\"spec\":{\"selector\":{\"app\":\"cart\"}}}", "its apex does not select the primary",
         false},
	{HTTP_PATCH, "/api/v1/namespaces/mall/services/cart-web-canary",
         "{\"spec\":{\"selector\":{\"app\":\"cart-primary\"}}}",
         "a Service of it selects other pods", false},
	/* pods */
	{HTTP_PATCH, "/apis/apps/v1/namespaces/mall/deployments/cart",
         "{\"spec\":{\"replicas\":2}}", "its target has pods", false},
	{HTTP_PATCH, "/apis/apps/v1/namespaces/mall/deployments/cart-primary",
         "{\"spec\":{\"replicas\":7}}", "its primary is not ready", false},
	/* the mirror */
	{HTTP_PATCH, "/apis/flagger.app/v1beta1/namespaces/mall/canaries/cart/status",
         "{\"status\":{\"phase\":\"Failed\"}}", "its phase is another", false},
	{HTTP_PATCH, "/apis/flagger.app/v1beta1/namespaces/mall/canaries/cart/status",
         "{\"status\":{\"canaryWeight\":5}}", "its status speaks of a weight", false},
	/* what a deletion leaves */
	{HTTP_POST, "/apis/apps/v1/namespaces/mall/deployments",
         "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"cart-primary\"},"
         "\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"x\"}},\"template\":{\"metadata\":{"
         "\"labels\":{\"app\":\"x\"}},\"spec\":{\"containers\":[{\"name\":\"w\",\"image\":\"w\"}]}}}}",
         "it was deleted, and its primary is left", true},
	{HTTP_POST, "/api/v1/namespaces/mall/services",
         "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"cart-web-canary\"},"
         "\"spec\":{\"ports\":[{\"port\":80}]}}",
         "it was deleted, and a Service is left", true},
	{HTTP_PATCH, "/api/v1/namespaces/mall/services/cart-web",
         "{\"spec\":{\"selector\":{\"app\":\"cart-primary\"}}}",
         "it was deleted, and its apex does not select the target", true},
	{HTTP_PATCH, "/apis/apps/v1/namespaces/mall/deployments/cart",
         "{\"spec\":{\"replicas\":9}}", "it was deleted, and its target is not ready", true},
};

static void the_oracle_bites(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(tamperings); i++) {
		const struct tampering *row = &tamperings[i];
		struct simulation *simulation = in_phase(&nginx, FAULT_PHASE_REST, 3);
		struct simulation_result result;

		if (row->is_deleted)
			people_act(simulation, 0, DEED_DELETE, QUALITY_GOOD);
		simulation_settle(simulation);
		assert_string_equal(simulation->witness.violation, "");
		assert_string_equal(oracle_trouble(simulation, 0), "");
		assert_true(simulation_write(simulation, "test", row->method, row->url, row->body));
		assert_string_equal(oracle_trouble(simulation, 0), row->says);
		simulation_end(simulation, &result);
	}
}

/* What the truth alone says of a world: the same world, another truth. */
static void the_oracle_knows_good_from_bad(void **state)
{
	struct simulation *simulation = in_phase(&nginx, FAULT_PHASE_REST, 3);
	struct truth_canary *canary = &simulation->truth.canaries[0];
	struct simulation_result result;

	(void)state;
	simulation_settle(simulation);
	/* a good version came, and nobody promotes it */
	assert_true(truth_push(canary, QUALITY_GOOD));
	assert_string_equal(oracle_trouble(simulation, 0), "a good version is not promoted");
	/* it might have been rolled back, but no run says so */
	truth_may_fail(&canary->versions[canary->live], "test");
	assert_string_equal(oracle_trouble(simulation, 0),
	                    "the live version was neither promoted nor refused");
	simulation_end(simulation, &result);
}

/* A run refuses a version with what its config held then: what people write after that is to be
 * tried with it, and so is what they go back to. */
static void the_oracle_knows_old_configs(void **state)
{
	struct truth_canary cast = nginx;
	struct simulation *simulation;
	struct truth_canary *canary;

	(void)state;
	cast.has_config = true;
	simulation = begin(&cast, 1);
	canary = &simulation->truth.canaries[0];
	people_act(simulation, 0, DEED_PUSH, QUALITY_SLOW);
	assert_true(simulation_reach(simulation, 0, FAULT_PHASE_RETREATING, span_seconds(600)));
	simulation_pass(simulation, span_seconds(60));
	assert_string_equal(oracle_trouble(simulation, 0), "");
	people_act(simulation, 0, DEED_CONFIGURE, QUALITY_GOOD);
	assert_string_equal(oracle_trouble(simulation, 0),
	                    "the live version was neither promoted nor refused");
	truth_revert(canary, canary->promoted);
	assert_true(simulation_write(
		simulation, "people", HTTP_PATCH, "/apis/apps/v1/namespaces/mall/deployments/cart",
		"{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":"
		"\"web:1-good\"}]}}}}"));
	assert_string_equal(oracle_trouble(simulation, 0),
	                    "its primary has another config than people wrote");
	end(simulation, "an old config", OUTCOME_PROMOTED);
}

/* How a run may end, by its version and what happened. */
static void the_oracle_judges_runs(void **state)
{
	static const struct {
		enum quality quality;
		bool may_fail;
		bool may_pass;
		enum release_outcome outcome;
		bool is_init;
		const char *says;
	} rows[] = {
		{QUALITY_GOOD, false, false, OUTCOME_PROMOTED, false, ""},
		{QUALITY_GOOD, false, false, OUTCOME_ROLLED_BACK, false,
	         "a good version was rolled back"},
		{QUALITY_GOOD, true, false, OUTCOME_ROLLED_BACK, false, ""},
		{QUALITY_GOOD, false, false, OUTCOME_FAILED_PROMOTION, false,
	         "a version was not promoted that could be"},
		{QUALITY_SLOW, false, false, OUTCOME_PROMOTED, false, "a bad version was promoted"},
		{QUALITY_SLOW, false, false, OUTCOME_PROMOTED, true, ""}, /* the first of all */
		{QUALITY_SLOW, false, true, OUTCOME_SKIPPED, false, ""},
		{QUALITY_FAILING, true, false, OUTCOME_PROMOTED, false,
	         "a bad version was promoted"},
		{QUALITY_WEAK, false, false, OUTCOME_FAILED_PROMOTION, false, ""},
		{QUALITY_STUCK, false, false, OUTCOME_ROLLED_BACK, false, ""},
		{QUALITY_GOOD, false, false, OUTCOME_SUPERSEDED, false, ""},
	};

	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct truth truth;
		struct truth_canary *canary = &truth.canaries[0];

		truth_alone(&truth, &nginx);
		assert_true(truth_push(canary, rows[i].quality));
		canary->versions[1].may_fail = rows[i].may_fail;
		canary->versions[1].may_pass = rows[i].may_pass;
		assert_string_equal(oracle_judge(canary, truth_live(canary), rows[i].outcome,
		                                 rows[i].is_init),
		                    rows[i].says);
	}
}

/* A few failing answers excuse nothing; as many as the threshold do. */
static void excuses_are_narrow(void **state)
{
	struct truth truth;
	struct truth_canary *canary = &truth.canaries[0];
	struct truth_version *version = &canary->versions[0];

	(void)state;
	truth_alone(&truth, &nginx);
	truth_failed(canary, version);
	assert_false(version->may_fail);
	truth_failed(canary, version);
	assert_true(version->may_fail);
	truth_alone(&truth, &nginx);
	truth_failed(canary, version);
	truth_edited(canary, 3, 120, (struct instant){1000000});
	assert_false(version->may_fail);
	truth_edited(canary, 1, 120, (struct instant){1000000});
	assert_true(version->may_fail);
	truth_alone(&truth, &nginx);
	truth_edited(canary, 0, 120, (struct instant){1000000});
	assert_false(version->may_fail);
	truth_alone(&truth, &nginx);
	truth_unmeasured(version, (struct instant){1000000});
	truth_measured(version);
	truth_unmeasured(version, (struct instant){1060000});
	truth_unmeasured(version, (struct instant){1100000});
	truth_ended(canary, version, (struct instant){1179000});
	assert_false(version->may_fail);
	truth_unmeasured(version, (struct instant){1060000});
	truth_ended(canary, version, (struct instant){1180000});
	assert_true(version->may_fail);
	truth_alone(&truth, &nginx);
	truth_unmeasured(version, (struct instant){1000000});
	truth_edited(canary, 2, 300, (struct instant){1119999});
	assert_false(version->may_fail);
	truth_edited(canary, 2, 300, (struct instant){1120000});
	assert_true(version->may_fail);
	truth_alone(&truth, &nginx);
	truth_edited(canary, 2, 300, (struct instant){1000000});
	truth_edited(canary, 2, 600, (struct instant){1109999});
	assert_int_equal(canary->deadline_least, 120);
	truth_edited(canary, 2, 700, (struct instant){1219999});
	assert_int_equal(canary->deadline_least, 600);
	truth_alone(&truth, &nginx);
	for (int i = 0; i < 3; i++)
		truth_meddled(canary, (struct instant){1000000});
	assert_false(instant_is_set(canary->borne_until));
	truth_meddled(canary, (struct instant){1059999});
	assert_int_equal(canary->borne_until.ms, 1060999);
	truth_meddled(canary, (struct instant){1060000});
	assert_int_equal(canary->borne_until.ms, 1062000);
	for (int i = 0; i < 9; i++)
		truth_meddled(canary, (struct instant){1061000});
	assert_int_equal(canary->borne_until.ms, 1091000);
	truth_meddled(canary, (struct instant){1121000});
	assert_int_equal(canary->borne_until.ms, 1091000);
	truth_alone(&truth, &nginx);
	truth_broken(canary, version, (struct instant){1000000}, (struct instant){1040000});
	assert_false(version->may_fail);
	truth_broken(canary, version, (struct instant){1030000}, (struct instant){1070000});
	assert_true(version->may_fail);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_quality_ends_as_it_must),
		cmocka_unit_test(each_deed_in_each_phase_ends_well),
		cmocka_unit_test(a_canary_comes_again),
		cmocka_unit_test(each_edit_in_each_phase_ends_well),
		cmocka_unit_test(a_removal_overtakes_a_reply),
		cmocka_unit_test(nobody_can_serve),
		cmocka_unit_test(one_unmeasured_check_ends_no_run),
		cmocka_unit_test(metrics_that_stay_away_end_a_run),
		cmocka_unit_test(the_oracle_bites),
		cmocka_unit_test(the_oracle_knows_good_from_bad),
		cmocka_unit_test(the_oracle_knows_old_configs),
		cmocka_unit_test(the_oracle_judges_runs),
		cmocka_unit_test(excuses_are_narrow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Another hand on the traffic object of a whole agent, provider by provider (traffic-providers.md
 * 9, defects 1 and 2). */
#include "agent/metrics.h"
#include "analysis/base/text.h"
#include "tests/simulation/flow.h"
#include "tests/simulation/hung_history.h"
#include "tests/simulation/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A provider, its object, and how another hand gives the canary WEIGHT there. */
struct row {
	const char *provider;
	const char *service; /* more of spec.service */
	const char *plural;
	const char *name;
	const char *url;
	const char *path; /* to the weight, as JSON pointer */
	bool is_text;     /* an annotation */
};

static const struct row rows[] = {
	{"nginx", "", "ingresses", "front-canary",
         "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/front-canary",
         "/metadata/annotations/nginx.ingress.kubernetes.io~1canary-weight", true},
	{"istio", "", "virtualservices", "cart",
         "/apis/networking.istio.io/v1beta1/namespaces/shop/virtualservices/cart",
         "/spec/http/0/route/1/weight", false},
};

static void set(struct stage *stage, const struct row *row, int weight)
{
	char url[256];
	char body[256];

	text_format(url, sizeof(url), "%s?fieldManager=helm", row->url);
	text_format(body, sizeof(body),
	            row->is_text ? "[{\"op\":\"replace\",\"path\":\"%s\",\"value\":\"%d\"}]"
	                         : "[{\"op\":\"replace\",\"path\":\"%s\",\"value\":%d}]",
	            row->path, weight);
	stage_write(stage, HTTP_PATCH, url, body);
}

/* The canary's weight, as it stands in the object. */
static int weight_of(struct stage *stage, const struct row *row)
{
	const json_t *object = stage_find(stage, row->plural, row->name);
	const json_t *rule;

	if (!object)
		return -1;
	if (row->is_text)
		return (int)strtol(
			json_string_value(json_object_get(
				json_object_get(json_object_get(object, "metadata"), "annotations"),
				"nginx.ingress.kubernetes.io/canary-weight")),
			NULL, 10);
	rule = json_array_get(json_object_get(json_object_get(object, "spec"), "http"), 0);
	rule = json_array_get(json_object_get(rule, "route"), 1);
	return (int)json_integer_value(json_object_get(rule, "weight"));
}

static int counted(struct stage *stage)
{
	double edits = metrics_value(stage_measured(stage), METRIC_SERIN_FOREIGN_EDITS_TOTAL,
	                             METRIC_LABELS("cart", "shop"));

	return (int)edits;
}

/* A run at its first weight, 20. */
static struct stage *begin(const struct row *row)
{
	struct stage *stage = stage_new(1);

	flow_start(stage);
	flow_initialise(stage, row->provider, "\"stepWeight\":20,\"maxWeight\":40");
	stage_push(stage, "v2");
	for (int i = 0; i < 60 && weight_of(stage, row) != 20; i++)
		stage_run(stage, 1);
	assert_int_equal(weight_of(stage, row), 20);
	return stage;
}

/* Before and after, and who, in the record of the round that put it right. */
static void check_record(struct stage *stage, bool is_raised)
{
	const char *text = hung_history_edited(stage_history(stage, 0));
	json_t *facts = text ? json_loads(text, 0, NULL) : NULL;
	const json_t *edited = json_object_get(facts, "edited");
	const json_t *before = json_object_get(edited, "before");
	const json_t *after = json_object_get(edited, "after");
	json_int_t weight = json_integer_value(json_object_get(after, "weight"));

	assert_non_null(edited);
	assert_string_equal(json_string_value(json_object_get(edited, "by")), "helm");
	assert_int_equal(json_integer_value(json_object_get(before, "weight")), 20);
	assert_true(is_raised ? weight > 20 : weight < 20);
	assert_non_null(json_object_get(before, "object"));
	assert_non_null(json_object_get(after, "object"));
	json_decref(facts);
}

static void test_raised_and_lowered(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stage *stage = begin(&rows[i]);

		set(stage, &rows[i], 90);
		stage_run_ms(stage, 500);
		assert_int_equal(weight_of(stage, &rows[i]), 20);
		assert_int_equal(counted(stage), 1);
		check_record(stage, true);
		set(stage, &rows[i], 5);
		stage_run_ms(stage, 500);
		assert_int_equal(weight_of(stage, &rows[i]), 5);
		assert_int_equal(counted(stage), 2);
		stage_run(stage, 20);
		assert_true(weight_of(stage, &rows[i]) >= 20); /* a check passed */
		check_record(stage, false);
		assert_true(stage_run_to(stage, "Succeeded", 300));
		assert_int_equal(counted(stage), 2);
		stage_free(stage);
	}
}

static size_t n_patches(struct stage *stage, const struct row *row)
{
	size_t n = 0;

	for (size_t i = 0; i < apiserver_count(stage_server(stage)); i++) {
		const struct apiserver_entry *entry = apiserver_entry_find(stage_server(stage), i);

		n += entry->method == HTTP_PATCH && strstr(entry->url, row->url) &&
		     strcmp(entry->manager, "serin") == 0;
	}
	return n;
}

/* Ninety seconds long the weight is raised as soon as it was put right. */
/* Who removes the route is another hand, too; it is made anew with the weight in force. */
static void test_removed(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct stage *stage = begin(&rows[i]);
		const char *text;

		stage_write(stage, HTTP_DELETE, rows[i].url, NULL);
		stage_run(stage, 5);
		assert_int_equal(weight_of(stage, &rows[i]), 20);
		assert_int_equal(counted(stage), 1);
		text = hung_history_edited(stage_history(stage, 0));
		assert_non_null(text);
		assert_non_null(strstr(text, "\"before\":{\"weight\":20"));
		assert_true(stage_run_to(stage, "Succeeded", 300));
		assert_int_equal(counted(stage), 1);
		stage_write(stage, HTTP_DELETE,
		            "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart", NULL);
		for (int k = 0; k < 12000 && stage_find(stage, rows[i].plural, rows[i].name); k++)
			stage_run_ms(stage, 10);
		assert_null(stage_find(stage, rows[i].plural, rows[i].name));
		assert_int_equal(counted(stage), 1); /* that was us */
		stage_free(stage);
	}
}

static void test_fight(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stage *stage = begin(&rows[i]);
		struct instant asked = stage_answered(stage);

		apiserver_log_clear(stage_server(stage));
		for (int j = 0; j < 900; j++) {
			if (weight_of(stage, &rows[i]) != 90)
				set(stage, &rows[i], 90);
			stage_run_ms(stage, 100);
		}
		assert_in_range(n_patches(stage, &rows[i]), 6, 10);
		assert_true(instant_between(asked, stage_answered(stage)).ms >= 80000);
		assert_string_equal(stage_phase(stage), "Progressing");
		assert_true(stage_run_to(stage, "Succeeded", 400)); /* and then it stops */
		stage_free(stage);
	}
}

/* What the next leader writes is nobody else's, for the one before it, too. */
static void test_next_leader(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_length(rows); i++) {
		struct stage *stage = begin(&rows[i]);

		stage_start(stage, 1);
		stage_run(stage, 2);
		sim_loop_pause(stage_loop(stage, 0),
		               instant_after(sim_loop_now(stage_sim(stage)), span_seconds(25)));
		stage_metrics_down(stage, true);
		stage_run(stage, 40);
		assert_int_equal(weight_of(stage, &rows[i]), 20);
		stage_metrics_down(stage, false);
		for (int k = 0; k < 120 && weight_of(stage, &rows[i]) == 20; k++)
			stage_run(stage, 1);
		assert_int_equal(weight_of(stage, &rows[i]), 40);
		stage_run(stage, 2);
		assert_int_equal(counted(stage), 0);
		set(stage, &rows[i], 90);
		stage_run(stage, 2);
		assert_int_equal(weight_of(stage, &rows[i]), 40);
		assert_int_equal(counted(stage), 2); /* both agents saw it */
		stage_free(stage);
	}
}

/* Another hand takes what makes it a canary's Ingress off, whose weight says nothing then: once it
 * is put right the weight has to hold again before a check is asked. */
static void test_what_is_put_right_holds_again(void **state)
{
	const struct row *row = &rows[0];
	struct stage *stage = begin(row);
	struct instant edited;

	(void)state;
	stage_run(stage, 8);
	edited = sim_loop_now(stage_sim(stage));
	stage_write(stage, HTTP_PATCH, row->url,
	            "[{\"op\":\"remove\",\"path\":"
	            "\"/metadata/annotations/nginx.ingress.kubernetes.io~1canary\"}]");
	stage_run_ms(stage, 4500);
	assert_true(instant_is_before(stage_answered(stage), edited));
	stage_run(stage, 3);
	assert_true(instant_is_before(edited, stage_answered(stage)));
	stage_free(stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raised_and_lowered),
		cmocka_unit_test(test_removed),
		cmocka_unit_test(test_fight),
		cmocka_unit_test(test_next_leader),
		cmocka_unit_test(test_what_is_put_right_holds_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

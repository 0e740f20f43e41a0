/*
 * Splits of routes that no Canary has, the whole agent: who asks is heard, changes are recorded
 * with who made them, and what nobody asks for, or a Canary has, is not.
 */
#include "analysis/base/text.h"
#include "tests/simulation/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SERVICES "/apis/networking.istio.io/v1beta1/namespaces/shop/virtualservices"
#define SPLITS   "/apis/split.smi-spec.io/v1alpha2/namespaces/shop/trafficsplits"
#define ASKS     "\"annotations\":{\"serin.dev/observe\":\"true\"}"
#define DECLINES "\"annotations\":{\"serin.dev/observe\":\"false\"}"

#define REVIEWS(metadata, v1, v2)                                                             \
 "{\"apiVersion\":\"networking.istio.io/v1beta1\",\"kind\":\"VirtualService\",\"metadata\":{" \
 "\"name\":\"reviews\"," metadata                                                             \
 "},\"spec\":{\"hosts\":[\"reviews\"],\"http\":[{\"route\":["                                 \
 "{\"destination\":{\"host\":\"reviews\",\"subset\":\"v1\"},\"weight\":" v1                   \
 "},"                                                                                         \
 "{\"destination\":{\"host\":\"reviews\",\"subset\":\"v2\"},\"weight\":" v2 "}]}]}}"

#define SPLIT(name, metadata, v1, v2)                                                            \
 "{\"apiVersion\":\"split.smi-spec.io/v1alpha2\",\"kind\":\"TrafficSplit\",\"metadata\":{"       \
 "\"name\":\"" name "\"" metadata                                                                \
 "},\"spec\":{\"service\":\"bookstore.shop\",\"backends\":["                                     \
 "{\"service\":\"bookstore-v1\",\"weight\":" v1 "},{\"service\":\"bookstore-v2\",\"weight\":" v2 \
 "}]}}"

struct ear {
	char *text;
	size_t length;
	FILE *stream;
	size_t heard; /* so far */
};

/* How many lines since the last call hold WORDS. */
static size_t count(struct ear *ear, const char *words)
{
	size_t n = 0;

	fflush(ear->stream);
	for (const char *at = ear->text + ear->heard; (at = strstr(at, words)); at++)
		n++;
	return n;
}

/* Exactly one line of the history since the last call tells of a split, and it holds WORDS. */
static void hears(struct ear *ear, struct stage *stage, const char *words)
{
	stage_run(stage, 5);
	if (count(ear, "\nsplit ") != 1 || count(ear, words) != 1)
		fail_msg("expected \"%s\" alone, got %s", words, ear->text + ear->heard);
	ear->heard = ear->length - 1; /* the line's end begins the next */
}

static void hears_nothing(struct ear *ear, struct stage *stage)
{
	stage_run(stage, 5);
	if (count(ear, "\nsplit ") != 0)
		fail_msg("expected no split, got %s", ear->text + ear->heard);
	ear->heard = ear->length - 1;
}

static struct stage *begin(struct ear *ear)
{
	struct stage *stage = stage_new(1);

	*ear = (struct ear){0};
	ear->stream = open_memstream(&ear->text, &ear->length);
	stage_listen(stage, ear->stream);
	stage_deploy(stage, "v1");
	stage_start(stage, 0);
	hears_nothing(ear, stage);
	return stage;
}

static void end(struct ear *ear, struct stage *stage)
{
	stage_free(stage);
	fclose(ear->stream);
	free(ear->text);
}

/* Rows 36, 37 and 54: somebody else's VirtualService, first at v1 alone, then 90 to 10. */
static void test_annotated(void **state)
{
	struct ear ear;
	struct stage *stage = begin(&ear);

	(void)state;
	stage_write(stage, HTTP_POST, SERVICES "?fieldManager=helm", REVIEWS(ASKS, "100", "0"));
	hears(&ear, stage,
	      "\nsplit VirtualService shop/reviews observed helm {\"rules\":[{\"backends\":["
	      "{\"name\":\"reviews/v1\",\"share\":1.0,\"weight\":\"100\"},"
	      "{\"name\":\"reviews/v2\",\"share\":0.0,\"weight\":\"0\"}],\"name\":\"\"}]}\n");
	stage_write(stage, HTTP_PATCH, SERVICES "/reviews?fieldManager=kubectl-edit",
	            REVIEWS(ASKS, "90", "10"));
	hears(&ear, stage,
	      "observed kubectl-edit {\"rules\":[{\"backends\":["
	      "{\"name\":\"reviews/v1\",\"share\":0.9,\"weight\":\"90\"},"
	      "{\"name\":\"reviews/v2\",\"share\":0.1,\"weight\":\"10\"}],\"name\":\"\"}]}\n");
	/* what divides nothing anew is no news */
	stage_write(stage, HTTP_PATCH, SERVICES "/reviews?fieldManager=kubectl-edit",
	            "{\"metadata\":{\"labels\":{\"team\":\"a\"}}}");
	hears_nothing(&ear, stage);
	/* another agent takes over: it cannot know what was recorded, its store can */
	stage_start(stage, 1);
	stage_run(stage, 5);
	hears_nothing(&ear, stage);
	stage_kill(stage, 0);
	stage_run(stage, 60);
	hears(&ear, stage, "observed kubectl-edit {");
	stage_write(stage, HTTP_DELETE, SERVICES "/reviews", NULL);
	hears(&ear, stage, "\nsplit VirtualService shop/reviews removed  {}\n");
	end(&ear, stage);
}

/* The next line of the history that tells of a list of VirtualServices says so. */
static void lists(struct ear *ear, struct stage *stage, const char *words)
{
	stage_run(stage, 60);
	if (count(ear, "\nlisted VirtualService ") != 1 || count(ear, words) != 1)
		fail_msg("expected \"%s\", got %s", words, ear->text + ear->heard);
	ear->heard = ear->length - 1;
}

/* What goes while no agent runs is told by the next one's first list. */
static void test_listed(void **state)
{
	struct ear ear;
	struct stage *stage = begin(&ear);
	char words[128];

	(void)state;
	stage_write(stage, HTTP_POST, SERVICES "?fieldManager=helm", REVIEWS(ASKS, "100", "0"));
	hears(&ear, stage, "observed helm {");
	text_format(words, sizeof(words), "\nlisted VirtualService {\"%s\":1}\n",
	            json_string_value(json_object_get(
			    json_object_get(stage_find(stage, "virtualservices", "reviews"),
	                                    "metadata"),
			    "uid")));
	stage_kill(stage, 0);
	stage_start(stage, 1);
	lists(&ear, stage, words);
	/* nobody asks any more */
	stage_kill(stage, 1);
	strstr(words, ":1}")[1] = '0';
	stage_write(stage, HTTP_PATCH, SERVICES "/reviews",
	            "{\"metadata\":{\"annotations\":null}}");
	stage_start(stage, 0);
	lists(&ear, stage, words);
	stage_kill(stage, 0);
	stage_write(stage, HTTP_DELETE, SERVICES "/reviews", NULL);
	stage_start(stage, 1);
	lists(&ear, stage, "\nlisted VirtualService {}\n");
	end(&ear, stage);
}

/* Row 53: the namespace asks, for all but those that say no. */
static void test_namespace(void **state)
{
	struct ear ear;
	struct stage *stage = begin(&ear);

	(void)state;
	stage_write(stage, HTTP_POST, SPLITS "?fieldManager=helm", SPLIT("books", "", "100", "0"));
	stage_write(stage, HTTP_POST, SPLITS, SPLIT("shy", "," DECLINES, "50", "50"));
	hears_nothing(&ear, stage);
	stage_write(
		stage, HTTP_POST, "/api/v1/namespaces",
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\"," ASKS
		"}}");
	hears(&ear, stage, "split TrafficSplit shop/books observed helm {");
	stage_write(stage, HTTP_PATCH, SPLITS "/books?fieldManager=flux",
	            SPLIT("books", "", "90", "10"));
	hears(&ear, stage,
	      "{\"name\":\"bookstore-v2\",\"share\":0.1,\"weight\":\"10\"}],\"name\":"
	      "\"bookstore.shop\"}");
	stage_write(stage, HTTP_PATCH, "/api/v1/namespaces/shop",
	            "{\"metadata\":{\"annotations\":null}}");
	hears(&ear, stage, "split TrafficSplit shop/books left  {}");
	end(&ear, stage);
}

/* What a Canary has is told by its rounds. */
static void test_canary(void **state)
{
	struct ear ear;
	struct stage *stage = begin(&ear);

	(void)state;
	stage_write(
		stage, HTTP_POST, "/api/v1/namespaces",
		"{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"shop\"," ASKS
		"}}");
	stage_canary(stage, "nginx", "\"stepWeight\":20,\"maxWeight\":40");
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_push(stage, "v2");
	assert_true(stage_run_to(stage, "Succeeded", 300));
	hears_nothing(&ear, stage);
	end(&ear, stage);
}

/* An Ingress that somebody else's tool made a canary. */
static void test_ingress(void **state)
{
	struct ear ear;
	struct stage *stage = begin(&ear);

	(void)state;
	stage_write(
		stage, HTTP_POST,
		"/apis/networking.k8s.io/v1/namespaces/shop/ingresses?fieldManager=jane",
		"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"Ingress\",\"metadata\":{\"name\":"
		"\"by-hand\",\"annotations\":{\"serin.dev/observe\":\"true\","
		"\"nginx.ingress.kubernetes.io/canary\":\"true\","
		"\"nginx.ingress.kubernetes.io/canary-weight\":\"5\"}},\"spec\":{\"rules\":[{\"host\":"
		"\"shop.example\",\"http\":{\"paths\":[{\"path\":\"/\",\"pathType\":\"Prefix\","
		"\"backend\":{\"service\":{\"name\":\"web-2\",\"port\":{\"number\":80}}}}]}}]}}");
	hears(&ear, stage,
	      "split Ingress shop/by-hand observed jane {\"rules\":[{\"backends\":["
	      "{\"name\":\"web-2\",\"share\":0.05,\"weight\":\"5\"},"
	      "{\"name\":\"\",\"share\":0.95,\"weight\":\"\"}],\"name\":\"shop.example/\"}]}");
	stage_write(
		stage, HTTP_PATCH, "/apis/networking.k8s.io/v1/namespaces/shop/ingresses/by-hand",
		"{\"metadata\":{\"annotations\":{\"nginx.ingress.kubernetes.io/canary\":null}}}");
	hears(&ear, stage, "split Ingress shop/by-hand removed  {}");
	end(&ear, stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_annotated), cmocka_unit_test(test_listed),
		cmocka_unit_test(test_namespace), cmocka_unit_test(test_canary),
		cmocka_unit_test(test_ingress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "providers/lint.h"

#include "analysis/base/text.h"
#include "providers/kube/alert_provider.h"
#include "providers/kube/canary.h"
#include "providers/kube/metric_template.h"
#include "providers/kube/schema.h"
#include "providers/kube/tree.h"
#include "providers/lint_match.h"
#include "providers/template.h"
#include "providers/traffic.h"
#include "providers/wire/document.h"
#include "providers/wire/field.h"
#include "providers/wire/place.h"
#include "providers/wire/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND_PREFIX "flagger.app/"
#define API_VERSION "flagger.app/v1beta1"

/* The object now checked. */
struct review {
	const struct lint_options *options;
	struct lint_report *report;
	const struct place_table *places;
	const char *prefix; /* where it is in its document: "items[3]", "" for the whole */
	const char *name;   /* "Canary shop/cart" */
	struct err refusal; /* the reader's; kind ERR_NONE: none */
};

static struct lint_finding *add(struct lint_report *report, bool is_warning)
{
	if (is_warning)
		report->n_warnings++;
	else
		report->n_errors++;
	if (report->n_findings == LINT_FINDINGS_MAX)
		return NULL;
	report->findings[report->n_findings] = (struct lint_finding){
		.is_warning = is_warning,
		.object = "",
		.path = "",
		.sentence = "",
	};
	return &report->findings[report->n_findings++];
}

/* A sentence that begins with its path, about the key at that path or its value. */
static void report(struct review *review, bool is_warning, bool is_key, const char *sentence)
{
	struct arena *arena = &review->report->arena;
	struct lint_finding *finding = add(review->report, is_warning);
	const char *colon = strstr(sentence, ": ");
	struct place_pair pair;
	struct place place;
	size_t known = 0;
	size_t length = colon ? (size_t)(colon - sentence) : 0;

	if (!finding)
		return;
	pair = place_table_find(review->places, review->prefix, sentence, &known);
	/* What is there is shown; what is missing is told at what should have it. */
	place = is_key || known < length || pair.key.line != pair.value.line ? pair.key
	                                                                     : pair.value;
	finding->line = place.line;
	finding->column = place.column;
	finding->object = review->name;
	finding->path = arena_copy(arena, sentence, length);
	finding->sentence = arena_text(arena, sentence);
}

/* The sentence is about what the reader refused already, or about something in it. */
static bool is_refused(const struct review *review, const char *sentence)
{
	size_t length = strcspn(review->refusal.text, ":");

	return review->refusal.kind != ERR_NONE &&
	       strncmp(review->refusal.text, sentence, length) == 0 &&
	       strchr(":.[", sentence[length]);
}

static void on_schema(void *user, const struct err *found, bool is_unknown)
{
	struct review *review = user;

	if (!is_refused(review, found->text))
		report(review, false, is_unknown, found->text);
}

static void on_match(void *user, const char *sentence, bool is_warning)
{
	struct review *review = user;

	if (is_warning || !is_refused(review, sentence))
		report(review, is_warning, false, sentence);
}

/* Readers -------------------------------------------------------------------------------------- */

/* As the agent reads a Canary: agent/canary.c. */
static void check_canary(struct review *review, const json_t *object)
{
	struct arena *arena = &review->report->arena;
	struct kube_canary *canary = arena_alloc(arena, sizeof(*canary));

	if (!kube_canary_read(object, &review->options->agent, arena, canary, &review->refusal) ||
	    !traffic_find(canary->spec.provider, &review->refusal))
		report(review, false, false, review->refusal.text);
	for (size_t i = 0; i < canary->n_warnings; i++)
		report(review, true, false, canary->warnings[i]);
	lint_match_check(object, on_match, review);
}

static void check_template(struct review *review, const json_t *object)
{
	struct arena *arena = &review->report->arena;
	struct kube_metric_template *read = arena_alloc(arena, sizeof(*read));
	struct err *err = &review->refusal;

	if (!kube_metric_template_read(object, arena, read, err) ||
	    (!template_check(read->query, err) && !err_wrap(err, "spec.query")))
		report(review, false, false, err->text);
}

static void check_alert_provider(struct review *review, const json_t *object)
{
	struct arena *arena = &review->report->arena;
	struct kube_alert_provider read;

	if (!kube_alert_provider_read(object, arena, &read, &review->refusal))
		report(review, false, false, review->refusal.text);
}

static const struct {
	const char *kind;
	void (*check)(struct review *review, const json_t *object);
} readers[] = {
	{"Canary", check_canary},
	{"MetricTemplate", check_template},
	{"AlertProvider", check_alert_provider},
};

/* The name of the object, for people; a namespace is put in where there is none. */
static const char *name_object(const struct lint_options *options, json_t *object,
                               struct arena *arena)
{
	json_t *metadata = json_object_get(object, "metadata");
	char shown[3][FIELD_SHOWN_SIZE];

	if (json_is_object(metadata) && !json_object_get(metadata, "namespace"))
		json_object_set_new(metadata, "namespace", json_string(options->k8s_namespace));
	return arena_format(arena, "%s %s/%s",
	                    field_show(kube_tree_value(object, "kind"), shown[0]),
	                    field_show(kube_tree_value(metadata, "namespace"), shown[1]),
	                    field_show(kube_tree_value(metadata, "name"), shown[2]));
}

static bool is_known(const char *kind)
{
	size_t i = 0;

	while (i < array_length(readers) && strcmp(readers[i].kind, kind) != 0)
		i++;
	return i < array_length(readers);
}

static void expect(struct review *review, const json_t *object, const char *key,
                   const char *expected)
{
	struct field root = field_root(object, "");
	struct field member = field_member(&root, key);
	struct err err = {0};

	(void)field_expect(&member, expected, &err);
	report(review, false, false, err.text);
}

static void check_object(struct review *review, json_t *object)
{
	const char *kind = kube_tree_value(object, "kind");
	json_t *schema;

	if (strncmp(kube_tree_value(object, "apiVersion"), KIND_PREFIX, strlen(KIND_PREFIX)) != 0)
		return;
	review->refusal.kind = ERR_NONE;
	review->name = "";
	if (strcmp(kube_tree_value(object, "apiVersion"), API_VERSION) != 0)
		expect(review, object, "apiVersion", API_VERSION);
	if (!is_known(kind))
		expect(review, object, "kind", "Canary, MetricTemplate or AlertProvider");
	for (size_t i = 0; i < array_length(readers); i++) {
		if (strcmp(readers[i].kind, kind) != 0)
			continue;
		review->report->n_checked++;
		review->name = name_object(review->options, object, &review->report->arena);
		readers[i].check(review, object);
		schema = kube_schema_new(kind);
		kube_schema_check(schema, object, on_schema, review);
		json_decref(schema);
	}
}

/* Documents ------------------------------------------------------------------------------------ */

static bool is_list(const json_t *document)
{
	const char *kind = kube_tree_value(document, "kind");
	size_t length = strlen(kind);

	return length >= 4 && strcmp(kind + length - 4, "List") == 0 &&
	       json_is_array(json_object_get(document, "items"));
}

static void check_document(struct review *review, json_t *document)
{
	json_t *items = json_object_get(document, "items");
	char prefix[32];

	if (!is_list(document)) {
		review->prefix = "";
		check_object(review, document);
		return;
	}
	for (size_t i = 0; i < json_array_size(items); i++) {
		text_format(prefix, sizeof(prefix), "items[%zu]", i);
		review->prefix = prefix;
		check_object(review, json_array_get(items, i));
	}
}

/* The text cannot be read any further. */
static void report_unreadable(struct lint_report *ret, const struct err *err)
{
	struct lint_finding *finding = add(ret, false);
	const char *text = err->text;
	int behind = 0;

	if (!finding)
		return;
	if (sscanf(text, "line %zu, column %zu: %n", &finding->line, &finding->column, &behind) ==
	            2 &&
	    behind > 0)
		text += behind;
	finding->sentence = arena_text(&ret->arena, text);
}

static int compare(const void *a, const void *b)
{
	const struct lint_finding *left = a;
	const struct lint_finding *right = b;

	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	if (left->column != right->column)
		return left->column < right->column ? -1 : 1;
	return strcmp(left->sentence, right->sentence);
}

void lint_read(const struct lint_options *options, const char *bytes, size_t length,
               struct lint_report *ret)
{
	CLEANUP(document_stream_freep)
	struct document_stream *stream = document_stream_new(bytes, length);
	struct review review = {.options = options, .report = ret};
	struct err err = {0};

	document_stream_note_places(stream);
	for (;;) {
		CLEANUP(tree_freep) json_t *document = NULL;

		if (ret->n_documents == LINT_DOCUMENTS_MAX)
			(void)err_set(&err, ERR_LIMIT, "expected at most %d documents",
			              LINT_DOCUMENTS_MAX);
		if (err.kind != ERR_NONE || !document_stream_next(stream, &document, &err)) {
			report_unreadable(ret, &err);
			break;
		}
		if (!document)
			break;
		ret->n_documents++;
		review.places = document_stream_places(stream);
		check_document(&review, document);
	}
	qsort(ret->findings, ret->n_findings, sizeof(ret->findings[0]), compare);
}

void lint_fini(struct lint_report *report)
{
	arena_fini(&report->arena);
	report->n_findings = 0;
}

/*
 * Tables (meta.k8s.io/v1), as kubectl asks for them: the columns of a resource and a row for each
 * object. Those of custom resources are the additionalPrinterColumns in manifests/,
 * which tests/demo/test_apiserver_table.c holds beside them.
 */
#include "agent/demo/apiserver_inside.h"
#include "providers/kube/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_MINUTE 60
#define SECONDS_HOUR   3600
#define SECONDS_DAY    86400

/* How a cell is made. */
enum cell {
	CELL_END,
	CELL_VALUE,  /* what stands at the path */
	CELL_COUNT,  /* the same, 0 when there is nothing */
	CELL_AGE,    /* of the time there */
	CELL_READY,  /* "1/2" pods */
	CELL_ABOUT,  /* "canary/cart": what an Event is about */
	CELL_NUMBER, /* the size of the list there */
};

struct column {
	const char *name;
	const char *type; /* as the CRD says */
	enum cell cell;
	const char *path;
	int priority; /* 1: only with -o wide */
};

#define COLUMNS_MAX 16
#define AGE                                                \
 {                                                         \
  "Age", "date", CELL_AGE, "metadata/creationTimestamp", 0 \
 }

static const struct table {
	const char *plural;
	struct column columns[COLUMNS_MAX];
} tables[] = {
	{"canaries",
         {{"Status", "string", CELL_VALUE, "status/phase", 0},
          {"Weight", "string", CELL_VALUE, "status/canaryWeight", 0},
          {"Suspended", "boolean", CELL_VALUE, "spec/suspend", 1},
          {"FailedChecks", "string", CELL_VALUE, "status/failedChecks", 1},
          {"Interval", "string", CELL_VALUE, "spec/analysis/interval", 1},
          {"Mirror", "boolean", CELL_VALUE, "spec/analysis/mirror", 1},
          {"StepWeight", "string", CELL_VALUE, "spec/analysis/stepWeight", 1},
          {"StepWeights", "string", CELL_VALUE, "spec/analysis/stepWeights", 1},
          {"MaxWeight", "string", CELL_VALUE, "spec/analysis/maxWeight", 1},
          {"LastTransitionTime", "string", CELL_VALUE, "status/lastTransitionTime", 0}}},
	{"releases",
         {{"Canary", "string", CELL_VALUE, "spec/canary/name", 0},
          {"Phase", "string", CELL_VALUE, "status/phase", 0},
          {"Weight", "integer", CELL_VALUE, "status/weight/to", 0},
          {"Failed", "integer", CELL_VALUE, "status/counters/failedChecks", 0},
          {"Outcome", "string", CELL_VALUE, "status/outcome", 0},
          {"Reason", "string", CELL_VALUE, "status/reason", 1},
          AGE}},
	{"metrictemplates", {{"Provider", "string", CELL_VALUE, "spec/provider/type", 0}}},
	{"alertproviders", {{"Type", "string", CELL_VALUE, "spec/type", 0}}},
	{"deployments",
         {{"Ready", "string", CELL_READY, "", 0},
          {"Up-to-date", "string", CELL_COUNT, "status/updatedReplicas", 0},
          {"Available", "string", CELL_COUNT, "status/availableReplicas", 0},
          AGE}},
	{"services",
         {{"Type", "string", CELL_VALUE, "spec/type", 0},
          {"Cluster-IP", "string", CELL_VALUE, "spec/clusterIP", 0},
          AGE}},
	{"ingresses", {{"Class", "string", CELL_VALUE, "spec/ingressClassName", 0}, AGE}},
	{"configmaps", {{"Data", "string", CELL_NUMBER, "data", 0}, AGE}},
	{"events",
         {{"Last Seen", "string", CELL_AGE, "lastTimestamp", 0},
          {"Type", "string", CELL_VALUE, "type", 0},
          {"Reason", "string", CELL_VALUE, "reason", 0},
          {"Object", "string", CELL_ABOUT, "", 0},
          {"Message", "string", CELL_VALUE, "message", 0}}},
	{"", {AGE}}, /* any other */
};

bool apiserver_table_asked(const struct http_request *request)
{
	const char *accept = apiserver_url_header(request, "Accept");

	return accept && strstr(accept, "as=Table");
}

static const struct column *columns_of(const struct apiserver_resource *resource)
{
	const struct table *table = tables;

	while (table->plural[0] && strcmp(table->plural, resource->plural) != 0)
		table++;
	return table->columns;
}

static json_t *definition(const char *name, const char *type, const char *format, int priority)
{
	return json_pack("{ss ss ss ss si}", "name", name, "type", type, "format", format,
	                 "description", "", "priority", priority);
}

static json_t *definitions(const struct apiserver_resource *resource)
{
	json_t *list = json_array();

	json_array_append_new(list, definition("Name", "string", "name", 0));
	for (const struct column *column = columns_of(resource); column->cell != CELL_END; column++)
		json_array_append_new(list,
		                      definition(column->name, column->type, "", column->priority));
	return list;
}

/* "45s", "3m20s", "12m", "5h", "3d", as kubectl counts ages. */
static json_t *age_of(const char *text, struct instant now)
{
	struct instant then;
	int64_t seconds;

	if (!instant_parse(text, &then, NULL))
		return json_string("<unknown>");
	seconds = instant_between(then, now).ms / 1000;
	if (seconds < 0)
		return json_string("<invalid>");
	if (seconds < 2 * SECONDS_MINUTE)
		return json_sprintf("%" PRId64 "s", seconds);
	if (seconds < 10 * SECONDS_MINUTE && seconds % SECONDS_MINUTE)
		return json_sprintf("%" PRId64 "m%" PRId64 "s", seconds / SECONDS_MINUTE,
		                    seconds % SECONDS_MINUTE);
	if (seconds < 3 * SECONDS_HOUR)
		return json_sprintf("%" PRId64 "m", seconds / SECONDS_MINUTE);
	if (seconds < 2 * SECONDS_DAY)
		return json_sprintf("%" PRId64 "h", seconds / SECONDS_HOUR);
	return json_sprintf("%" PRId64 "d", seconds / SECONDS_DAY);
}

/* Lists stand in one cell as the server writes them: as JSON. */
static json_t *value_of(const json_t *value)
{
	char *text;
	json_t *cell;

	if (!json_is_array(value) && !json_is_object(value))
		return value ? json_deep_copy(value) : json_null();
	text = json_dumps(value, JSON_COMPACT);
	cell = json_string(text);
	free(text);
	return cell;
}

static json_t *about(const json_t *event)
{
	const char *kind = kube_tree_text(event, "involvedObject/kind");
	json_t *cell = json_sprintf("%s/%s", kind, kube_tree_text(event, "involvedObject/name"));
	char *lower = json_string_value(cell) ? strdup(json_string_value(cell)) : NULL;

	for (size_t i = 0; lower && i < strlen(kind); i++) {
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] - 'A' + 'a');
	}
	if (lower)
		json_string_set(cell, lower);
	free(lower);
	return cell;
}

static json_t *cell_of(const struct column *column, const json_t *object, struct instant now)
{
	switch (column->cell) {
	case CELL_VALUE:
		return value_of(kube_tree_find(object, column->path));
	case CELL_COUNT:
		return json_integer(kube_tree_whole(object, column->path, 0));
	case CELL_AGE:
		return age_of(kube_tree_text(object, column->path), now);
	case CELL_READY:
		return json_sprintf("%d/%d", kube_tree_whole(object, "status/readyReplicas", 0),
		                    kube_tree_whole(object, "spec/replicas", 1));
	case CELL_ABOUT:
		return about(object);
	case CELL_NUMBER:
		return json_integer(
			(json_int_t)json_object_size(kube_tree_find(object, column->path)));
	case CELL_END:
		break;
	}
	return json_null();
}

static json_t *row_of(const struct apiserver_resource *resource, const json_t *object,
                      struct instant now)
{
	json_t *cells = json_array();

	json_array_append_new(cells, json_string(apiserver_meta_text(object, "name")));
	for (const struct column *column = columns_of(resource); column->cell != CELL_END; column++)
		json_array_append_new(cells, cell_of(column, object, now));
	return json_pack("{so so}", "cells", cells, "object", apiserver_read_partial(object));
}

json_t *apiserver_table_new(const struct apiserver_resource *resource, const json_t *metadata,
                            struct instant now, json_t *const *objects, size_t n_objects)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < n_objects; i++)
		json_array_append_new(rows, row_of(resource, objects[i], now));
	return json_pack("{ss ss sO so so}", "kind", "Table", "apiVersion", "meta.k8s.io/v1",
	                 "metadata", metadata, "columnDefinitions", definitions(resource), "rows",
	                 rows);
}

#include "providers/measure.h"

#include "analysis/base/text.h"
#include "providers/builtin.h"
#include "providers/kube/api.h"
#include "providers/template.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

void measure_init(struct measure *measure, const struct canary_world *world, size_t index,
                  struct instant check)
{
	*measure = (struct measure){
		.world = world,
		.index = index,
		.query = "",
		.sample = {.check = check},
	};
}

void measure_share_init(struct measure *measure, const struct canary_world *world,
                        struct instant check)
{
	measure_init(measure, world, 0, check);
	measure->is_share = true;
}

/* The end: no measurement, for the reason in ERR. */
static enum talk_step give_up(struct measure *measure, const struct err *err)
{
	measure->stage = MEASURE_DONE;
	measure->sample.kind = SAMPLE_ERROR;
	text_copy(measure->sample.text, err->text);
	return TALK_DONE;
}

static const char *template_namespace(const struct measure *measure)
{
	return measure->metric.template_namespace ? measure->metric.template_namespace
	                                          : measure->world->spec->k8s_namespace;
}

/* Put Flagger's "Metric template NAME.NAMESPACE WHAT error" before the reason. */
static enum talk_step give_up_template(struct measure *measure, struct err *err, const char *what)
{
	err_wrap(err, "Metric template %s.%s %serror", measure->metric.template_name,
	         template_namespace(measure), what);
	return give_up(measure, err);
}

/* The server of builtin and inline checks. */
static const char *metrics_server(const struct canary_world *world)
{
	const json_t *spec = json_object_get(world->object, "spec");
	const char *server = json_string_value(json_object_get(spec, "metricsServer"));

	return server && *server ? server : world->options->metrics_server;
}

/* templateVariables as the template engine wants them. */
static const struct template_variable *variables_of(const json_t *object, struct arena *arena)
{
	struct template_variable *variables =
		arena_alloc(arena, sizeof(*variables) * (json_object_size(object) + 1));
	size_t n_variables = 0;
	const char *key;
	json_t *value;

	/* jansson's iteration macro wants a mutable object; nothing is changed */
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		variables[n_variables++] = (struct template_variable){
			.key = key,
			.value = json_string_value(value),
		};
	}
	return variables;
}

static bool render(struct measure *measure, struct arena *arena, const char *text, struct err *err)
{
	const struct canary_world *world = measure->world;
	const struct template_inputs inputs = {
		.name = world->spec->name,
		.k8s_namespace = world->spec->k8s_namespace,
		.target = world->spec->target,
		.service = world->apex,
		.ingress = world->ingress ? world->ingress : world->spec->target,
		.route = world->spec->target,
		.interval = measure->metric.interval,
		.variables = variables_of(measure->metric.variables, arena),
		.n_variables = json_object_size(measure->metric.variables),
	};
	struct buf query = {.max = TEMPLATE_OUTPUT_MAX};
	bool is_rendered = template_render(text, &inputs, &query, err);

	if (is_rendered)
		measure->query = arena_text(arena, buf_text(&query));
	buf_fini(&query);
	return is_rendered;
}

static enum talk_step send_question(struct measure *measure, struct talk *talk)
{
	struct err err = {0};

	if (metric_ask(&measure->question, talk->arena, &talk->request, &err)) {
		measure->stage = MEASURE_SOURCE;
		return TALK_SEND;
	}
	if (measure->metric.origin != METRIC_TEMPLATE)
		return give_up(measure, &err);
	return give_up_template(measure, &err,
	                        arena_format(talk->arena, "provider %s ", measure->template.type));
}

/* Render TEXT and ask the source in measure->question. */
static enum talk_step ask_source(struct measure *measure, struct talk *talk, const char *text)
{
	struct err err = {0};

	if (render(measure, talk->arena, text, &err)) {
		measure->question.query = measure->query;
		return send_question(measure, talk);
	}
	if (measure->metric.origin != METRIC_TEMPLATE)
		return give_up(measure, &err);
	return give_up_template(measure, &err, "query render ");
}

static enum talk_step ask_server(struct measure *measure, struct talk *talk)
{
	const struct canary_spec *spec = measure->world->spec;
	const char *text = measure->metric.query;
	struct err err = {0};

	if (measure->is_share)
		text = builtin_share_query(spec->provider, spec->target_kind);
	else if (measure->metric.origin == METRIC_BUILTIN)
		text = builtin_query(spec->provider, spec->target_kind, measure->metric.kind);
	if (!text) {
		(void)err_set(&err, ERR_INVALID, "no builtin query for provider %s",
		              spec->provider);
		return give_up(measure, &err);
	}
	measure->question.source = "prometheus";
	measure->question.address = metrics_server(measure->world);
	return ask_source(measure, talk, text);
}

/* The share's window in seconds: since the weight holds, at most one step; earlier requests went by
 * another weight. */
static int64_t share_window(const struct measure *measure)
{
	int64_t step = measure->world->spec->interval.ms / 1000;
	int64_t held =
		instant_between(measure->world->weight_since, measure->sample.check).ms / 1000;

	if (!instant_is_set(measure->world->weight_since) || held > step)
		return step;
	return held > 0 ? held : 1;
}

static bool find_metric(struct measure *measure, struct arena *arena)
{
	if (!measure->is_share)
		return kube_canary_metric_find(measure->world->object, measure->index,
		                               &measure->metric);
	measure->metric = (struct kube_metric){
		.origin = METRIC_BUILTIN,
		.kind = CHECK_VALUE,
		.name = "share",
		.interval = arena_format(arena, "%" PRId64 "s", share_window(measure)),
	};
	return true;
}

static enum talk_step begin(struct measure *measure, struct talk *talk)
{
	struct err err = {.text = "the Canary has no such check any more"};
	struct kube_ref ref = {.kind = KUBE_METRIC_TEMPLATE};

	if (!find_metric(measure, talk->arena))
		return give_up(measure, &err);
	if (measure->metric.origin != METRIC_TEMPLATE)
		return ask_server(measure, talk);
	ref.k8s_namespace = template_namespace(measure);
	ref.name = measure->metric.template_name;
	kube_api_get(&talk->request, talk->arena, &ref);
	measure->stage = MEASURE_TEMPLATE;
	return TALK_SEND;
}

/* The object that REPLY brings, owned by the caller; NULL with a reason otherwise. */
static json_t *read_object(const struct kube_ref *ref, const struct http_reply *reply,
                           struct err *err)
{
	struct kube_answer answer;

	kube_api_read(HTTP_GET, ref, reply, &answer);
	if (answer.outcome == ACT_OK)
		return answer.object;
	err_set(err, ERR_STATUS, "%s", answer.outcome == ACT_ABSENT ? "not found" : answer.text);
	return NULL;
}

static enum talk_step read_template(struct measure *measure, struct talk *talk,
                                    const struct http_reply *reply)
{
	const struct kube_metric_template *template = &measure->template;
	struct kube_ref ref = {
		.kind = KUBE_METRIC_TEMPLATE,
		.k8s_namespace = template_namespace(measure),
		.name = measure->metric.template_name,
	};
	struct err err = {0};
	json_t *object = read_object(&ref, reply, &err);
	bool is_read =
		object && kube_metric_template_read(object, talk->arena, &measure->template, &err);

	json_decref(object);
	if (!is_read)
		return give_up_template(measure, &err, "");
	measure->question = (struct metric_question){
		.source = template->type,
		.address = template->address,
		.headers = template->headers,
		.n_headers = template->n_headers,
		.insecure = template->insecure,
	};
	if (!template->secret)
		return ask_source(measure, talk, template->query);
	ref.kind = KUBE_SECRET;
	ref.name = template->secret;
	kube_api_get(&talk->request, talk->arena, &ref);
	measure->stage = MEASURE_SECRET;
	return TALK_SEND;
}

static enum talk_step read_secret(struct measure *measure, struct talk *talk,
                                  const struct http_reply *reply)
{
	const struct kube_ref ref = {
		.kind = KUBE_SECRET,
		.k8s_namespace = template_namespace(measure),
		.name = measure->template.secret,
	};
	struct kube_metric_credentials found = {0};
	struct err err = {0};
	json_t *object = read_object(&ref, reply, &err);
	bool is_read =
		object && kube_metric_template_secret_read(object, talk->arena, &found, &err);

	json_decref(object);
	if (!is_read)
		return give_up_template(measure, &err,
		                        arena_format(talk->arena, "secret %s ", ref.name));
	measure->question.token = found.token;
	measure->question.username = found.username;
	measure->question.password = found.password;
	return ask_source(measure, talk, measure->template.query);
}

static enum talk_step read_sample(struct measure *measure, struct talk *talk,
                                  const struct http_reply *reply)
{
	struct sample_fact sample = {0};
	struct err err = {0};

	if (metric_ask_again(&measure->question, reply))
		return send_question(measure, talk);
	if (!metric_read(&measure->question, reply, &sample, &err))
		return give_up(measure, &err);
	if (sample.kind == SAMPLE_VALUE && measure->metric.kind == CHECK_DURATION)
		sample.value = trunc(sample.value);
	sample.check = measure->sample.check;
	measure->sample = sample;
	measure->stage = MEASURE_DONE;
	return TALK_DONE;
}

enum talk_step measure_next(struct measure *measure, struct talk *talk,
                            const struct http_reply *reply)
{
	assert(measure->stage != MEASURE_DONE);
	assert(!reply == (measure->stage == MEASURE_NONE));
	switch (measure->stage) {
	case MEASURE_NONE:
		return begin(measure, talk);
	case MEASURE_TEMPLATE:
		return read_template(measure, talk, reply);
	case MEASURE_SECRET:
		return read_secret(measure, talk, reply);
	case MEASURE_SOURCE:
		return read_sample(measure, talk, reply);
	case MEASURE_DONE:
		break;
	}
	return TALK_DONE;
}

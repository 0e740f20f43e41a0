/* A Canary, MetricTemplate, AlertProvider or Secret of any content is read or refused; what is
 * accepted can be served. */
#include "providers/kube/alert_provider.h"
#include "providers/kube/canary.h"
#include "providers/kube/canary_alert.h"
#include "providers/kube/canary_metric.h"
#include "providers/kube/metric_template.h"
#include "providers/kube/mirror.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* The promises of canary.h and spec.h to whoever decides. */
static void check_accepted(const json_t *object, const struct provider_options *options,
                           const struct kube_canary *canary)
{
	const struct canary_spec *spec = &canary->spec;
	struct kube_metric metric;
	struct kube_alert alert;
	int previous = 0;

	assert(spec->name && spec->k8s_namespace && spec->target && spec->primary &&
	       spec->provider);
	assert(spec->threshold >= 1 && spec->interval.ms >= 10000);
	assert(spec->progress_deadline.ms >= 1000);
	assert(spec->max_weight >= 1 && spec->max_weight <= SPEC_WEIGHT_FULL);
	assert(spec->step_weight >= 0 && spec->step_weight <= SPEC_WEIGHT_FULL);
	assert(spec->primary_ready_percent >= 1 && spec->primary_ready_percent <= 100);
	assert(spec->canary_ready_percent >= 1 && spec->canary_ready_percent <= 100);
	assert(spec->n_step_weights <= SPEC_STEPS_MAX && spec->n_checks <= SPEC_CHECKS_MAX);
	assert(spec->skip_analysis || spec->step_weight > 0 || spec->n_step_weights > 0 ||
	       spec->iterations > 0);
	for (size_t i = 0; i < spec->n_step_weights; i++) {
		assert(spec->step_weights[i] > previous && spec->step_weights[i] <= 100);
		previous = spec->step_weights[i];
	}
	for (size_t i = 0; i < spec->n_checks; i++) {
		assert(kube_canary_metric_find(object, i, &metric));
		assert(metric.kind == spec->checks[i].kind);
		assert(strcmp(metric.name, spec->checks[i].name) == 0);
	}
	assert(!kube_canary_metric_find(object, spec->n_checks, &metric));
	for (size_t i = 0; i < spec->n_alerts; i++) {
		assert(kube_canary_alert_find(object, options, i, &alert));
		assert(alert.provider && alert.severity == spec->alerts[i].severity);
		assert(spec->alerts[i].receiver != 0);
	}
	assert(!kube_canary_alert_find(object, options, spec->n_alerts, &alert));
	assert(strlen(canary->primary_service) < SERVICE_NAME_MAX && *canary->apex);
}

static void read_all(const json_t *object, struct arena *arena)
{
	static const struct provider_options options = {
		.default_provider = "nginx",
		.metrics_server = "http://prometheus:9090",
	};
	struct kube_canary canary = {0};
	struct kube_metric_template template = {0};
	struct kube_metric_credentials credentials = {0};
	struct kube_alert_provider provider = {0};
	struct mirror mirror = {
		.phase = "Failed", .refusal = "no", .refusal_reason = "InvalidSpec"};
	struct err err = {0};
	json_t *patch;

	if (kube_canary_read(object, &options, arena, &canary, &err))
		check_accepted(object, &options, &canary);
	else
		assert(err.kind != ERR_NONE && *err.text);
	if (kube_metric_template_read(object, arena, &template, &err))
		assert(template.address && template.query);
	if (kube_metric_template_secret_read(object, arena, &credentials, &err))
		assert(credentials.token || (credentials.username && credentials.password));
	if (kube_alert_provider_read(object, arena, &provider, &err))
		assert(provider.secret || *provider.receiver.address);
	if (kube_alert_provider_secret_read(object, arena, &provider, &err))
		assert(*provider.receiver.address);
	patch = kube_mirror_patch(json_object_get(object, "status"), &mirror,
	                          (struct instant){1795236300000});
	assert(patch);
	json_decref(patch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct arena arena = {0};
	json_t *object =
		json_loadb((const char *)bytes, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);

	if (object)
		read_all(object, &arena);
	json_decref(object);
	arena_fini(&arena);
	return 0;
}

#include "tests/providers/canary_rows.h"

#include <string.h>

const char canary_rows_base[] =
	"{'apiVersion': 'flagger.app/v1beta1', 'kind': 'Canary',"
	" 'metadata': {'name': 'cart', 'namespace': 'shop', 'uid': 'u-1', 'generation': 3},"
	" 'spec': {'provider': 'nginx',"
	"  'targetRef': {'apiVersion': 'apps/v1', 'kind': 'Deployment', 'name': 'cart'},"
	"  'ingressRef': {'apiVersion': 'networking.k8s.io/v1', 'kind': 'Ingress', 'name': 'storefront'},"
	"  'service': {'port': 80},"
	"  'analysis': {'interval': '30s', 'threshold': 5, 'stepWeight': 10}}}";

const struct provider_options canary_rows_options = {
	.default_provider = "nginx",
	.metrics_server = "http://prometheus:9090",
};

const char *canary_rows_describe(const struct kube_canary *canary, struct arena *arena)
{
	static const char *const strategies[] = {"none", "canary", "ab", "blue-green"};
	static const char *const kinds[] = {"none", "success", "duration", "value"};
	const struct canary_spec *spec = &canary->spec;
	const char *text = arena_format(
		arena,
		"%s provider=%s target=%s primary=%s apex=%s,%s,%s ingress=%s server=%s step=%d max=%d "
		"iterations=%d threshold=%d interval=%lldms deadline=%lldms ready=%d,%d%s%s%s steps=",
		strategies[spec->strategy], spec->provider, spec->target, spec->primary,
		canary->apex, canary->primary_service, canary->canary_service,
		canary->ingress ? canary->ingress : "-", canary->metrics_server, spec->step_weight,
		spec->max_weight, spec->iterations, spec->threshold, (long long)spec->interval.ms,
		(long long)spec->progress_deadline.ms, spec->primary_ready_percent,
		spec->canary_ready_percent, spec->suspend ? " suspend" : "",
		spec->skip_analysis ? " skip" : "", spec->no_data_fails ? " no-data-fails" : "");

	for (size_t i = 0; i < spec->n_step_weights; i++)
		text = arena_format(arena, "%s%d,", text, spec->step_weights[i]);
	if (spec->affinity.cookie)
		text = arena_format(arena, "%s sticky=%s,%s", text, spec->affinity.cookie,
		                    spec->affinity.primary_cookie ? spec->affinity.primary_cookie
		                                                  : "-");
	if (spec->step_weight_promotion > 0)
		text = arena_format(arena, "%s back=%d", text, spec->step_weight_promotion);
	for (size_t i = 0; i < spec->n_checks; i++) {
		const struct check_spec *check = &spec->checks[i];

		text = arena_format(arena, "%s [%s:%s", text, check->name, kinds[check->kind]);
		if (check->has_min)
			text = arena_format(arena, "%s min %g", text, check->min);
		if (check->has_max)
			text = arena_format(arena, "%s max %g", text, check->max);
		text = arena_format(arena, "%s]", text);
	}
	for (size_t i = 0; i < spec->n_hooks; i++)
		text = arena_format(arena, "%s <%s:%s>", text, spec->hooks[i].name,
		                    hook_type_name(spec->hooks[i].type));
	for (size_t i = 0; i < spec->n_alerts; i++)
		text = arena_format(arena, "%s {%s}", text,
		                    severity_name(spec->alerts[i].severity));
	return arena_format(arena, "%s ", text);
}

void canary_rows_check(const struct canary_row *row)
{
	struct arena arena = {0};
	struct kube_canary canary = {0};
	struct err err = {0};
	json_t *object = merge_text(canary_rows_base, row->patch);
	bool is_valid = kube_canary_read(object, &canary_rows_options, &arena, &canary, &err);
	bool is_met = false;
	const char *got = is_valid ? canary_rows_describe(&canary, &arena) : err.text;

	if (*row->want == '=') {
		is_met = is_valid && strstr(got, row->want + 1);
	} else if (*row->want == '!') {
		got = canary.n_warnings ? canary.warnings[0] : "no warning";
		is_met = is_valid && strcmp(got, row->want + 1) == 0;
	} else {
		is_met = !is_valid && strcmp(got, row->want) == 0;
	}
	if (!is_met)
		fail_msg("%s\n  want: %s\n  got:  %s%s", row->comment, row->want,
		         is_valid ? "=" : "",
		         is_valid && *row->want != '!' ? canary_rows_describe(&canary, &arena)
		                                       : got);
	json_decref(object);
	arena_fini(&arena);
}

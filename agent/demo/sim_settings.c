#include "agent/demo/sim_settings.h"

#include <stddef.h>

static const char *const selector_labels[] = {"app", "name", "app.kubernetes.io/name", NULL};

struct agent_settings sim_settings(const char *identity)
{
	return (struct agent_settings){
		.options =
			{
				.selector_labels = selector_labels,
				.ingress_annotation_prefix = "nginx.ingress.kubernetes.io",
				.default_provider = "nginx",
				.metrics_server = "http://prometheus:9090",
				.field_manager = "serin",
				.track_configs = true,
			},
		.lease_namespace = "kube-system",
		.lease_name = "flagger-leader-election",
		.identity = identity,
	};
}

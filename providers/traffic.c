#include "providers/traffic.h"

#include "analysis/base/text.h"
#include "providers/traffic/gateway_api.h"
#include "providers/traffic/istio.h"
#include "providers/traffic/kubernetes.h"
#include "providers/traffic/linkerd.h"
#include "providers/traffic/nginx.h"
#include "providers/traffic/smi.h"

#include <string.h>

static const struct traffic_provider *const providers[] = {
	&traffic_provider_gateway_api,
	&traffic_provider_gateway_api_v1,
	&traffic_provider_gateway_api_v1beta1,
	&traffic_provider_istio,
	&traffic_provider_kubernetes,
	&traffic_provider_linkerd,
	&traffic_provider_nginx,
	&traffic_provider_smi_osm,
	&traffic_provider_smi_v1alpha1,
	&traffic_provider_smi_v1alpha2,
	&traffic_provider_smi_v1alpha3,
};

void traffic_names(char *ret, size_t size)
{
	*ret = '\0';
	for (size_t i = 0; i < array_length(providers); i++) {
		size_t length = strlen(ret);

		text_format(ret + length, size - length, "%s%s", length ? ", " : "",
		            providers[i]->name);
	}
}

const struct traffic_provider *traffic_find(const char *name, struct err *err)
{
	char names[TRAFFIC_NAMES_SIZE];

	for (size_t i = 0; i < array_length(providers); i++) {
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	}
	traffic_names(names, sizeof(names));
	(void)err_set(err, ERR_INVALID, "spec.provider: expected one of %s, got \"%.60s\"", names,
	              name);
	return NULL;
}

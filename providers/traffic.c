#include "providers/traffic.h"

#include "analysis/base/text.h"
#include "providers/traffic/istio.h"
#include "providers/traffic/kubernetes.h"
#include "providers/traffic/nginx.h"

#include <string.h>

static const struct traffic_provider *const providers[] = {
	&traffic_provider_istio,
	&traffic_provider_kubernetes,
	&traffic_provider_nginx,
};

const struct traffic_provider *traffic_find(const char *name, struct err *err)
{
	char names[128] = "";

	for (size_t i = 0; i < array_length(providers); i++) {
		size_t length = strlen(names);

		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
		text_format(names + length, sizeof(names) - length, "%s%s", length ? ", " : "",
		            providers[i]->name);
	}
	(void)err_set(err, ERR_INVALID, "spec.provider: expected one of %s, got \"%.60s\"", names,
	              name);
	return NULL;
}

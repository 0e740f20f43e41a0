#include "tests/providers/gateway_cart.h"

#include "providers/traffic.h"
#include "tests/providers/merge.h"

#include <stdio.h>

void gateway_cart_init(struct cart *cart, const char *patch, enum strategy strategy)
{
	cart_init(cart, patch);
	cart->world.traffic = traffic_find("gatewayapi:v1", NULL);
	cart->world.ingress = NULL;
	cart->spec.provider = "gatewayapi:v1";
	cart->spec.strategy = strategy;
	cart->spec.route = cart->world.traffic->ability(&cart->spec);
}

json_t *gateway_cart_live(const char *metadata, const char *spec)
{
	char text[8192];

	(void)snprintf(
		text, sizeof(text),
		"{'metadata': {'name': 'cart', 'namespace': 'shop', 'uid': 'v1', 'generation': 3,"
		" 'resourceVersion': '71'%s}, 'spec': %s}",
		metadata, spec);
	return merge_parse(text);
}

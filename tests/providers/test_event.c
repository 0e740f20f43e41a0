/* Events, as Flagger posts them. */
#include "providers/kube/event.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_event(void **state)
{
	struct cart cart;
	struct notice notice = {.id = 60, .is_warning = true, .text = "Halt advancement"};

	cart_init(&cart, "{}");
	cart_same(kube_event_new(&cart.world, &notice, "0123456789",
	                         (struct instant){1795236300123}),
	          "{'apiVersion': 'v1', 'kind': 'Event', 'metadata': {'name': 'cart.01234567-60',"
	          " 'namespace': 'shop'}, 'involvedObject': {'apiVersion': 'flagger.app/v1beta1',"
	          " 'kind': 'Canary', 'name': 'cart', 'namespace': 'shop', 'uid': '" CART_UID
	          "',"
	          " 'resourceVersion': '40'}, 'reason': 'Synced', 'message': 'Halt advancement',"
	          " 'type': 'Warning', 'source': {'component': 'flagger'}, 'reportingComponent':"
	          " 'flagger', 'reportingInstance': '', 'count': 1, 'firstTimestamp':"
	          " '2026-11-21T04:45:00Z', 'lastTimestamp': '2026-11-21T04:45:00Z'}");
	cart_fini(&cart);
}

/* The same notice has the same name; without a time there is none; broken bytes do no harm. */
static void test_same_name(void **state)
{
	struct cart cart;
	struct notice notice = {.id = 7, .text = "\xff"};
	json_t *event;

	cart_init(&cart, "{}");
	event = kube_event_new(&cart.world, &notice, "abc", (struct instant){0});
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(event, "metadata"), "name")),
		"cart.abc-7");
	assert_string_equal(json_string_value(json_object_get(event, "type")), "Normal");
	assert_string_equal(json_string_value(json_object_get(event, "message")), "?");
	assert_null(json_object_get(event, "firstTimestamp"));
	json_decref(event);
	cart_fini(&cart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_same_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

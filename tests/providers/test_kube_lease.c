/* Leases on the wire. */
#include "providers/kube/lease.h"
#include "tests/providers/cart.h"
#include "tests/providers/merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LEASE                                                                              \
 "{'metadata': {'resourceVersion': '12'}, 'spec': {'holderIdentity': 'a',"                 \
 " 'leaseDurationSeconds': 15, 'acquireTime': '2026-11-21T04:45:00.123456Z', 'renewTime':" \
 " '2026-11-21T04:45:10.000000Z', 'leaseTransitions': 3}}"

static void test_read(void **state)
{
	json_t *object = merge_parse(LEASE);
	struct kube_lease lease;
	struct err err;

	assert_true(kube_lease_read(object, &lease, &err));
	assert_string_equal(lease.holder, "a");
	assert_int_equal(lease.duration.ms, 15000);
	assert_int_equal(lease.acquired.ms, 1795236300123);
	assert_int_equal(lease.renewed.ms, 1795236310000);
	assert_int_equal(lease.transitions, 3);
	assert_string_equal(lease.resource_version, "12");
	json_decref(object);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *patch;
		bool want;
	} rows[] = {
		/* given up by its holder */
		{"{'spec': {'holderIdentity': null, 'renewTime': null}}", true},
		{"{'spec': null}", true},
		{"{'spec': {'renewTime': 'now'}}", false},
		{"{'metadata': {'resourceVersion': '123456789012345678901234567890'}}", false},
	};
	char holder[300];
	json_t *object;
	struct kube_lease lease;

	for (size_t i = 0; i < array_length(rows); i++) {
		object = merge_text(LEASE, rows[i].patch);
		assert_int_equal(kube_lease_read(object, &lease, NULL), rows[i].want);
		json_decref(object);
	}
	memset(holder, 'h', sizeof(holder) - 1);
	holder[sizeof(holder) - 1] = '\0';
	object = json_pack("{s:{s:s}}", "spec", "holderIdentity", holder);
	assert_false(kube_lease_read(object, &lease, NULL));
	json_decref(object);
}

/* MicroTime has exactly six digits after the second. */
static void test_write(void **state)
{
	struct kube_lease lease = {
		.holder = "b",
		.duration = {15000},
		.acquired = {1795236300123},
		.renewed = {1795236310000},
		.transitions = 4,
		.resource_version = "12",
	};

	cart_same(kube_lease_new("serin", "serin", &lease),
	          "{'apiVersion': 'coordination.k8s.io/v1', 'kind': 'Lease', 'metadata': {'name':"
	          " 'serin', 'namespace': 'serin'}, 'spec': {'holderIdentity': 'b',"
	          " 'leaseDurationSeconds': 15, 'acquireTime': '2026-11-21T04:45:00.123000Z',"
	          " 'renewTime': '2026-11-21T04:45:10.000000Z', 'leaseTransitions': 4}}");
	cart_same(
		kube_lease_patch(&lease),
		"[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '12'},"
		" {'op': 'add', 'path': '/spec/holderIdentity', 'value': 'b'},"
		" {'op': 'add', 'path': '/spec/leaseDurationSeconds', 'value': 15},"
		" {'op': 'add', 'path': '/spec/acquireTime', 'value':"
		" '2026-11-21T04:45:00.123000Z'},"
		" {'op': 'add', 'path': '/spec/renewTime', 'value': '2026-11-21T04:45:10.000000Z'},"
		" {'op': 'add', 'path': '/spec/leaseTransitions', 'value': 4}]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

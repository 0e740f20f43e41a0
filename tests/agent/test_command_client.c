/* The client of the commands: pages, limits, what is not there, and who refuses. */
#include "agent/command/command_client.h"
#include "tests/agent/command_desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CONFIGMAPS "/api/v1/namespaces/shop/configmaps"
#define N_CANARIES (KUBE_API_PAGE + 3)

struct table {
	struct command_desk *desk;
	struct command_call call;
	struct command_client *client;
};

static const char *no_environment(const char *name)
{
	(void)name;
	return NULL;
}

static int set_up(void **state)
{
	struct table *table = calloc(1, sizeof(*table));
	struct err err = {0};

	assert_non_null(table);
	table->desk = command_desk_new();
	table->call = (struct command_call){
		.program = "serin",
		.flags =
			{
				.k8s_namespace = "",
				.context = "",
				.kubeconfig = table->desk->kubeconfig,
			},
		.out = stdout,
		.trouble = stderr,
		.environment = no_environment,
	};
	table->client = command_client_new(&table->call, &err);
	if (!table->client)
		fail_msg("%s", err.text);
	*state = table;
	return 0;
}

static int tear_down(void **state)
{
	struct table *table = *state;

	command_client_free(table->client);
	command_desk_free(table->desk);
	free(table);
	return 0;
}

static void test_one(void **state)
{
	struct table *table = *state;
	struct kube_ref ref = {.kind = KUBE_CANARY, .k8s_namespace = "shop", .name = "cart"};
	json_t *object = NULL;
	struct err err = {0};

	assert_string_equal(command_client_namespace(table->client), "shop");
	assert_true(command_client_find(table->client, &ref, &object, &err));
	assert_null(object);
	command_desk_cast(table->desk);
	assert_true(command_client_find(table->client, &ref, &object, &err));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(object, "metadata"), "name")),
		"cart");
	json_decref(object);
	assert_true(command_client_get(table->client, CONFIGMAPS "/none", &object, &err));
	assert_null(object);
	assert_true(command_client_get(table->client, CONFIGMAPS, &object, &err));
	assert_true(json_is_array(json_object_get(object, "items")));
	json_decref(object);
	/* an answer that says no is told in the server's words */
	assert_false(command_client_get(table->client, CONFIGMAPS "?limit=x", &object, &err));
	assert_int_equal(err.kind, ERR_STATUS);
	assert_int_equal(strncmp(err.text, CONFIGMAPS "?limit=x: 400 ", 42), 0);
}

/* A list of two pages is one list; one that is too long is refused. */
static void test_pages(void **state)
{
	struct table *table = *state;
	struct command_client_list list = {.kind = KUBE_CANARY, .k8s_namespace = "shop"};
	struct err err = {0};

	for (int i = 0; i < N_CANARIES; i++) {
		char body[160];

		(void)snprintf(body, sizeof(body),
		               "{'apiVersion':'flagger.app/v1beta1','kind':'Canary','metadata':{"
		               "'name':'c%d','labels':{'odd':'%d'}}}",
		               i, i % 2);
		command_desk_write(table->desk, HTTP_POST,
		                   "/apis/flagger.app/v1beta1/namespaces/shop/canaries", body);
	}
	assert_true(command_client_read(table->client, &list, &err));
	assert_int_equal(json_array_size(list.items), N_CANARIES);
	assert_string_equal(
		json_string_value(json_object_get(json_array_get(list.items, 0), "kind")),
		"Canary");
	list.labels = "odd=1";
	assert_true(command_client_read(table->client, &list, &err));
	assert_int_equal(json_array_size(list.items), N_CANARIES / 2);
	list.labels = NULL;
	list.max = N_CANARIES - 1;
	assert_false(command_client_read(table->client, &list, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	assert_string_equal(err.text,
	                    "canaries: more than 502 objects; choose one namespace with -n");
	/* what was read before is still there */
	assert_int_equal(json_array_size(list.items), N_CANARIES / 2);
	list.max = N_CANARIES;
	assert_true(command_client_read(table->client, &list, &err));
	command_client_list_fini(&list);
}

/* Nobody listens there. */
static void test_silence(void **state)
{
	struct table *table = *state;
	struct command_call call = table->call;
	struct command_client_list list = {.kind = KUBE_RELEASE};
	struct command_client *client;
	char path[160];
	struct err err = {0};

	call.flags.kubeconfig = command_desk_file(
		table->desk, "silence",
		"current-context: x\n"
		"contexts: [{name: x, context: {cluster: c}}]\n"
		"clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}]\n",
		path);
	client = command_client_new(&call, &err);
	assert_non_null(client);
	assert_string_equal(command_client_namespace(client), "default");
	assert_false(command_client_read(client, &list, &err));
	assert_int_equal(err.kind, ERR_TRANSPORT);
	assert_non_null(strstr(err.text, "127.0.0.1:1"));
	command_client_free(client);
	call.flags.kubeconfig = "";
	assert_null(command_client_new(&call, &err)); /* no kubeconfig, no home, no pod */
	assert_non_null(strstr(err.text, "no cluster"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pages, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_silence, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

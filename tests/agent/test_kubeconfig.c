/* Kubeconfigs as kubectl reads them: several files as one, and plugins that log in. */
#include "agent/credentials.h"
#include "agent/credentials_plugin.h"
#include "providers/kube/kubeconfig_merge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define CA "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
#define V1 "client.authentication.k8s.io/v1"

/* A folder of files, and clocks that the test moves. */
struct place {
	struct loop loop;
	struct instant now;
	struct span uptime;
	char folder[64];
	char path[4][128];
	int n_paths;
};

static struct span place_uptime(struct loop *loop)
{
	return container_of(loop, struct place, loop)->uptime;
}

static struct instant place_now(struct loop *loop)
{
	return container_of(loop, struct place, loop)->now;
}

static const struct loop_ops clock_ops = {.uptime = place_uptime, .now = place_now};

static int open_place(void **state)
{
	static struct place place;

	place = (struct place){
		.loop = {.ops = &clock_ops},
		.uptime = span_seconds(1000),
		.now = {1763712000000},
	};
	(void)snprintf(place.folder, sizeof(place.folder), "/tmp/serin-kubeconfig-XXXXXX");
	*state = &place;
	return mkdtemp(place.folder) ? 0 : -1;
}

static const char *at(struct place *place, const char *name)
{
	char *path = place->path[place->n_paths++ % 4];

	(void)snprintf(path, sizeof(place->path[0]), "%s/%s", place->folder, name);
	return path;
}

static int shut_place(void **state)
{
	static const char *const names[] = {"a", "b", "c", "ca.pem", "plugin", "count", "told"};
	struct place *place = *state;

	for (size_t i = 0; i < array_length(names); i++)
		(void)unlink(at(place, names[i]));
	return rmdir(place->folder);
}

static void put(struct place *place, const char *name, const char *text)
{
	FILE *file = fopen(at(place, name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void put_plugin(struct place *place, const char *script)
{
	put(place, "plugin", script);
	assert_int_equal(chmod(at(place, "plugin"), 0700), 0);
}

/* The files A and B as one. */
static struct credentials *both(struct place *place, const char *context, struct err *err)
{
	char paths[400];
	struct credentials_person person = {
		.paths = paths,
		.is_list = true,
		.context = context,
		.can_run = true,
		.patience = span_seconds(5),
	};

	(void)snprintf(paths, sizeof(paths), "%s/a::%s/none:%s/b", place->folder, place->folder,
	               place->folder);
	return credentials_new_person(&place->loop, &person, err);
}

#define HEAD(server)                                                        \
 "current-context: x\n"                                                     \
 "contexts: [{name: x, context: {cluster: c, user: u, namespace: shop}}]\n" \
 "clusters: [{name: c, cluster: {server: '" server "'}}]\n"

/* Who names something first wins; what only the second has is there too. */
static void test_merge(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		const char *context;
		const char *server; /* NULL: an error */
		const char *token;  /* or its text */
	} rows[] = {
		/* a user of the second file for a cluster of the first */
		{HEAD("https://a"), "users: [{name: u, user: {token: tb}}]", "", "https://a", "tb"},
		/* the same names in both */
		{HEAD("https://a") "users: [{name: u, user: {token: ta}}]",
	         HEAD("https://b") "users: [{name: u, user: {token: tb}}]", "", "https://a", "ta"},
		/* the current context of the second, when the first has none or an empty one */
		{"current-context: ''\n", HEAD("https://b") "users: [{name: u, user: {token: tb}}]",
	         "", "https://b", "tb"},
		/* a context of the second by name */
		{HEAD("https://a") "users: [{name: u, user: {token: ta}}]",
	         "contexts: [{name: z, context: {cluster: d, user: u}}]\n"
	         "clusters: [{name: d, cluster: {server: 'https://d'}}]\n",
	         "z", "https://d", "ta"},
		/* a file of nothing says nothing */
		{"", HEAD("https://b") "users: [{name: u, user: {token: tb}}]", "", "https://b",
	         "tb"},
		/* one that is broken is named */
		{HEAD("https://a"), "users: [", "", NULL, "/b: line 2"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		struct err err = {0};
		struct credentials *credentials;
		const struct credentials_view *view;

		put(place, "a", rows[i].a);
		put(place, "b", rows[i].b);
		credentials = both(place, rows[i].context, &err);
		if (!rows[i].server) {
			assert_null(credentials);
			if (!strstr(err.text, rows[i].token))
				fail_msg("row %zu: %s", i, err.text);
			continue;
		}
		if (!credentials)
			fail_msg("row %zu: %s", i, err.text);
		view = credentials_get(credentials);
		assert_string_equal(view->server, rows[i].server);
		assert_string_equal(view->token, rows[i].token);
		credentials_free(credentials);
	}
	(void)unlink(at(place, "a"));
	(void)unlink(at(place, "b"));
	assert_null(both(place, "", NULL));
}

/* A path means one beside the file that it stands in; a proxy is handed on. */
static void test_paths(void **state)
{
	struct place *place = *state;
	struct credentials *credentials;
	struct err err = {0};

	put(place, "ca.pem", CA);
	put(place, "a", "users: [{name: u, user: {token: t}}]");
	put(place, "b",
	    "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
	    "clusters: [{name: c, cluster: {server: 'https://b', certificate-authority: ca.pem, "
	    "proxy-url: 'socks5://p:1080'}}]\n");
	credentials = both(place, "", &err);
	if (!credentials)
		fail_msg("%s", err.text);
	assert_string_equal(credentials_get(credentials)->ca.bytes, CA);
	assert_string_equal(credentials_get(credentials)->proxy, "socks5://p:1080");
	credentials_free(credentials);
}

static void test_limits(void **state)
{
	struct place *place = *state;
	json_t *merged = json_object();
	json_t *root = json_object();
	json_t *contexts = json_array();
	char paths[64 * (CREDENTIALS_KUBECONFIGS_MAX + 2)] = "";
	struct credentials_person person = {.paths = paths, .is_list = true, .context = ""};
	struct err err = {0};

	for (int i = 0; i <= KUBE_KUBECONFIG_ENTRIES_MAX; i++)
		json_array_append_new(contexts, json_object());
	json_object_set_new(root, "contexts", contexts);
	assert_false(kube_kubeconfig_merge(merged, root, "", &err));
	assert_int_equal(err.kind, ERR_LIMIT);
	json_decref(merged);
	json_decref(root);
	put(place, "a", "kind: Config");
	for (int i = 0; i <= CREDENTIALS_KUBECONFIGS_MAX; i++) {
		size_t length = strlen(paths);

		(void)snprintf(paths + length, sizeof(paths) - length, "%s/a:", place->folder);
	}
	assert_null(credentials_new_person(&place->loop, &person, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

/* What a plugin prints. */
#define SAYS(status) \
 "#!/bin/sh\necho '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1 "\",\"status\":" status "}'\n"

static void put_user(struct place *place, const char *exec)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
	               "%susers: [{name: u, user: {exec: {apiVersion: %s, %s}}}]",
	               HEAD("https://a"), V1, exec);
	put(place, "a", text);
	put(place, "b", "");
}

#define USUAL "command: ./plugin, interactiveMode: IfAvailable"

/* It is asked once, until what it gave expires or is refused. */
static void test_plugin(void **state)
{
	struct place *place = *state;
	struct credentials *credentials;
	char script[1024];
	struct err err = {0};

	(void)snprintf(script, sizeof(script),
	               "#!/bin/sh\ncd %s\necho x >>count\nn=$(wc -l <count)\n"
	               "printf %%s \"$KUBERNETES_EXEC_INFO\" >told\n"
	               "echo \"{\\\"kind\\\":\\\"ExecCredential\\\",\\\"apiVersion\\\":\\\"" V1
	               "\\\",\\\"status\\\":{\\\"token\\\":\\\"$PREFIX$1$n\\\","
	               "\\\"expirationTimestamp\\\":\\\"2025-11-21T08:10:00Z\\\"}}\"\n",
	               place->folder);
	put_plugin(place, script);
	put_user(place, USUAL ", args: [-a-], env: [{name: PREFIX, value: p}]");
	credentials = both(place, "", &err);
	if (!credentials)
		fail_msg("%s", err.text);
	assert_string_equal(credentials_get(credentials)->token, "p-a-1");
	place->uptime.ms += 60000;
	place->now.ms += 60000;
	assert_string_equal(credentials_get(credentials)->token, "p-a-1");
	credentials_refused(credentials);
	assert_string_equal(credentials_get(credentials)->token, "p-a-2");
	place->now.ms += 3600000;
	assert_string_equal(credentials_get(credentials)->token, "p-a-3");
	credentials_free(credentials);
}

/* It is told what it is to know, and no more. */
static void test_told(void **state)
{
	struct place *place = *state;
	char script[512];
	char told[2048];
	FILE *file;
	json_t *root;
	const json_t *cluster;

	(void)snprintf(script, sizeof(script),
	               "#!/bin/sh\nprintf %%s \"$KUBERNETES_EXEC_INFO\" >%s/told\n"
	               "echo '{\"kind\":\"ExecCredential\",\"apiVersion\":\"" V1
	               "\",\"status\":{\"token\":\"t\"}}'\n",
	               place->folder);
	put_plugin(place, script);
	put(place, "ca.pem", CA);
	put_user(place, USUAL ", provideClusterInfo: true");
	put(place, "b", "");
	put(place, "c",
	    "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
	    "clusters: [{name: c, cluster: {server: 'https://a', tls-server-name: tls, "
	    "certificate-authority: ca.pem, extensions: [{name: "
	    "client.authentication.k8s.io/exec, extension: {audience: me}}]}}]\n"
	    "users: [{name: u, user: {exec: {apiVersion: " V1 ", " USUAL
	    ", provideClusterInfo: true}}}]\n");
	{
		struct credentials_person person = {
			.paths = at(place, "c"),
			.context = "",
			.can_run = true,
		};
		struct err err = {0};
		struct credentials *credentials =
			credentials_new_person(&place->loop, &person, &err);

		if (!credentials)
			fail_msg("%s", err.text);
		credentials_free(credentials);
	}
	file = fopen(at(place, "told"), "r");
	assert_non_null(file);
	told[fread(told, 1, sizeof(told) - 1, file)] = '\0';
	(void)fclose(file);
	root = json_loads(told, 0, NULL);
	cluster = json_object_get(json_object_get(root, "spec"), "cluster");
	assert_string_equal(json_string_value(json_object_get(root, "apiVersion")), V1);
	assert_true(json_is_false(json_object_get(json_object_get(root, "spec"), "interactive")));
	assert_string_equal(json_string_value(json_object_get(cluster, "server")), "https://a");
	assert_string_equal(json_string_value(json_object_get(cluster, "tls-server-name")), "tls");
	assert_string_equal(
		json_string_value(json_object_get(cluster, "certificate-authority-data")),
		"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkFBQUEKLS0tLS1FTkQgQ0VSVElGSUNBVEUtLS0tLQo=");
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(cluster, "config"), "audience")),
		"me");
	json_decref(root);
}

static void test_plugin_refused(void **state)
{
	static const struct {
		const char *exec;
		const char *script;
		enum err_kind kind;
		const char *text;
	} rows[] = {
		{"command: ./none, interactiveMode: Never, installHint: get it at example.org", "",
	         ERR_SYSTEM, "No such file or directory; get it at example.org"},
		{USUAL, "#!/bin/sh\nexit 3\n", ERR_SYSTEM, "exec: ", /* which one, and how */},
		{USUAL, "#!/bin/sh\nexit 3\n", ERR_SYSTEM, "ended with 3"},
		{USUAL, "#!/bin/sh\nkill -9 $$\n", ERR_SYSTEM, "was killed by signal 9"},
		/* exec sleep, so that nobody is left when it is killed */
		{USUAL, "#!/bin/sh\nexec sleep 60\n", ERR_SYSTEM, "took too long"},
		{USUAL, "#!/bin/sh\nexec >&-\nexec sleep 60\n", ERR_SYSTEM, "took too long"},
		{USUAL, "#!/bin/sh\nexec head -c 2000000 /dev/zero\n", ERR_LIMIT,
	         "more than a megabyte"},
		{USUAL, "#!/bin/sh\necho secret\n", ERR_MALFORMED, "printed"},
		{USUAL, SAYS("{}"), ERR_INVALID, "expected a token or a client certificate"},
		{USUAL, SAYS("{\"clientCertificateData\":\"secret\"}"), ERR_INVALID,
	         "clientCertificateData and clientKeyData together"},
		{USUAL, SAYS("{\"clientCertificateData\":\"secret\",\"clientKeyData\":\"secret\"}"),
	         ERR_INVALID, "expected PEM"},
		{USUAL, SAYS("{\"token\":\"secret x\"}"), ERR_INVALID, "got byte 0x20 at 6"},
		{USUAL, SAYS("{\"token\":\"t\",\"expirationTimestamp\":\"soon\"}"), ERR_INVALID,
	         "status.expirationTimestamp"},
		{USUAL, "#!/bin/sh\necho '{\"kind\":\"ExecCredential\",\"apiVersion\":\"v2\"}'\n",
	         ERR_INVALID, "apiVersion: expected " V1},
		{"command: ./plugin, interactiveMode: Always", "", ERR_INVALID,
	         "wants to ask at a terminal, and there is none"},
		{"command: ./plugin", "", ERR_INVALID,
	         "exec.interactiveMode: expected Never, IfAvailable or Always"},
		{"interactiveMode: Never", "", ERR_INVALID, "exec.command: expected a text"},
		{USUAL ", env: [{name: 'A=B', value: c}]", "", ERR_INVALID,
	         "exec.env[0].name: expected the name of a variable"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		char paths[100];
		struct credentials_person person = {
			.paths = paths,
			.context = "",
			.can_run = true,
			.patience = span_ms(300),
		};
		struct err err = {0};

		put_plugin(place, rows[i].script);
		put_user(place, rows[i].exec);
		(void)snprintf(paths, sizeof(paths), "%s/a", place->folder);
		assert_null(credentials_new_person(&place->loop, &person, &err));
		if (!strstr(err.text, rows[i].text) || err.kind != rows[i].kind ||
		    strstr(err.text, "secret"))
			fail_msg("row %zu: %d %s", i, (int)err.kind, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_merge, open_place, shut_place),
		cmocka_unit_test_setup_teardown(test_paths, open_place, shut_place),
		cmocka_unit_test_setup_teardown(test_limits, open_place, shut_place),
		cmocka_unit_test_setup_teardown(test_plugin, open_place, shut_place),
		cmocka_unit_test_setup_teardown(test_told, open_place, shut_place),
		cmocka_unit_test_setup_teardown(test_plugin_refused, open_place, shut_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

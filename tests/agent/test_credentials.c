/* Credentials from a pod's files and from kubeconfigs, and how they follow their files. */
#include "agent/credentials.h"
#include "providers/kube/kubeconfig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CA_A "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
#define CA_B "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----\n"

/* A folder of files, and a clock that the test moves. */
struct place {
	struct loop loop;
	struct span uptime;
	char folder[64];
	char path[128];
};

static struct span place_uptime(struct loop *loop)
{
	return container_of(loop, struct place, loop)->uptime;
}

static const struct loop_ops clock_ops = {.uptime = place_uptime};

static int open_place(void **state)
{
	static struct place place;

	place = (struct place){.loop = {.ops = &clock_ops}, .uptime = span_seconds(1000)};
	(void)snprintf(place.folder, sizeof(place.folder), "/tmp/serin-credentials-XXXXXX");
	*state = &place;
	return mkdtemp(place.folder) ? 0 : -1;
}

static const char *at(struct place *place, const char *name)
{
	(void)snprintf(place->path, sizeof(place->path), "%s/%s", place->folder, name);
	return place->path;
}

static int shut_place(void **state)
{
	static const char *const names[] = {"token", "ca.crt", "namespace", "config",
	                                    "new",   "ca.pem", "cert.pem",  "key.pem"};
	struct place *place = *state;

	for (size_t i = 0; i < array_length(names); i++)
		(void)unlink(at(place, names[i]));
	return rmdir(place->folder);
}

/* Put a file in its place in one step, as the kubelet does: always another inode. */
static void put(struct place *place, const char *name, const char *text, size_t length)
{
	char fresh[128];
	FILE *file;

	(void)snprintf(fresh, sizeof(fresh), "%s", at(place, "new"));
	file = fopen(fresh, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(fresh, at(place, name)), 0);
}

static void put_text(struct place *place, const char *name, const char *text)
{
	put(place, name, text, strlen(text));
}

static void pass(struct place *place, int64_t seconds)
{
	place->uptime.ms += seconds * 1000;
}

static struct credentials *new_pod(struct place *place, struct err *err)
{
	return credentials_new_pod(&place->loop, place->folder, "10.96.0.1", "443", err);
}

static void put_pod(struct place *place)
{
	put_text(place, "token", "first\n");
	put_text(place, "ca.crt", CA_A);
	put_text(place, "namespace", "flagger-system");
}

static void test_pod(void **state)
{
	struct place *place = *state;
	struct credentials *credentials;
	const struct credentials_view *view;

	put_pod(place);
	credentials = new_pod(place, NULL);
	assert_non_null(credentials);
	view = credentials_get(credentials);
	assert_string_equal(view->server, "https://10.96.0.1:443");
	assert_string_equal(view->token, "first");
	assert_string_equal(view->ca.bytes, CA_A);
	assert_int_equal(view->ca.length, strlen(CA_A));
	assert_string_equal(view->k8s_namespace, "flagger-system");
	assert_string_equal(view->username, "");
	assert_int_equal(view->key.length, 0);
	credentials_free(credentials);
}

/* A new token is seen after ten seconds, or at once when the server refused the old one. */
static void test_rotation(void **state)
{
	struct place *place = *state;
	struct credentials *credentials;

	put_pod(place);
	credentials = new_pod(place, NULL);
	put_text(place, "token", "second");
	pass(place, 9);
	assert_string_equal(credentials_get(credentials)->token, "first");
	pass(place, 1);
	assert_string_equal(credentials_get(credentials)->token, "second");
	put_text(place, "token", "third");
	put_text(place, "ca.crt", CA_B);
	assert_string_equal(credentials_get(credentials)->token, "second");
	credentials_refused(credentials);
	assert_string_equal(credentials_get(credentials)->token, "third");
	assert_string_equal(credentials_get(credentials)->ca.bytes, CA_B);
	credentials_free(credentials);
}

/* What cannot be read leaves the last good in use, says so, and is tried again. */
static void test_bad_rotation(void **state)
{
	static const struct {
		const char *token; /* NULL: the file is gone */
		const char *trouble;
	} rows[] = {
		{NULL, "/token: No such file or directory"},
		{"", "/token: expected a token, got an empty file"},
		{"two\nlines", "/token: expected a token, got byte 0x0a at 3"},
		{"x y", "got byte 0x20 at 1"},
	};
	struct place *place = *state;
	struct credentials *credentials;

	put_pod(place);
	credentials = new_pod(place, NULL);
	for (size_t i = 0; i < array_length(rows); i++) {
		if (rows[i].token)
			put_text(place, "token", rows[i].token);
		else
			(void)unlink(at(place, "token"));
		pass(place, 10);
		assert_string_equal(credentials_get(credentials)->token, "first");
		assert_non_null(strstr(credentials_trouble(credentials), rows[i].trouble));
	}
	put_text(place, "token", "good");
	pass(place, 10);
	assert_string_equal(credentials_get(credentials)->token, "good");
	assert_string_equal(credentials_trouble(credentials), "");
	credentials_free(credentials);
}

static void expect_refusal(struct place *place, enum err_kind kind, const char *text)
{
	struct err err = {0};

	assert_null(new_pod(place, &err));
	assert_int_equal(err.kind, kind);
	assert_non_null(strstr(err.text, text));
}

static void test_pod_refused(void **state)
{
	struct place *place = *state;
	struct err err = {0};
	char *long_text = calloc(1, CREDENTIALS_FILE_MAX + 2);

	assert_non_null(long_text);
	assert_null(credentials_new_pod(&place->loop, place->folder, NULL, "443", &err));
	assert_non_null(strstr(err.text, "KUBERNETES_SERVICE_HOST"));
	put_pod(place);
	put_text(place, "ca.crt", "<html>");
	expect_refusal(place, ERR_INVALID, "/ca.crt: expected PEM");
	put(place, "ca.crt", "-----BEGIN \0", 12);
	expect_refusal(place, ERR_MALFORMED, "/ca.crt: expected text, got a NUL byte");
	memset(long_text, 'x', CREDENTIALS_FILE_MAX + 1);
	put(place, "ca.crt", long_text, CREDENTIALS_FILE_MAX + 1);
	expect_refusal(place, ERR_LIMIT, "/ca.crt: expected at most 1048576 bytes, got 1048577");
	put(place, "token", long_text, CREDENTIALS_TOKEN_MAX + 1);
	expect_refusal(place, ERR_LIMIT, "/token: a token of at most 65536 bytes");
	(void)unlink(at(place, "token"));
	expect_refusal(place, ERR_SYSTEM, "/token: No such file");
	free(long_text);
}

/* IPv6 wants brackets; a token volume without a namespace is fine. */
static void test_pod_v6(void **state)
{
	struct place *place = *state;
	struct credentials *credentials;

	put_pod(place);
	(void)unlink(at(place, "namespace"));
	credentials = credentials_new_pod(&place->loop, place->folder, "fd00::1", "6443", NULL);
	assert_string_equal(credentials_get(credentials)->server, "https://[fd00::1]:6443");
	assert_string_equal(credentials_get(credentials)->k8s_namespace, "");
	credentials_free(credentials);
}

static struct credentials *new_config(struct place *place, const char *text, const char *context,
                                      struct err *err)
{
	put_text(place, "config", text);
	return credentials_new_kubeconfig(&place->loop, at(place, "config"), context, err);
}

#define CONFIG_HEAD                                                                   \
 "apiVersion: v1\nkind: Config\ncurrent-context: one\n"                               \
 "contexts:\n"                                                                        \
 "- {name: one, context: {cluster: c1, user: u1, namespace: shop}}\n"                 \
 "- {name: two, context: {cluster: c2, user: u2}}\n"                                  \
 "- {name: three, context: {cluster: c2, user: u3}}\n"                                \
 "- {name: none, context: {cluster: c2}}\n"                                           \
 "clusters:\n"                                                                        \
 "- {name: c1, cluster: {server: 'https://a.example:6443/', tls-server-name: kube,\n" \
 "   certificate-authority-data: LS0tLS1CRUdJTiBYLS0tLS0K}}\n"                        \
 "- {name: c2, cluster: {server: http://b.example, insecure-skip-tls-verify: true,\n" \
 "   certificate-authority: ca.pem}}\n"

#define CONFIG                                              \
 CONFIG_HEAD                                                \
 "users:\n"                                                 \
 "- {name: u1, user: {token: t1}}\n"                        \
 "- {name: u2, user: {username: me, password: pass,\n"      \
 "   client-certificate: cert.pem, client-key: key.pem}}\n" \
 "- {name: u3, user: {tokenFile: token, token: ignored}}\n"

static void test_config(void **state)
{
	struct place *place = *state;
	struct credentials *credentials = new_config(place, CONFIG, NULL, NULL);
	const struct credentials_view *view;

	assert_non_null(credentials);
	view = credentials_get(credentials);
	assert_string_equal(view->server, "https://a.example:6443");
	assert_string_equal(view->tls_server_name, "kube");
	assert_false(view->is_insecure);
	assert_string_equal(view->ca.bytes, "-----BEGIN X-----\n");
	assert_string_equal(view->token, "t1");
	assert_string_equal(view->k8s_namespace, "shop");
	credentials_free(credentials);
}

/* Another context; the files it names stand beside the kubeconfig, and are followed like a pod's.
 */
static void test_config_files(void **state)
{
	struct place *place = *state;
	const struct credentials_view *view;
	struct credentials *credentials;

	put_text(place, "ca.pem", CA_A);
	put_text(place, "cert.pem", CA_A);
	put_text(place, "key.pem", CA_B);
	put_text(place, "token", "from-file");
	credentials = new_config(place, CONFIG, "two", NULL);
	assert_non_null(credentials);
	view = credentials_get(credentials);
	assert_true(view->is_insecure);
	assert_string_equal(view->username, "me");
	assert_string_equal(view->password, "pass");
	assert_string_equal(view->certificate.bytes, CA_A);
	assert_string_equal(view->key.bytes, CA_B);
	assert_string_equal(view->token, "");
	put_text(place, "key.pem", CA_A);
	pass(place, 10);
	assert_string_equal(credentials_get(credentials)->key.bytes, CA_A);
	credentials_free(credentials);

	credentials = new_config(place, CONFIG, "three", NULL);
	assert_string_equal(credentials_get(credentials)->token, "from-file");
	put_text(place, "config", CONFIG_HEAD "users: [{name: u3, user: {token: changed}}]\n");
	pass(place, 10);
	assert_string_equal(credentials_get(credentials)->token, "changed");
	credentials_free(credentials);

	credentials = new_config(place, CONFIG, "none", NULL);
	assert_string_equal(credentials_get(credentials)->token, "");
	credentials_free(credentials);
}

static void test_config_refused(void **state)
{
	static const struct {
		const char *text;
		const char *context;
		const char *error;
	} rows[] = {
		{CONFIG, "four", "$.contexts: expected one named \"four\", got 4 others"},
		{"kind: Config\n", NULL, "$.current-context: expected a name"},
		{"[]", NULL, "$: expected a kubeconfig"},
		{"current-context: 7\n", NULL, "$.current-context: expected text, got a number"},
		{"a: b: c", NULL, "line 1"},
		{CONFIG_HEAD, NULL, "$.users: expected one named \"u1\", got 0 others"},
		{CONFIG_HEAD "users: [{name: u1, user: {exec: {command: aws, apiVersion: "
	                     "client.authentication.k8s.io/v1beta1}}}]",
	         NULL, "$.users[0].user.exec: not served by the agent; use token, tokenFile"},
		{CONFIG_HEAD "users: [{name: u1, user: {auth-provider: {name: gcp}}}]", NULL,
	         "$.users[0].user.auth-provider: not served"},
		{CONFIG_HEAD "users: [{name: u1, user: {token: [secret]}}]", NULL,
	         "$.users[0].user.token: expected text, got a list"},
		{CONFIG_HEAD "users: [{name: u1, user: 3}]", NULL,
	         "$.users[0].user: expected a map"},
		{CONFIG_HEAD "users: [{name: u1, user: {client-certificate-data: c2VjcmV0}}]", NULL,
	         "$.users[0].user: expected client-certificate and client-key together"},
		{CONFIG_HEAD "users: [{name: u1, user: {client-key-data: 'secret!'}}]", NULL,
	         "$.users[0].user.client-key-data: expected base64"},
		{CONFIG_HEAD "users: [{name: u1, user: {client-key-data: QUJDR}}]", NULL,
	         "expected base64"},
		{CONFIG_HEAD "users: [{name: u1, user: {token: \"secret\\nX: y\"}}]", NULL,
	         "got byte 0x0a at 6"},
		{CONFIG, "two", "/ca.pem: No such file"},
		{"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
	         "clusters: [{name: c, cluster: {server: 'ftp://x'}}]",
	         NULL,
	         "$.clusters[0].cluster.server: expected an http or https address, got \"ftp://x\""},
		{"current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n"
	         "clusters: [{name: c, cluster: {server: 'http://x', proxy-url: 'ftp://p'}}]",
	         NULL,
	         "$.clusters[0].cluster.proxy-url: expected an http, https or socks5 address"},
	};
	struct place *place = *state;

	for (size_t i = 0; i < array_length(rows); i++) {
		struct err err = {0};

		assert_null(new_config(place, rows[i].text, rows[i].context, &err));
		if (!strstr(err.text, rows[i].error))
			fail_msg("row %zu: %s", i, err.text);
		assert_null(strstr(err.text, "secret"));
		assert_non_null(strstr(err.text, place->folder)); /* which file */
	}
}

/* A path given, then KUBECONFIG, then the pod's files. */
static void test_choice(void **state)
{
	struct place *place = *state;
	struct credentials *credentials;
	struct err err = {0};

	put_text(place, "config", CONFIG);
	(void)setenv("KUBECONFIG", at(place, "config"), 1);
	credentials = credentials_new(&place->loop, "", "", NULL);
	assert_string_equal(credentials_get(credentials)->token, "t1");
	credentials_free(credentials);
	assert_null(credentials_new(&place->loop, "/nowhere/config", "", &err));
	assert_string_equal(err.text, "/nowhere/config: No such file or directory");
	(void)unsetenv("KUBECONFIG");
	(void)unsetenv("KUBERNETES_SERVICE_HOST");
	assert_null(credentials_new(&place->loop, "", "", &err));
	assert_non_null(strstr(err.text, "no cluster"));
	credentials_free(NULL);
}

/* Nothing secret is left of what was read from a kubeconfig. */
static void test_wipe(void **state)
{
	struct arena arena = {0};
	struct kube_kubeconfig config;
	json_t *root = json_pack(
		"{s:s, s:[{s:s, s:{s:s, s:s}}], s:[{s:s, s:{s:s}}],"
		" s:[{s:s, s:{s:s, s:s}}]}",
		"current-context", "x", "contexts", "name", "x", "context", "cluster", "c", "user",
		"u", "clusters", "name", "c", "cluster", "server", "http://x", "users", "name", "u",
		"user", "token", "secret", "password", "hidden");
	char *token;

	assert_non_null(root);
	assert_true(kube_kubeconfig_read(root, NULL, &arena, &config, NULL));
	token = config.token.bytes;
	assert_string_equal(token, "secret");
	kube_kubeconfig_wipe(&config);
	assert_memory_equal(token, "\0\0\0\0\0\0", 6);
	assert_string_equal(config.password, "");
	arena_fini(&arena);
	json_decref(root);
}

#define PLACE_TEST(test) cmocka_unit_test_setup_teardown(test, open_place, shut_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PLACE_TEST(test_pod),          PLACE_TEST(test_rotation),
		PLACE_TEST(test_bad_rotation), PLACE_TEST(test_pod_refused),
		PLACE_TEST(test_pod_v6),       PLACE_TEST(test_config),
		PLACE_TEST(test_config_files), PLACE_TEST(test_config_refused),
		PLACE_TEST(test_choice),       cmocka_unit_test(test_wipe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * The client over TLS: whom it believes, who it says it is, HTTP/2. Certificates are made by the
 * openssl command, which also serves HTTP/1; nghttpd (Debian: nghttp2-server) serves HTTP/2 and
 * writes down each connection.
 */
#include "agent/credentials.h"
#include "tests/agent/desk.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define AGAIN_MS 20

struct stage {
	struct desk desk;
	char folder[64];
	pid_t child;
	int port;
	struct asked asked;
	struct alarm again; /* until the child serves */
	struct credentials *credentials;
};

/* Run a program in the folder, its output in the file `out`; its process. */
static pid_t run(const struct stage *stage, char *const argv[])
{
	pid_t child = fork();
	int out;

	if (child != 0)
		return child;
	out = chdir(stage->folder) == 0 ? open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600) : -1;
	if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	(void)dup2(open("/dev/null", O_RDONLY), 0);
	(void)execvp(argv[0], argv);
	_exit(127);
}

/* The same, to its end, from one line of words. */
static bool run_line(const struct stage *stage, const char *format, const char *first,
                     const char *second)
{
	char *argv[32] = {NULL};
	char line[512];
	char *rest = line;
	size_t argc = 0;
	int status = -1;

	(void)snprintf(line, sizeof(line), "%s", format);
	while (rest && argc < array_length(argv) - 1) {
		char *word = strsep(&rest, " ");

		argv[argc++] = strcmp(word, "FIRST") == 0    ? strdup(first)
		               : strcmp(word, "SECOND") == 0 ? strdup(second)
		                                             : strdup(word);
	}
	(void)waitpid(run(stage, argv), &status, 0);
	while (argc > 0)
		free(argv[--argc]);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* NAME.pem and NAME.key: an authority of its own. */
static bool make_authority(const struct stage *stage, const char *name, const char *key)
{
	return run_line(stage,
	                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
	                "-days 2 -subj /CN=authority -out FIRST -keyout SECOND",
	                name, key);
}

/* A certificate of ca.pem with this name. */
static bool make_certificate(const struct stage *stage, const char *name, const char *key)
{
	return run_line(stage,
	                "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "
	                "/CN=party -addext subjectAltName=IP:127.0.0.1,DNS:serin.test "
	                "-out party.csr -keyout SECOND",
	                name, key) &&
	       run_line(stage,
	                "openssl x509 -req -in party.csr -CA ca.pem -CAkey ca.key -CAcreateserial "
	                "-days 2 -copy_extensions copy -out FIRST",
	                name, key);
}

static int free_port(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)bind(fd, (struct sockaddr *)&address, size);
	(void)getsockname(fd, (struct sockaddr *)&address, &size);
	(void)close(fd);
	return ntohs(address.sin_port);
}

static void on_again(struct alarm *alarm)
{
	struct stage *stage = container_of(alarm, struct stage, again);
	char url[64];
	char text[256];
	struct http_request request;

	(void)snprintf(url, sizeof(url), "https://127.0.0.1:%d/", stage->port);
	request = desk_request(&stage->desk, HTTP_GET, url, text);
	request.insecure = true;
	desk_start(&stage->desk, &stage->asked, &request);
}

/* Start a server, whose words hold the port, and wait until it takes connections. */
static void start_server(struct stage *stage, char *const argv[])
{
	stage->child = run(stage, argv);
	do {
		stage->asked = (struct asked){0};
		stage->again.ring = on_again;
		stage->desk.n_waited = 0;
		alarm_start(loop_ev_seam(stage->desk.loop), &stage->again, span_ms(AGAIN_MS));
		loop_ev_run(stage->desk.loop);
		desk_forget(&stage->asked);
		assert_int_equal(waitpid(stage->child, NULL, WNOHANG), 0);
		assert_false(stage->desk.is_late);
	} while (strstr(stage->asked.error.text, "connect to"));
}

static void start_openssl(struct stage *stage, bool wants_client)
{
	char accept[32];
	char *argv[] = {(char[]){"openssl"},
	                (char[]){"s_server"},
	                (char[]){"-accept"},
	                accept,
	                (char[]){"-cert"},
	                (char[]){"server.pem"},
	                (char[]){"-key"},
	                (char[]){"server.key"},
	                (char[]){"-www"},
	                (char[]){"-CAfile"},
	                (char[]){"ca.pem"},
	                wants_client ? (char[]){"-Verify"} : NULL,
	                (char[]){"1"},
	                (char[]){"-verify_return_error"},
	                NULL};

	(void)snprintf(accept, sizeof(accept), "127.0.0.1:%d", stage->port);
	start_server(stage, argv);
}

static int open_stage(void **state)
{
	static struct stage stage;

	stage = (struct stage){0};
	(void)snprintf(stage.folder, sizeof(stage.folder), "/tmp/serin-tls-XXXXXX");
	if (!mkdtemp(stage.folder))
		return -1;
	*state = &stage;
	return make_authority(&stage, "ca.pem", "ca.key") &&
	                       make_authority(&stage, "other.pem", "other.key") &&
	                       make_certificate(&stage, "server.pem", "server.key") &&
	                       make_certificate(&stage, "client.pem", "client.key")
	               ? 0
	               : -1;
}

static int shut_stage(void **state)
{
	struct stage *stage = *state;
	static const char *const names[] = {"ca.pem",     "ca.key",     "ca.srl",     "other.pem",
	                                    "other.key",  "party.csr",  "server.pem", "server.key",
	                                    "client.pem", "client.key", "config",     "out"};
	char path[128];

	for (size_t i = 0; i < array_length(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", stage->folder, names[i]);
		(void)unlink(path);
	}
	return rmdir(stage->folder);
}

static void serve_nothing(struct visitor *visitor, const char *request)
{
	loopback_close(visitor);
}

static int open_test(void **state)
{
	struct stage *stage = *state;

	desk_open(&stage->desk, serve_nothing);
	stage->port = free_port();
	return 0;
}

static int shut_test(void **state)
{
	struct stage *stage = *state;

	if (stage->child > 0) {
		(void)kill(stage->child, SIGKILL);
		(void)waitpid(stage->child, NULL, 0);
	}
	stage->child = 0;
	desk_shut(&stage->desk);
	stage->credentials = credentials_free(stage->credentials);
	return 0;
}

/* Use a kubeconfig with these lines about the cluster and the user. */
static void use_config(struct stage *stage, const char *host, const char *cluster, const char *user)
{
	char path[128];
	struct err err;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/config", stage->folder);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fprintf(file,
	              "current-context: x\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n"
	              "clusters: [{name: c, cluster: {server: 'https://%s:%d', %s}}]\n"
	              "users: [{name: u, user: {%s}}]\n",
	              host, stage->port, cluster, user);
	(void)fclose(file);
	credentials_free(stage->credentials);
	stage->credentials =
		credentials_new_kubeconfig(loop_ev_seam(stage->desk.loop), path, NULL, &err);
	assert_non_null(stage->credentials);
	desk_client(&stage->desk, stage->credentials);
}

static struct http_request kube_get(const char *path)
{
	return (struct http_request){
		.peer = HTTP_PEER_KUBE,
		.method = HTTP_GET,
		.url = path,
		.timeout = span_seconds(10),
		.reply_max = 1024 * 1024,
	};
}

static void get_kube(struct stage *stage, const char *path)
{
	struct http_request request = kube_get(path);

	desk_forget(&stage->asked);
	stage->asked = (struct asked){0};
	desk_start(&stage->desk, &stage->asked, &request);
	assert_true(desk_wait(&stage->desk));
}

static void test_belief(void **state)
{
	static const struct {
		const char *host;
		const char *cluster;
		const char *error; /* NULL: it is believed */
	} rows[] = {
		{"127.0.0.1", "certificate-authority: ca.pem", NULL},
		/* somebody else's authority, or the system's */
		{"127.0.0.1", "certificate-authority: other.pem", "certificate of 127.0.0.1:"},
		{"127.0.0.1", "tls-server-name: ''", "certificate of 127.0.0.1:"},
		/* the certificate is for other names */
		{"localhost", "certificate-authority: ca.pem", "certificate of localhost:"},
		{"localhost", "certificate-authority: ca.pem, tls-server-name: serin.test", NULL},
		{"localhost", "certificate-authority: ca.pem, tls-server-name: wrong.test",
	         "certificate of wrong.test:"},
		{"localhost", "insecure-skip-tls-verify: true", NULL},
	};
	struct stage *stage = *state;

	start_openssl(stage, false);
	for (size_t i = 0; i < array_length(rows); i++) {
		use_config(stage, rows[i].host, rows[i].cluster, "token: t");
		get_kube(stage, "/");
		if (rows[i].error ? !strstr(stage->asked.error.text, rows[i].error)
		                  : stage->asked.status != 200)
			fail_msg("row %zu: %d %s", i, stage->asked.status, stage->asked.error.text);
	}
	desk_forget(&stage->asked);
}

/* The server wants to know who we are: our certificate says so. */
static void test_client_certificate(void **state)
{
	struct stage *stage = *state;

	start_openssl(stage, true);
	use_config(stage, "127.0.0.1", "certificate-authority: ca.pem", "token: t");
	get_kube(stage, "/");
	assert_int_equal(stage->asked.error.kind, ERR_TRANSPORT);
	assert_non_null(strstr(stage->asked.error.text, "certificate required"));
	use_config(stage, "127.0.0.1", "certificate-authority: ca.pem",
	           "client-certificate: client.pem, client-key: client.key");
	get_kube(stage, "/");
	assert_int_equal(stage->asked.status, 200);
	desk_forget(&stage->asked);
	/* a key that is not the certificate's is our own mistake */
	use_config(stage, "127.0.0.1", "certificate-authority: ca.pem",
	           "client-certificate: client.pem, client-key: server.key");
	get_kube(stage, "/");
	assert_int_equal(stage->asked.error.kind, ERR_INVALID);
	assert_non_null(strstr(stage->asked.error.text, "credentials for 127.0.0.1:"));
}

/* How many connections nghttpd wrote down: "[id=7]" for the seventh. */
static int count_connections(const struct stage *stage)
{
	char path[128];
	char line[1024];
	int most = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/out", stage->folder);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		const char *id = strstr(line, "[id=");
		long number = id ? strtol(id + strlen("[id="), NULL, 10) : 0;

		most = number > most ? (int)number : most;
	}
	(void)fclose(file);
	return most;
}

/* Many calls at once share one connection for each lane, and no connection has two lanes. */
static void test_http2(void **state)
{
	static struct asked many[40];
	struct stage *stage = *state;
	struct http_request request = kube_get("/ca.pem");
	char port[16];
	char *argv[] = {(char[]){"nghttpd"},
	                (char[]){"-v"},
	                (char[]){"-a"},
	                (char[]){"127.0.0.1"},
	                (char[]){"-d"},
	                (char[]){"."},
	                port,
	                (char[]){"server.key"},
	                (char[]){"server.pem"},
	                NULL};
	int before;

	(void)snprintf(port, sizeof(port), "%d", stage->port);
	start_server(stage, argv);
	before = count_connections(stage);
	use_config(stage, "127.0.0.1", "certificate-authority: ca.pem", "token: t");
	for (size_t i = 0; i < array_length(many); i++) {
		many[i] =
			(struct asked){.call = {.lane = i % 4 ? HTTP_LANE_READ : HTTP_LANE_WRITE}};
		desk_start(&stage->desk, &many[i], &request);
	}
	assert_true(desk_wait(&stage->desk));
	for (size_t i = 0; i < array_length(many); i++) {
		assert_int_equal(many[i].status, 200);
		assert_non_null(strstr(buf_text(&many[i].body), "BEGIN CERTIFICATE"));
		desk_forget(&many[i]);
	}
	assert_true(before > 0);
	assert_int_equal(count_connections(stage) - before, 2);
}

#define STAGE_TEST(test) cmocka_unit_test_setup_teardown(test, open_test, shut_test)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(test_belief),
		STAGE_TEST(test_client_certificate),
		STAGE_TEST(test_http2),
	};

	return cmocka_run_group_tests(tests, open_stage, shut_stage);
}

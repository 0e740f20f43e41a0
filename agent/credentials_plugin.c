#include "agent/credentials_plugin.h"

#include "analysis/base/arena.h"
#include "analysis/base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TOLD_NAME     "KUBERNETES_EXEC_INFO"
#define VARIABLES_MAX 4096 /* of our own environment that are handed on */
#define CHUNK         4096
#define PAUSE_MS      10 /* between two looks at a program that closed its output */

/* A program under way. */
struct child {
	pid_t pid;
	int output;
	int64_t deadline; /* of the monotonic clock, milliseconds */
};

static int64_t uptime(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool refuse(const struct credentials_plugin *run, struct err *err, enum err_kind kind,
                   const char *text)
{
	const struct kube_kubeconfig_plugin *plugin = run->plugin;

	return err_set(err, kind, "%s: %.100s: %s%s%.200s", plugin->path, plugin->command, text,
	               *plugin->install_hint ? "; " : "", plugin->install_hint);
}

/* Does the plugin set the variable of "NAME=VALUE" itself? */
static bool is_overridden(const struct kube_kubeconfig_plugin *plugin, const char *variable)
{
	size_t length = strcspn(variable, "=");

	if (strncmp(variable, TOLD_NAME "=", strlen(TOLD_NAME "=")) == 0)
		return true;
	for (size_t i = 0; i < plugin->n_variables; i++)
		if (strlen(plugin->names[i]) == length &&
		    strncmp(plugin->names[i], variable, length) == 0)
			return true;
	return false;
}

static char **make_environment(const struct credentials_plugin *run, struct arena *arena)
{
	const struct kube_kubeconfig_plugin *plugin = run->plugin;
	size_t n_most = VARIABLES_MAX + KUBE_KUBECONFIG_WORDS_MAX + 2;
	char **variables = arena_alloc(arena, n_most * sizeof(*variables));
	size_t n = 0;

	variables[n++] = arena_format(arena, TOLD_NAME "=%s", run->told);
	for (size_t i = 0; i < plugin->n_variables; i++)
		variables[n++] = arena_format(arena, "%s=%s", plugin->names[i], plugin->values[i]);
	for (size_t i = 0; environ[i] && i < VARIABLES_MAX; i++)
		if (!is_overridden(plugin, environ[i]))
			variables[n++] = environ[i];
	return variables;
}

static char **make_words(const struct kube_kubeconfig_plugin *plugin, struct arena *arena)
{
	char **words = arena_alloc(arena, (plugin->n_args + 2) * sizeof(*words));

	words[0] = arena_text(arena, plugin->command);
	for (size_t i = 0; i < plugin->n_args; i++)
		words[i + 1] = arena_text(arena, plugin->args[i]);
	return words;
}

/* An error number; 0 when the program runs. */
static int spawn(const struct credentials_plugin *run, int output, pid_t *ret)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	struct arena arena = {0};
	sigset_t signals;
	int code;

	if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
		abort();
	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGPIPE); /* which we ignore, and it should not */
	code = posix_spawnattr_setsigdefault(&attributes, &signals);
	if (code == 0)
		code = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (code == 0)
		code = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (code == 0 && !run->is_interactive)
		code = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null",
		                                        O_RDONLY, 0);
	if (code == 0)
		code = posix_spawnp(ret, run->plugin->command, &actions, &attributes,
		                    make_words(run->plugin, &arena), make_environment(run, &arena));
	arena_fini(&arena);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)posix_spawnattr_destroy(&attributes);
	return code;
}

/* Wait for more output; false when time is up. */
static bool wait_output(const struct child *child)
{
	struct pollfd ready = {.fd = child->output, .events = POLLIN};
	int64_t left;

	while ((left = child->deadline - uptime()) > 0) {
		int n = poll(&ready, 1, (int)left);

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
	return false;
}

static bool read_output(const struct credentials_plugin *run, const struct child *child,
                        struct buf *output, struct err *err)
{
	char chunk[CHUNK];
	ssize_t length = 1;
	bool is_fine = true;

	while (is_fine && length != 0) {
		if (!wait_output(child)) {
			is_fine = refuse(run, err, ERR_SYSTEM, "took too long");
			break;
		}
		length = read(child->output, chunk, sizeof(chunk));
		if (length < 0 && errno != EINTR)
			is_fine = refuse(run, err, ERR_SYSTEM, strerror(errno));
		else if (length > 0 && !buf_add(output, chunk, (size_t)length))
			is_fine = refuse(run, err, ERR_LIMIT, "printed more than a megabyte");
	}
	explicit_bzero(chunk, sizeof(chunk));
	return is_fine;
}

/* Wait for the end; false when it does not end in time, or not well. */
static bool wait_end(const struct credentials_plugin *run, struct child *child, struct err *err)
{
	char text[64];
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(child->pid, &status, WNOHANG)) == 0 && uptime() < child->deadline)
		(void)poll(NULL, 0, PAUSE_MS);
	if (ended == 0)
		return refuse(run, err, ERR_SYSTEM, "took too long");
	child->pid = 0;
	if (ended > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFEXITED(status))
		(void)snprintf(text, sizeof(text), "ended with %d", WEXITSTATUS(status));
	else
		(void)snprintf(text, sizeof(text), "was killed by signal %d", WTERMSIG(status));
	return refuse(run, err, ERR_SYSTEM, text);
}

static bool begin(const struct credentials_plugin *run, struct child *child, struct err *err)
{
	int ends[2];
	int code;
	int seconds =
		run->is_interactive ? CREDENTIALS_PLUGIN_ASK_SECONDS : CREDENTIALS_PLUGIN_SECONDS;
	struct span patience = run->patience.ms > 0 ? run->patience : span_seconds(seconds);

	if (pipe2(ends, O_CLOEXEC) < 0)
		return refuse(run, err, ERR_SYSTEM, strerror(errno));
	code = spawn(run, ends[1], &child->pid);
	(void)close(ends[1]);
	if (code != 0) {
		(void)close(ends[0]);
		child->pid = 0;
		return refuse(run, err, ERR_SYSTEM, strerror(code));
	}
	child->output = ends[0];
	child->deadline = uptime() + patience.ms;
	return true;
}

bool credentials_plugin_run(const struct credentials_plugin *run, struct credentials_file *ret,
                            struct err *err)
{
	struct buf output = {.max = CREDENTIALS_PLUGIN_OUTPUT_MAX};
	struct child child = {.output = -1};
	bool is_fine;

	if (run->plugin->interactive == KUBE_KUBECONFIG_ALWAYS && !run->is_interactive)
		return refuse(run, err, ERR_INVALID,
		              "wants to ask at a terminal, and there is none");
	if (!begin(run, &child, err))
		return false;
	is_fine = read_output(run, &child, &output, err) && wait_end(run, &child, err);
	(void)close(child.output);
	if (child.pid > 0) {
		(void)kill(child.pid, SIGKILL);
		(void)waitpid(child.pid, NULL, 0);
	}
	if (is_fine)
		*ret = credentials_file_copy(buf_text(&output), output.length);
	if (output.bytes)
		explicit_bzero(output.bytes, output.length);
	buf_fini(&output);
	return is_fine;
}

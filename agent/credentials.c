#include "agent/credentials.h"

#include "agent/credentials_file.h"
#include "agent/credentials_plugin.h"
#include "providers/kube/kubeconfig.h"
#include "providers/kube/kubeconfig_merge.h"
#include "providers/kube/kubeconfig_plugin.h"
#include "providers/wire/document.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* All that came of one reading; replaced whole. */
struct reading {
	struct arena arena;
	struct credentials_view view;
	struct credentials_file files[CREDENTIALS_FILES_MAX];
	size_t n_files;
	bool has_plugin;        /* what it gave is good until… */
	struct instant expires; /* not set: to the end */
};

struct credentials {
	struct loop *loop;
	/* One of the two is set. */
	char *directory;
	char *kubeconfig; /* several with ':' between them when is_list */
	char *server;     /* of a pod */
	char *context;    /* of a kubeconfig */
	bool is_list;
	bool can_run;
	bool has_terminal;
	struct span patience;
	struct reading now;
	struct span checked_at;
	bool is_suspect; /* check before the next use */
	char trouble[ERR_TEXT_MAX];
};

static void reading_fini(struct reading *reading)
{
	for (size_t i = 0; i < reading->n_files; i++)
		credentials_file_fini(&reading->files[i]);
	arena_fini(&reading->arena);
	*reading = (struct reading){0};
}

static void reading_init(struct reading *reading)
{
	*reading = (struct reading){0};
	reading->view = (struct credentials_view){
		.server = "",
		.tls_server_name = "",
		.token = "",
		.username = "",
		.password = "",
		.k8s_namespace = "",
		.proxy = "",
	};
}

/* Read a file that the reading depends on from now on. */
static bool add_file(struct reading *reading, const char *path, struct credentials_file **ret,
                     struct err *err)
{
	struct credentials_file file;

	assert(reading->n_files < CREDENTIALS_FILES_MAX);
	if (!credentials_file_read(path, CREDENTIALS_FILE_MAX, &file, err))
		return false;
	reading->files[reading->n_files] = file;
	*ret = &reading->files[reading->n_files++];
	return true;
}

/* A token goes into a header line: what would end or break that line is refused. */
static bool check_token(const char *token, const char *origin, struct err *err)
{
	size_t length = strlen(token);

	if (length > CREDENTIALS_TOKEN_MAX)
		return err_set(err, ERR_LIMIT, "%s: a token of at most %d bytes, got %zu", origin,
		               CREDENTIALS_TOKEN_MAX, length);
	for (size_t i = 0; i < length; i++)
		if (token[i] <= ' ' || token[i] == 0x7f)
			return err_set(err, ERR_INVALID,
			               "%s: expected a token, got byte 0x%02x at %zu", origin,
			               (unsigned int)(unsigned char)token[i], i);
	return true;
}

static bool read_token_file(struct reading *reading, const char *path, struct err *err)
{
	struct credentials_file *file;

	if (!add_file(reading, path, &file, err))
		return false;
	credentials_file_trim(file);
	if (file->length == 0)
		return err_set(err, ERR_INVALID, "%s: expected a token, got an empty file", path);
	if (!check_token(file->bytes, path, err))
		return false;
	reading->view.token = file->bytes;
	return true;
}

static bool read_pem_file(struct reading *reading, const char *path, struct credentials_pem *ret,
                          struct err *err)
{
	struct credentials_file *file;

	if (!add_file(reading, path, &file, err))
		return false;
	if (!strstr(file->bytes, "-----BEGIN "))
		return err_set(err, ERR_INVALID, "%s: expected PEM", path);
	*ret = (struct credentials_pem){file->bytes, file->length};
	return true;
}

static bool read_pod(const struct credentials *credentials, struct reading *reading,
                     struct err *err)
{
	struct arena *arena = &reading->arena;
	const char *directory = credentials->directory;
	struct credentials_file *file;

	reading->view.server = credentials->server;
	if (!read_token_file(reading, arena_format(arena, "%s/token", directory), err) ||
	    !read_pem_file(reading, arena_format(arena, "%s/ca.crt", directory), &reading->view.ca,
	                   err))
		return false;
	/* The namespace is a convenience that some token volumes leave out. */
	if (add_file(reading, arena_format(arena, "%s/namespace", directory), &file, NULL)) {
		credentials_file_trim(file);
		reading->view.k8s_namespace = file->bytes;
	}
	return true;
}

static bool read_item(struct reading *reading, const struct kube_kubeconfig_item *item,
                      struct credentials_pem *ret, struct err *err)
{
	if (item->path)
		return read_pem_file(reading, item->path, ret, err);
	if (item->bytes) {
		struct credentials_file *kept = &reading->files[reading->n_files++];

		*kept = credentials_file_copy(item->bytes, item->length);
		*ret = (struct credentials_pem){kept->bytes, kept->length};
	}
	return true;
}

/* A text that is secret: kept where it is wiped in the end. */
static const char *keep_secret(struct reading *reading, const char *text)
{
	struct credentials_file *kept = &reading->files[reading->n_files++];

	assert(reading->n_files <= CREDENTIALS_FILES_MAX);
	*kept = credentials_file_copy(text, strlen(text));
	return kept->bytes;
}

static bool read_user(const struct credentials *credentials, struct reading *reading,
                      const struct kube_kubeconfig *config, struct err *err)
{
	struct credentials_view *view = &reading->view;

	view->username = config->username;
	view->password = keep_secret(reading, config->password);
	if (config->token.path)
		return read_token_file(reading, config->token.path, err);
	if (!config->token.bytes)
		return true;
	view->token = keep_secret(reading, config->token.bytes);
	return check_token(view->token, credentials->kubeconfig, err);
}

/* A certificate or key that a plugin gave, kept. */
static bool keep_pem(struct reading *reading, const char *text, struct credentials_pem *ret)
{
	if (!*text)
		return true;
	*ret = (struct credentials_pem){keep_secret(reading, text), strlen(text)};
	return strstr(text, "-----BEGIN ") != NULL;
}

static bool use_login(struct reading *reading, const struct kube_kubeconfig_plugin *plugin,
                      const json_t *root, struct err *err)
{
	struct kube_kubeconfig_login login;
	struct credentials_view *view = &reading->view;

	if (!kube_kubeconfig_plugin_login(plugin, root, &login, err))
		return false;
	if (!keep_pem(reading, login.certificate, &view->certificate) ||
	    !keep_pem(reading, login.key, &view->key))
		return err_set(err, ERR_INVALID, "status: expected PEM");
	reading->has_plugin = true;
	reading->expires = login.expires;
	if (!*login.token)
		return true;
	view->token = keep_secret(reading, login.token);
	return check_token(view->token, "status.token", err);
}

static bool run_plugin(const struct credentials *credentials, struct reading *reading,
                       const struct kube_kubeconfig *config, struct err *err)
{
	const struct kube_kubeconfig_plugin *plugin = &config->plugin;
	struct credentials_plugin run = {
		.plugin = plugin,
		.is_interactive =
			credentials->has_terminal && plugin->interactive != KUBE_KUBECONFIG_NEVER,
		.patience = credentials->patience,
	};
	struct credentials_file output;
	json_t *root;
	bool is_fine;

	if (!credentials->can_run)
		return err_set(err, ERR_INVALID,
		               "%s: not served by the agent; use token, tokenFile, a client "
		               "certificate or username and password",
		               plugin->path);
	run.told =
		kube_kubeconfig_plugin_told(config, reading->view.ca.bytes, reading->view.ca.length,
	                                    run.is_interactive, &reading->arena);
	if (!credentials_plugin_run(&run, &output, err))
		return false;
	/* what it is instead may be secret */
	is_fine = document_read_json(output.bytes, output.length, CREDENTIALS_PLUGIN_OUTPUT_MAX,
	                             &root, NULL) ||
	          err_set(err, ERR_MALFORMED, "expected JSON");
	if (is_fine) {
		is_fine = use_login(reading, plugin, root, err);
		credentials_file_wipe_tree(root);
		json_decref(root);
	}
	credentials_file_fini(&output);
	return is_fine || err_wrap(err, "%s: what %.100s printed", plugin->path, plugin->command);
}

static bool use_config(const struct credentials *credentials, struct reading *reading,
                       const struct kube_kubeconfig *config, struct err *err)
{
	struct credentials_view *view = &reading->view;

	view->server = config->server;
	view->tls_server_name = config->tls_server_name;
	view->is_insecure = config->is_insecure;
	view->k8s_namespace = config->k8s_namespace;
	view->proxy = config->proxy_url;
	if (!read_item(reading, &config->ca, &view->ca, err) ||
	    !read_item(reading, &config->certificate, &view->certificate, err) ||
	    !read_item(reading, &config->key, &view->key, err) ||
	    !read_user(credentials, reading, config, err))
		return false;
	return !config->plugin.path || run_plugin(credentials, reading, config, err) ||
	       err_wrap(err, "%s", credentials->kubeconfig);
}

/* Add the kubeconfig at PATH to ROOTS, which are wiped in the end, and to MERGED. */
static bool add_kubeconfig(struct reading *reading, const char *path, json_t *roots, json_t *merged,
                           struct err *err)
{
	const char *slash = strrchr(path, '/');
	struct credentials_file *file;
	const char *folder = "";
	json_t *root;
	bool is_fine;

	if (slash)
		folder = slash == path ? "/"
		                       : arena_copy(&reading->arena, path, (size_t)(slash - path));
	if (!add_file(reading, path, &file, err))
		return false;
	is_fine = document_read(file->bytes, file->length, &root, err);
	explicit_bzero(file->bytes, file->length);
	if (is_fine) {
		if (json_array_append_new(roots, root) < 0)
			abort();
		is_fine = kube_kubeconfig_merge(merged, root, folder, err);
	}
	return is_fine || err_wrap(err, "%s", path);
}

/* An empty file says nothing, as kubectl sees it. */
static bool is_nothing(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? S_ISREG(status.st_mode) && status.st_size == 0
	                                : errno == ENOENT;
}

static bool add_kubeconfigs(const struct credentials *credentials, struct reading *reading,
                            json_t *roots, json_t *merged, struct err *err)
{
	const char *path = credentials->kubeconfig;
	size_t n_files = 0;

	if (!credentials->is_list)
		return add_kubeconfig(reading, path, roots, merged, err);
	for (;; path++) {
		size_t length = strcspn(path, ":");
		const char *one = arena_copy(&reading->arena, path, length);

		path += length;
		if (length > 0 && !is_nothing(one)) {
			if (n_files++ >= CREDENTIALS_KUBECONFIGS_MAX)
				return err_set(err, ERR_LIMIT,
				               "KUBECONFIG: expected at most %d files",
				               CREDENTIALS_KUBECONFIGS_MAX);
			if (!add_kubeconfig(reading, one, roots, merged, err))
				return false;
		}
		if (!*path)
			break;
	}
	if (n_files == 0)
		return err_set(err, ERR_SYSTEM, "%s: No such file or directory",
		               credentials->kubeconfig);
	return true;
}

static bool read_kubeconfig(const struct credentials *credentials, struct reading *reading,
                            struct err *err)
{
	struct kube_kubeconfig config = {0};
	json_t *roots = json_array();
	json_t *merged = json_object();
	bool is_fine;

	if (!roots || !merged)
		abort();
	is_fine = add_kubeconfigs(credentials, reading, roots, merged, err);
	if (is_fine) {
		is_fine = kube_kubeconfig_read(merged, credentials->context, &reading->arena,
		                               &config, err) ||
		          err_wrap(err, "%s", credentials->kubeconfig);
	}
	if (is_fine) {
		is_fine = use_config(credentials, reading, &config, err);
		kube_kubeconfig_wipe(&config);
	}
	credentials_file_wipe_tree(roots);
	json_decref(merged);
	json_decref(roots);
	return is_fine;
}

/* Read everything anew; what was read before stays in use when that fails. */
static bool read_all(struct credentials *credentials, struct err *err)
{
	struct reading fresh;
	bool is_fine;

	reading_init(&fresh);
	is_fine = credentials->directory ? read_pod(credentials, &fresh, err)
	                                 : read_kubeconfig(credentials, &fresh, err);
	if (!is_fine) {
		reading_fini(&fresh);
		return false;
	}
	reading_fini(&credentials->now);
	credentials->now = fresh;
	return true;
}

static bool has_changed(const struct credentials *credentials)
{
	for (size_t i = 0; i < credentials->now.n_files; i++)
		if (credentials_file_has_changed(&credentials->now.files[i]))
			return true;
	return false;
}

/* What a plugin gave is over. */
static bool has_expired(const struct credentials *credentials)
{
	const struct reading *reading = &credentials->now;

	return reading->has_plugin && instant_is_set(reading->expires) &&
	       !instant_is_before(loop_now(credentials->loop), reading->expires);
}

static char *copy(const char *text)
{
	char *ret = strdup(text ? text : "");

	if (!ret)
		abort();
	return ret;
}

static struct credentials *begin(struct loop *loop)
{
	struct credentials *credentials = calloc(1, sizeof(*credentials));

	if (!credentials)
		abort();
	credentials->loop = loop;
	credentials->checked_at = loop_uptime(loop);
	reading_init(&credentials->now);
	return credentials;
}

struct credentials *credentials_new_pod(struct loop *loop, const char *directory, const char *host,
                                        const char *port, struct err *err)
{
	struct credentials *credentials;
	bool is_v6;
	int length;

	if (!host || !*host || !port || !*port) {
		(void)err_set(err, ERR_INVALID,
		              "no cluster: expected KUBERNETES_SERVICE_HOST and "
		              "KUBERNETES_SERVICE_PORT as in a pod, or --kubeconfig");
		return NULL;
	}
	credentials = begin(loop);
	credentials->directory = copy(directory);
	is_v6 = strchr(host, ':') && host[0] != '[';
	length = asprintf(&credentials->server, "https://%s%s%s:%s", is_v6 ? "[" : "", host,
	                  is_v6 ? "]" : "", port);
	if (length < 0)
		abort();
	if (!read_all(credentials, err))
		return credentials_free(credentials);
	return credentials;
}

struct credentials *credentials_new_person(struct loop *loop,
                                           const struct credentials_person *person, struct err *err)
{
	struct credentials *credentials = begin(loop);

	credentials->kubeconfig = copy(person->paths);
	credentials->context = copy(person->context);
	credentials->is_list = person->is_list;
	credentials->can_run = person->can_run;
	credentials->has_terminal = person->has_terminal;
	credentials->patience = person->patience;
	if (!read_all(credentials, err))
		return credentials_free(credentials);
	return credentials;
}

struct credentials *credentials_new_kubeconfig(struct loop *loop, const char *path,
                                               const char *context, struct err *err)
{
	const struct credentials_person person = {.paths = path, .context = context};

	return credentials_new_person(loop, &person, err);
}

struct credentials *credentials_new(struct loop *loop, const char *path, const char *context,
                                    struct err *err)
{
	const char *from_environment = getenv("KUBECONFIG");

	if (path && *path)
		return credentials_new_kubeconfig(loop, path, context, err);
	if (from_environment && *from_environment)
		return credentials_new_person(loop,
		                              &(struct credentials_person){
						      .paths = from_environment,
						      .is_list = true,
						      .context = context,
					      },
		                              err);
	return credentials_new_pod(loop, CREDENTIALS_POD_DIRECTORY,
	                           getenv("KUBERNETES_SERVICE_HOST"),
	                           getenv("KUBERNETES_SERVICE_PORT"), err);
}

struct credentials *credentials_free(struct credentials *credentials)
{
	if (!credentials)
		return NULL;
	reading_fini(&credentials->now);
	free(credentials->directory);
	free(credentials->kubeconfig);
	free(credentials->server);
	free(credentials->context);
	free(credentials);
	return NULL;
}

const struct credentials_view *credentials_get(struct credentials *credentials)
{
	struct span now = loop_uptime(credentials->loop);
	struct span every = span_seconds(CREDENTIALS_CHECK_EVERY);
	struct err err = {0};

	bool is_over = has_expired(credentials);

	if (!is_over && !credentials->is_suspect && now.ms - credentials->checked_at.ms < every.ms)
		return &credentials->now.view;
	is_over = is_over || (credentials->is_suspect && credentials->now.has_plugin);
	credentials->checked_at = now;
	credentials->is_suspect = false;
	if (is_over || has_changed(credentials)) {
		(void)read_all(credentials, &err);
		(void)snprintf(credentials->trouble, sizeof(credentials->trouble), "%s", err.text);
	}
	return &credentials->now.view;
}

void credentials_refused(struct credentials *credentials)
{
	credentials->is_suspect = true;
}

const char *credentials_trouble(const struct credentials *credentials)
{
	return credentials->trouble;
}

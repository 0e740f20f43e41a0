#include "providers/kube/kubeconfig.h"

#include "providers/kube/kubeconfig_plugin.h"

#include <string.h>

#define BASE64_BITS 6
#define BYTE_BITS   8

/* One entry of a named list ("clusters"), and the path that errors about it start with. */
struct entry {
	const json_t *body;
	const char *path;
};

static const char *kind_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "a map";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "text";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "a boolean";
	case JSON_NULL:
		break;
	}
	return "nothing";
}

/* A text field, "" when absent or null. Its value may be secret and never goes into an error. */
static bool read_text(const struct entry *entry, const char *key, const char **ret, struct err *err)
{
	const json_t *value = json_object_get(entry->body, key);

	if (value && !json_is_string(value) && !json_is_null(value))
		return err_set(err, ERR_INVALID, "%s.%s: expected text, got %s", entry->path, key,
		               kind_name(value));
	*ret = json_is_string(value) ? json_string_value(value) : "";
	return true;
}

static bool copy_text(const struct entry *entry, const char *key, struct arena *arena, char **ret,
                      struct err *err)
{
	const char *text;

	if (!read_text(entry, key, &text, err))
		return false;
	*ret = arena_text(arena, text);
	return true;
}

static bool read_flag(const struct entry *entry, const char *key, bool *ret, struct err *err)
{
	const json_t *value = json_object_get(entry->body, key);

	if (value && !json_is_boolean(value) && !json_is_null(value))
		return err_set(err, ERR_INVALID, "%s.%s: expected true or false, got %s",
		               entry->path, key, kind_name(value));
	*ret = json_is_true(value);
	return true;
}

/* The body named BODY of the element called NAME of the list LIST: clusters[i].cluster. */
static bool find_entry(const json_t *root, const char *list, const char *body, const char *name,
                       struct arena *arena, struct entry *ret, struct err *err)
{
	const json_t *elements = json_object_get(root, list);
	size_t n_elements = json_array_size(elements);

	for (size_t i = 0; i < n_elements; i++) {
		const json_t *element = json_array_get(elements, i);
		const char *its_name = json_string_value(json_object_get(element, "name"));

		if (!its_name || strcmp(its_name, name) != 0)
			continue;
		ret->path = arena_format(arena, "$.%s[%zu].%s", list, i, body);
		ret->body = json_object_get(element, body);
		if (json_is_object(ret->body))
			return true;
		return err_set(err, ERR_INVALID, "%s: expected a map", ret->path);
	}
	return err_set(err, ERR_INVALID, "$.%s: expected one named \"%s\", got %zu others", list,
	               name, n_elements);
}

static int base64_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Decode standard base64; line breaks are skipped, the padding is optional. */
static bool decode_base64(const char *text, struct arena *arena, struct kube_kubeconfig_item *ret)
{
	size_t length = strlen(text);
	char *bytes = arena_alloc(arena, length / 4 * 3 + 4);
	unsigned int bits = 0;
	unsigned int n_bits = 0;
	size_t used = 0;

	while (length > 0 && strchr("=\r\n ", text[length - 1]))
		length--;
	for (size_t i = 0; i < length; i++) {
		int value = base64_value(text[i]);

		if (text[i] == '\n' || text[i] == '\r')
			continue;
		if (value < 0)
			return false;
		bits = bits << BASE64_BITS | (unsigned int)value;
		n_bits += BASE64_BITS;
		if (n_bits < BYTE_BITS)
			continue;
		n_bits -= BYTE_BITS;
		bytes[used++] = (char)(unsigned char)(bits >> n_bits & 0xff);
		bits &= (1U << n_bits) - 1;
	}
	if (n_bits == BASE64_BITS) /* one digit alone says nothing */
		return false;
	bytes[used] = '\0';
	ret->bytes = bytes;
	ret->length = used;
	ret->path = NULL;
	return true;
}

/* KEY-data wins over KEY, as in kubectl. */
static bool read_item(const struct entry *entry, const char *key, struct arena *arena,
                      struct kube_kubeconfig_item *ret, struct err *err)
{
	const char *data_key = arena_format(arena, "%s-data", key);
	const char *data;
	const char *path;

	if (!read_text(entry, data_key, &data, err) || !read_text(entry, key, &path, err))
		return false;
	if (*data && !decode_base64(data, arena, ret))
		return err_set(err, ERR_INVALID, "%s.%s: expected base64", entry->path, data_key);
	if (!*data && *path)
		ret->path = arena_text(arena, path);
	return true;
}

static bool read_server(const struct entry *entry, struct arena *arena, char **ret, struct err *err)
{
	char *server;
	size_t length;

	if (!copy_text(entry, "server", arena, &server, err))
		return false;
	if (strncmp(server, "https://", 8) != 0 && strncmp(server, "http://", 7) != 0)
		return err_set(err, ERR_INVALID,
		               "%s.server: expected an http or https address, got \"%s\"",
		               entry->path, server);
	for (length = strlen(server); length > 0 && server[length - 1] == '/'; length--)
		server[length - 1] = '\0';
	*ret = server;
	return true;
}

static bool read_proxy(const struct entry *entry, struct arena *arena, char **ret, struct err *err)
{
	static const char *const schemes[] = {"http://", "https://", "socks5://"};
	char *proxy;

	if (!copy_text(entry, "proxy-url", arena, &proxy, err))
		return false;
	*ret = proxy;
	if (!*proxy)
		return true;
	for (size_t i = 0; i < array_length(schemes); i++)
		if (strncmp(proxy, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return err_set(err, ERR_INVALID, "%s.proxy-url: expected an http, https or socks5 address",
	               entry->path);
}

static bool read_cluster(const struct entry *entry, struct arena *arena,
                         struct kube_kubeconfig *ret, struct err *err)
{
	if (!read_proxy(entry, arena, &ret->proxy_url, err))
		return false;
	return read_server(entry, arena, &ret->server, err) &&
	       copy_text(entry, "tls-server-name", arena, &ret->tls_server_name, err) &&
	       read_flag(entry, "insecure-skip-tls-verify", &ret->is_insecure, err) &&
	       read_item(entry, "certificate-authority", arena, &ret->ca, err);
}

/* A token in place wins over a token's file here; kubectl lets the file win only because it is read
 * anew. */
static bool read_token(const struct entry *entry, struct arena *arena,
                       struct kube_kubeconfig_item *ret, struct err *err)
{
	const char *token;
	const char *path;

	if (!read_text(entry, "token", &token, err) || !read_text(entry, "tokenFile", &path, err))
		return false;
	if (*path)
		ret->path = arena_text(arena, path);
	else if (*token) {
		ret->bytes = arena_text(arena, token);
		ret->length = strlen(token);
	}
	return true;
}

static bool read_user(const struct entry *entry, struct arena *arena, struct kube_kubeconfig *ret,
                      struct err *err)
{
	static const char *const refused[] = {"auth-provider", "as"};

	for (size_t i = 0; i < array_length(refused); i++) {
		if (!json_object_get(entry->body, refused[i]))
			continue;
		return err_set(err, ERR_INVALID,
		               "%s.%s: not served; use token, tokenFile, a client certificate, "
		               "username and password, or exec",
		               entry->path, refused[i]);
	}
	return read_token(entry, arena, &ret->token, err) &&
	       read_item(entry, "client-certificate", arena, &ret->certificate, err) &&
	       read_item(entry, "client-key", arena, &ret->key, err) &&
	       copy_text(entry, "username", arena, &ret->username, err) &&
	       copy_text(entry, "password", arena, &ret->password, err) &&
	       kube_kubeconfig_plugin_read(entry->body, entry->path, arena, &ret->plugin, err);
}

static bool has_item(const struct kube_kubeconfig_item *item)
{
	return item->bytes || item->path;
}

static bool check_whole(const struct kube_kubeconfig *config, const char *user_path,
                        struct err *err)
{
	if (has_item(&config->certificate) != has_item(&config->key))
		return err_set(err, ERR_INVALID,
		               "%s: expected client-certificate and client-key together",
		               user_path);
	return true;
}

bool kube_kubeconfig_read(const json_t *root, const char *context, struct arena *arena,
                          struct kube_kubeconfig *ret, struct err *err)
{
	struct kube_kubeconfig config = {0};
	struct entry top = {root, "$"};
	struct entry at;
	const json_t *cluster_body;
	const char *cluster;
	const char *user;

	if (!json_is_object(root))
		return err_set(err, ERR_INVALID, "$: expected a kubeconfig");
	if (!context || !*context) {
		if (!read_text(&top, "current-context", &context, err))
			return false;
		if (!*context)
			return err_set(err, ERR_INVALID, "$.current-context: expected a name");
	}
	if (!find_entry(root, "contexts", "context", context, arena, &at, err) ||
	    !read_text(&at, "cluster", &cluster, err) || !read_text(&at, "user", &user, err) ||
	    !copy_text(&at, "namespace", arena, &config.k8s_namespace, err) ||
	    !find_entry(root, "clusters", "cluster", cluster, arena, &at, err) ||
	    !read_cluster(&at, arena, &config, err))
		return false;
	cluster_body = at.body;
	config.username = arena_text(arena, "");
	config.password = arena_text(arena, "");
	at = (struct entry){NULL, "$.users"};
	if (*user && (!find_entry(root, "users", "user", user, arena, &at, err) ||
	              !read_user(&at, arena, &config, err)))
		return false;
	if (!check_whole(&config, at.path, err))
		return false;
	if (config.plugin.path)
		kube_kubeconfig_plugin_cluster(cluster_body, arena, &config.plugin);
	*ret = config;
	return true;
}

static void wipe_item(struct kube_kubeconfig_item *item)
{
	if (item->bytes)
		explicit_bzero(item->bytes, item->length);
	*item = (struct kube_kubeconfig_item){0};
}

void kube_kubeconfig_wipe(struct kube_kubeconfig *config)
{
	wipe_item(&config->token);
	wipe_item(&config->key);
	if (config->password)
		explicit_bzero(config->password, strlen(config->password));
}

#include "providers/kube/kubeconfig_plugin.h"

#include "providers/kube/tree.h"
#include "providers/wire/field.h"
#include "providers/wire/tree.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define EXTENSION "client.authentication.k8s.io/exec"
#define V1        "client.authentication.k8s.io/v1"
#define V1BETA1   "client.authentication.k8s.io/v1beta1"
#define KIND      "ExecCredential"
#define TEXT_MAX  (64 * 1024) /* bytes of an argument or a value */

static bool read_version(const struct field *exec, struct arena *arena,
                         struct kube_kubeconfig_plugin *ret, struct err *err)
{
	struct field version = field_member(exec, "apiVersion");

	if (!field_text(&version, TEXT_MAX, arena, &ret->api_version, err))
		return false;
	if (strcmp(ret->api_version, V1) == 0 || strcmp(ret->api_version, V1BETA1) == 0)
		return true;
	return field_expect(&version, V1 " or " V1BETA1, err);
}

static bool read_interactive(const struct field *exec, struct arena *arena,
                             struct kube_kubeconfig_plugin *ret, struct err *err)
{
	struct field mode = field_member(exec, "interactiveMode");
	const char *text = "";

	if (!field_optional_text(&mode, TEXT_MAX, arena, &text, err))
		return false;
	if (strcmp(text, "Never") == 0)
		ret->interactive = KUBE_KUBECONFIG_NEVER;
	else if (strcmp(text, "Always") == 0)
		ret->interactive = KUBE_KUBECONFIG_ALWAYS;
	else if (strcmp(text, "IfAvailable") == 0)
		ret->interactive = KUBE_KUBECONFIG_IF_AVAILABLE;
	else if (!*text && strcmp(ret->api_version, V1BETA1) == 0)
		ret->interactive = KUBE_KUBECONFIG_IF_AVAILABLE; /* only v1 has no default */
	else
		return field_expect(&mode, "Never, IfAvailable or Always", err);
	return true;
}

static bool read_args(const struct field *exec, struct arena *arena,
                      struct kube_kubeconfig_plugin *ret, struct err *err)
{
	struct field args = field_member(exec, "args");
	size_t n_args = 0;

	if (field_is_absent(&args))
		return true;
	if (!field_list(&args, KUBE_KUBECONFIG_WORDS_MAX, &n_args, err))
		return false;
	for (size_t i = 0; i < n_args; i++) {
		struct field arg = field_element(&args, i);

		if (!field_text(&arg, TEXT_MAX, arena, &ret->args[i], err))
			return false;
	}
	ret->n_args = n_args;
	return true;
}

static bool read_variables(const struct field *exec, struct arena *arena,
                           struct kube_kubeconfig_plugin *ret, struct err *err)
{
	struct field env = field_member(exec, "env");
	size_t n_variables = 0;

	if (field_is_absent(&env))
		return true;
	if (!field_list(&env, KUBE_KUBECONFIG_WORDS_MAX, &n_variables, err))
		return false;
	for (size_t i = 0; i < n_variables; i++) {
		struct field variable = field_element(&env, i);
		struct field name = field_member(&variable, "name");
		struct field value = field_member(&variable, "value");

		ret->values[i] = "";
		if (!field_text(&name, TEXT_MAX, arena, &ret->names[i], err) ||
		    !field_optional_text(&value, TEXT_MAX, arena, &ret->values[i], err))
			return false;
		if (!*ret->names[i] || strchr(ret->names[i], '='))
			return field_expect(&name, "the name of a variable", err);
	}
	ret->n_variables = n_variables;
	return true;
}

bool kube_kubeconfig_plugin_read(const json_t *user, const char *path, struct arena *arena,
                                 struct kube_kubeconfig_plugin *ret, struct err *err)
{
	struct field root = field_root(user, path);
	struct field exec = field_member(&root, "exec");
	struct field command = field_member(&exec, "command");
	struct field hint = field_member(&exec, "installHint");
	struct field wants = field_member(&exec, "provideClusterInfo");
	struct kube_kubeconfig_plugin plugin = {.install_hint = "", .cluster_config = ""};

	if (field_is_absent(&exec))
		return true;
	if (!field_object(&exec, err) ||
	    !field_text(&command, TEXT_MAX, arena, &plugin.command, err))
		return false;
	if (!*plugin.command)
		return field_expect(&command, "a program", err);
	if (!read_version(&exec, arena, &plugin, err) ||
	    !read_interactive(&exec, arena, &plugin, err) ||
	    !read_args(&exec, arena, &plugin, err) || !read_variables(&exec, arena, &plugin, err) ||
	    !field_optional_text(&hint, TEXT_MAX, arena, &plugin.install_hint, err) ||
	    !field_optional_flag(&wants, &plugin.wants_cluster, err))
		return false;
	plugin.path = arena_format(arena, "%s.exec", path);
	*ret = plugin;
	return true;
}

void kube_kubeconfig_plugin_cluster(const json_t *cluster, struct arena *arena,
                                    struct kube_kubeconfig_plugin *ret)
{
	const json_t *extensions = json_object_get(cluster, "extensions");

	for (size_t i = 0; i < json_array_size(extensions); i++) {
		const json_t *extension = json_array_get(extensions, i);
		CLEANUP(tree_text_freep) char *text = NULL;

		if (strcmp(kube_tree_text(extension, "name"), EXTENSION) != 0)
			continue;
		text = tree_text(json_object_get(extension, "extension"));
		if (text)
			ret->cluster_config = arena_text(arena, text);
		return;
	}
}

static json_t *base64_tree(const char *bytes, size_t length)
{
	size_t size = (length + 2) / 3 * 4 + 1;
	unsigned char *text = malloc(size);
	json_t *tree;

	if (!text)
		abort();
	(void)EVP_EncodeBlock(text, (const unsigned char *)bytes, (int)length);
	tree = json_string((const char *)text);
	free(text);
	return tree;
}

static json_t *cluster_tree(const struct kube_kubeconfig *config, const char *ca, size_t ca_length)
{
	json_t *cluster = kube_tree_object();

	kube_tree_set_text(cluster, "server", config->server);
	if (*config->tls_server_name)
		kube_tree_set_text(cluster, "tls-server-name", config->tls_server_name);
	if (config->is_insecure)
		kube_tree_set(cluster, "insecure-skip-tls-verify", json_true());
	if (ca_length > 0)
		kube_tree_set(cluster, "certificate-authority-data", base64_tree(ca, ca_length));
	if (*config->proxy_url)
		kube_tree_set_text(cluster, "proxy-url", config->proxy_url);
	if (*config->plugin.cluster_config)
		kube_tree_set(cluster, "config",
		              json_loads(config->plugin.cluster_config, JSON_DECODE_ANY, NULL));
	return cluster;
}

const char *kube_kubeconfig_plugin_told(const struct kube_kubeconfig *config, const char *ca,
                                        size_t ca_length, bool is_interactive, struct arena *arena)
{
	CLEANUP(tree_freep) json_t *root = kube_tree_object();
	CLEANUP(tree_text_freep) char *text = NULL;
	json_t *spec = kube_tree_object();

	kube_tree_set(spec, "interactive", json_boolean(is_interactive));
	if (config->plugin.wants_cluster)
		kube_tree_set(spec, "cluster", cluster_tree(config, ca, ca_length));
	kube_tree_set_text(root, "kind", KIND);
	kube_tree_set_text(root, "apiVersion", config->plugin.api_version);
	kube_tree_set(root, "spec", spec);
	text = tree_text(root);
	return arena_text(arena, text ? text : "{}");
}

bool kube_kubeconfig_plugin_login(const struct kube_kubeconfig_plugin *plugin, const json_t *root,
                                  struct kube_kubeconfig_login *ret, struct err *err)
{
	struct kube_kubeconfig_login login = {
		.token = kube_tree_text(root, "status/token"),
		.certificate = kube_tree_text(root, "status/clientCertificateData"),
		.key = kube_tree_text(root, "status/clientKeyData"),
	};
	const char *expires = kube_tree_text(root, "status/expirationTimestamp");

	if (strcmp(kube_tree_text(root, "kind"), KIND) != 0)
		return err_set(err, ERR_INVALID, "kind: expected " KIND ", got something else");
	if (strcmp(kube_tree_text(root, "apiVersion"), plugin->api_version) != 0)
		return err_set(err, ERR_INVALID, "apiVersion: expected %s, got something else",
		               plugin->api_version);
	if (!*login.token && !*login.certificate)
		return err_set(err, ERR_INVALID,
		               "status: expected a token or a client certificate, got neither");
	if (!*login.certificate != !*login.key)
		return err_set(err, ERR_INVALID,
		               "status: expected clientCertificateData and clientKeyData together");
	if (*expires && !instant_parse(expires, &login.expires, err))
		return err_wrap(err, "status.expirationTimestamp");
	*ret = login;
	return true;
}

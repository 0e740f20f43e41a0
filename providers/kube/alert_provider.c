#include "providers/kube/alert_provider.h"

#include "providers/kube/node.h"
#include "providers/kube/secret.h"
#include "providers/wire/url.h"

#include <string.h>

#define WORD_MAX         64
#define TEXT_MAX         256
#define DEFAULT_CHANNEL  "general"
#define DEFAULT_USERNAME "flagger"

static bool type_refuse(const struct field *node, const char *type, struct err *err)
{
	const char *meant = notifier_nearest(type);
	struct err plain;

	if (!meant)
		return field_expect(node, notifier_names, err);
	(void)field_expect(node, notifier_names, &plain);
	return err_set(err, ERR_INVALID, "%s; did you mean \"%s\"?", plain.text, meant);
}

static bool type_read(const struct field *spec, struct arena *arena, const char **ret,
                      struct err *err)
{
	struct field node = field_member(spec, "type");
	const char *type = "";

	if (!kube_node_text(&node, WORD_MAX, &type, err))
		return false;
	if (!notifier_find(type))
		return type_refuse(&node, type, err);
	*ret = arena_text(arena, type);
	return true;
}

/* An address; what is in it is not shown. */
static bool url_read(const struct field *node, struct arena *arena, const char **ret,
                     struct err *err)
{
	const char *text = NULL;

	if (!kube_node_text(node, URL_TEXT_MAX, &text, err))
		return false;
	if (!text || !*text)
		return true;
	if (!url_check(text, NULL))
		return field_refuse(node, err, ERR_INVALID,
		                    "expected a URL that begins with http:// or https://");
	*ret = arena_text(arena, text);
	return true;
}

static bool text_read(const struct field *spec, const char *key, struct arena *arena,
                      const char **ret, struct err *err)
{
	struct field node = field_member(spec, key);
	const char *text = NULL;

	if (!kube_node_text(&node, TEXT_MAX, &text, err))
		return false;
	if (text && *text)
		*ret = arena_text(arena, text);
	return true;
}

bool kube_alert_provider_read(const json_t *object, struct arena *arena,
                              struct kube_alert_provider *ret, struct err *err)
{
	struct field root = field_root(object, "");
	struct field spec = field_member(&root, "spec");
	struct field address = field_member(&spec, "address");
	struct field proxy = field_member(&spec, "proxy");
	struct kube_alert_provider found = {
		.receiver =
			{
				.address = "",
				.channel = DEFAULT_CHANNEL,
				.username = DEFAULT_USERNAME,
			},
	};

	if (!json_is_object(spec.json))
		return field_expect(&spec, "an object with type, and address or secretRef", err);
	if (!type_read(&spec, arena, &found.receiver.type, err) ||
	    !url_read(&address, arena, &found.receiver.address, err) ||
	    !kube_secret_ref_read(&spec, arena, &found.secret, err) ||
	    !text_read(&spec, "channel", arena, &found.receiver.channel, err) ||
	    !text_read(&spec, "username", arena, &found.receiver.username, err) ||
	    !url_read(&proxy, arena, &found.receiver.proxy, err))
		return false;
	if (!found.secret && !*found.receiver.address)
		return field_refuse(&address, err, ERR_INVALID,
		                    "expected a URL here or a Secret with one in secretRef, got "
		                    "neither");
	*ret = found;
	return true;
}

bool kube_alert_provider_secret_read(const json_t *secret, struct arena *arena,
                                     struct kube_alert_provider *ret, struct err *err)
{
	const char *address = NULL;
	const char *token = NULL;

	if (!kube_secret_read(secret, "address", arena, &address, err) ||
	    !kube_secret_read(secret, "token", arena, &token, err))
		return false;
	if (!address)
		return err_set(err, ERR_INVALID, "data.address: expected a URL, got nothing");
	ret->receiver.address = address;
	ret->receiver.token = token;
	return true;
}

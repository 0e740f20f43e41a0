#include "providers/kube/canary_alert.h"

#include "providers/kube/canary_analysis.h"

#include <string.h>

#define NAME_LENGTH_MAX 253
#define WORD_MAX        64
#define FNV_BASIS       0xcbf29ce484222325U
#define FNV_PRIME       0x100000001b3U

/* Flagger's documents say that none is info, and its code that none is never (D-23). */
static enum severity severity_of(const char *word)
{
	return *word ? severity_find(word) : SEVERITY_INFO;
}

static uint64_t hash(uint64_t before, const char *text)
{
	/* With its NUL, so that no two lists of texts look alike. */
	for (size_t i = 0; i <= strlen(text); i++)
		before = (before ^ (unsigned char)text[i]) * FNV_PRIME;
	return before;
}

static uint64_t receiver_of(const struct kube_alert *alert, size_t index)
{
	uint64_t receiver = FNV_BASIS ^ index;

	receiver = hash(receiver, severity_name(alert->severity));
	receiver = hash(receiver, alert->provider ? alert->provider : "");
	receiver = hash(receiver, alert->k8s_namespace ? alert->k8s_namespace : "");
	return receiver ? receiver : 1;
}

static bool entry_read(const struct field *entry, struct kube_alert *ret, struct err *err)
{
	struct field name = field_member(entry, "name");
	struct field severity = field_member(entry, "severity");
	struct field ref = field_member(entry, "providerRef");
	struct field provider = field_member(&ref, "name");
	struct field space = field_member(&ref, "namespace");
	const char *text = "";
	const char *word = "";

	*ret = (struct kube_alert){0};
	if (!kube_node_text(&name, NAME_LENGTH_MAX, &text, err) ||
	    !kube_node_text(&severity, WORD_MAX, &word, err))
		return false;
	ret->severity = severity_of(word);
	if (ret->severity == SEVERITY_NONE)
		return field_expect(&severity, "info, warn or error", err);
	if (!kube_node_object(&ref, err) ||
	    !kube_node_name(&provider, NAME_LENGTH_MAX, &ret->provider, err))
		return false;
	if (!ret->provider)
		return field_expect(&provider, "the name of an AlertProvider", err);
	text = "";
	if (!kube_node_text(&space, WORD_MAX, &text, err))
		return false;
	return !*text || kube_node_label(&space, WORD_MAX, &ret->k8s_namespace, err);
}

static void add(struct canary_spec *spec, const struct kube_alert *alert)
{
	spec->alerts[spec->n_alerts] = (struct alert_spec){
		.severity = alert->severity,
		.receiver = receiver_of(alert, spec->n_alerts),
	};
	spec->n_alerts++;
}

bool kube_canary_alert_read(const struct field *analysis, const struct provider_options *options,
                            struct kube_canary *canary, struct err *err)
{
	struct field list = field_member(analysis, "alerts");
	struct kube_alert alert = {.severity = SEVERITY_INFO};
	size_t n_alerts;

	if (!kube_node_list(&list, SPEC_ALERTS_MAX, &n_alerts, err))
		return false;
	for (size_t i = 0; i < n_alerts; i++) {
		struct field entry = field_element(&list, i);

		if (!json_is_object(entry.json))
			return field_expect(&entry, "an object with a name and a providerRef", err);
		if (!entry_read(&entry, &alert, err))
			return false;
		add(&canary->spec, &alert);
	}
	if (n_alerts == 0 && options->notifier.type)
		add(&canary->spec, &alert);
	return true;
}

bool kube_canary_alert_find(const json_t *object, const struct provider_options *options,
                            size_t index, struct kube_alert *ret)
{
	struct field root = field_root(object, "");
	struct field spec = field_member(&root, "spec");
	struct field analysis = kube_canary_analysis_find(&spec);
	struct field list = field_member(&analysis, "alerts");
	struct field entry = field_element(&list, index);

	if (entry.json)
		return entry_read(&entry, ret, NULL);
	*ret = (struct kube_alert){.severity = SEVERITY_INFO};
	return index == 0 && options->notifier.type;
}

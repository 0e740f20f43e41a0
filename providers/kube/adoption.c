#include "providers/kube/adoption.h"

#include "analysis/base/text.h"
#include "providers/flagger_hash.h"
#include "providers/kube/api.h"
#include "providers/kube/config.h"
#include "providers/kube/mirror.h"
#include "providers/kube/owner.h"
#include "providers/kube/pod_template.h"
#include "providers/kube/service_target.h"
#include "providers/kube/tree.h"
#include "providers/kube/workload.h"

#include <string.h>

/* "cart-config-primary" */
static void copy_name(const json_t *reference, char ret[NAME_MAX_K8S])
{
	text_format(ret, NAME_MAX_K8S, "%s%s", kube_tree_text(reference, "name"),
	            KUBE_TEMPLATE_SUFFIX);
}

bool kube_adoption_is_copied(const json_t *primary, const json_t *reference)
{
	char name[NAME_MAX_K8S];

	copy_name(reference, name);
	return kube_config_is_used(primary, kube_tree_text(reference, "kind"), name);
}

/* What Flagger noted of REFERENCE when it looked last; "": nothing. */
static const char *noted(const json_t *tracked, const json_t *reference)
{
	char key[NAME_MAX_K8S + 16];

	kube_config_tracked_key(reference, key);
	return kube_tree_value(tracked, key);
}

/* Both hold the same data; that is all that Flagger copies. */
static bool is_same_data(const json_t *a, const json_t *b)
{
	char left[FLAGGER_CONFIG_MAX];
	char right[FLAGGER_CONFIG_MAX];

	flagger_hash_config(a, left);
	flagger_hash_config(b, right);
	return strcmp(left, right) == 0;
}

static bool is_seen(const struct kube_adoption_config *config)
{
	const char *note = noted(config->tracked, config->reference);
	char hash[FLAGGER_CONFIG_MAX];

	if (!config->tracked)
		return true; /* it does not look at them */
	if (!config->source)
		return note[0] == '\0';
	flagger_hash_config(config->source, hash);
	return strcmp(note, hash) == 0;
}

json_t *kube_adoption_entry(const struct canary_world *world, const json_t *primary,
                            const struct kube_adoption_config *config, bool *ret_is_seen)
{
	json_t *entry = kube_config_entry(world, config->reference, config->source);
	bool is_copied = kube_adoption_is_copied(primary, config->reference);
	char name[NAME_MAX_K8S];

	copy_name(config->reference, name);
	kube_tree_set_text(entry, "copy", is_copied ? name : "");
	if (is_copied && config->copy &&
	    (!config->source || !is_same_data(config->copy, config->source)))
		kube_config_describe(entry, config->copy);
	*ret_is_seen = is_seen(config);
	return entry;
}

/* TEMPLATE gives PRIMARY. */
static bool gives(const struct canary_world *world, const json_t *template, const json_t *primary,
                  const json_t *entries)
{
	json_auto_t *form = kube_pod_template_primary(world, template, entries, "");

	return kube_pod_template_is_same(form, primary);
}

bool kube_adoption_template(const struct canary_world *world, const json_t *target,
                            const json_t *primary, const json_t *entries, json_t **ret_template,
                            bool *ret_is_same, struct err *err)
{
	/* What a Service's primary has is its target's, as it is. */
	if (world->spec->target_kind == TARGET_SERVICE) {
		*ret_is_same = kube_pod_template_is_same(target, primary);
		*ret_template = kube_tree_copy(primary);
		(void)json_object_del(*ret_template, "metadata");
		return true;
	}
	*ret_is_same = gives(world, target, primary, entries);
	*ret_template =
		*ret_is_same ? kube_tree_copy(target) : kube_pod_template_target(world, primary);
	if (*ret_is_same || gives(world, *ret_template, primary, NULL))
		return true;
	json_decref(*ret_template);
	*ret_template = NULL;
	return err_set(err, ERR_INVALID,
	               "deployment %.100s.%.63s: its template is none that Flagger makes of a "
	               "target's",
	               world->spec->primary, world->spec->k8s_namespace);
}

bool kube_adoption_is_seen(const json_t *target, const json_t *status)
{
	const json_t *template = kube_tree_find(target, "spec/template");
	const char *applied = kube_tree_text(status, "lastAppliedSpec");
	const char *written = kube_owner_last_write(target, "f:spec/f:template");
	char hash[FLAGGER_HASH_MAX];
	char digest[DIGEST_MAX];
	size_t length;

	if (applied[0] == '\0')
		return false;
	if (!kube_service_target_is_view(target) &&
	    flagger_hash_template(template, kube_workload_is_daemon(target), hash, &length) &&
	    strcmp(hash, applied) == 0)
		return true;
	/* So an earlier agent of ours noted it. */
	if (kube_pod_template_digest(template, digest, NULL) && strcmp(digest, applied) == 0)
		return true;
	return strcmp(kube_tree_text(status, "phase"), "Failed") == 0 && written[0] &&
	       strcmp(written, kube_tree_text(status, "lastTransitionTime")) < 0;
}

bool kube_adoption_is_same(const json_t *status, const struct adoption *adoption)
{
	struct mirror_fact mirror;

	kube_mirror_read(status, &mirror);
	return strcmp(mirror.phase, adoption->phase) == 0 && mirror.weight == adoption->weight &&
	       mirror.iterations == adoption->iterations &&
	       mirror.failed_checks == adoption->failed_checks &&
	       strcmp(mirror.last_applied, adoption->last_applied) == 0 &&
	       strcmp(mirror.last_promoted, adoption->last_promoted) == 0;
}

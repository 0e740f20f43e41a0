#include "providers/kube/event.h"

#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/tree.h"

#include <inttypes.h>

/* Tools look for these words. */
#define REASON    "Synced"
#define COMPONENT "flagger"

static json_t *involved(const struct canary_world *world)
{
	const char *version = kube_tree_text(world->object, "metadata/resourceVersion");
	json_t *object = kube_tree_object();

	kube_tree_set_text(object, "apiVersion", kube_api_version(KUBE_CANARY));
	kube_tree_set_text(object, "kind", kube_api_kind(KUBE_CANARY));
	kube_tree_set_text(object, "name", kube_tree_text(world->object, "metadata/name"));
	kube_tree_set_text(object, "namespace",
	                   kube_tree_text(world->object, "metadata/namespace"));
	kube_tree_set_text(object, "uid", world->uid);
	if (version[0])
		kube_tree_set_text(object, "resourceVersion", version);
	return object;
}

json_t *kube_event_new(const struct canary_world *world, const struct notice *notice,
                       const char *release_uid, struct instant now)
{
	const char *canary = kube_tree_text(world->object, "metadata/name");
	json_t *event = kube_tree_object();
	json_t *metadata = kube_tree_object();
	json_t *source = kube_tree_object();
	char name[NAME_MAX_K8S];
	char time[INSTANT_TEXT_MAX];

	text_format(name, sizeof(name), "%.200s.%.8s-%" PRId64, canary, release_uid, notice->id);
	kube_tree_set_text(metadata, "name", name);
	kube_tree_set_text(metadata, "namespace",
	                   kube_tree_text(world->object, "metadata/namespace"));
	kube_tree_set_text(source, "component", COMPONENT);
	kube_tree_set_text(event, "apiVersion", kube_api_version(KUBE_EVENT));
	kube_tree_set_text(event, "kind", kube_api_kind(KUBE_EVENT));
	kube_tree_set(event, "metadata", metadata);
	kube_tree_set(event, "involvedObject", involved(world));
	kube_tree_set_text(event, "reason", REASON);
	kube_tree_set_text(event, "message", notice->text);
	kube_tree_set_text(event, "type", notice->is_warning ? "Warning" : "Normal");
	kube_tree_set(event, "source", source);
	kube_tree_set_text(event, "reportingComponent", COMPONENT);
	kube_tree_set_text(event, "reportingInstance", "");
	kube_tree_set_whole(event, "count", 1);
	if (instant_is_set(now)) {
		instant_format_seconds(now, time);
		kube_tree_set_text(event, "firstTimestamp", time);
		kube_tree_set_text(event, "lastTimestamp", time);
	}
	return event;
}

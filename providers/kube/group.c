#include "providers/kube/group.h"

#include "providers/kube/api.h"
#include "providers/kube/tree.h"

#include <string.h>

#define TIMEOUT span_seconds(10)

void kube_group_list(struct http_request *request)
{
	*request = (struct http_request){
		.peer = HTTP_PEER_KUBE,
		.method = HTTP_GET,
		.url = "/apis",
		.timeout = TIMEOUT,
		.reply_max = KUBE_API_OBJECT_MAX,
	};
	http_request_add(request, "Accept", "application/json");
}

json_t *kube_group_read(const struct http_reply *reply)
{
	json_t *list = NULL;
	json_t *groups;

	if (reply->error.kind == ERR_NONE && reply->status == 200)
		list = json_loadb(reply->body, reply->body_length, 0, NULL);
	groups = json_incref(kube_tree_find(list, "groups"));
	json_decref(list);
	if (json_is_array(groups))
		return groups;
	json_decref(groups);
	return NULL;
}

bool kube_group_has(const json_t *groups, const char *version)
{
	for (size_t i = 0; i < json_array_size(groups); i++) {
		const json_t *versions = kube_tree_find(json_array_get(groups, i), "versions");

		for (size_t j = 0; j < json_array_size(versions); j++) {
			if (strcmp(kube_tree_text(json_array_get(versions, j), "groupVersion"),
			           version) == 0)
				return true;
		}
	}
	return false;
}

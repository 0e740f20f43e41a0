/* A split of somebody else's, as tests of the history record it. */
#ifndef TESTS_AGENT_SPLIT_DESK_H
#define TESTS_AGENT_SPLIT_DESK_H

#include "agent/history.h"

#include <stdio.h>

/* VirtualService reviews of shop gives v1 this share in percent; 0: it is gone. */
static inline void split_desk_write(struct history *history, int percent)
{
	char text[256] = "{}";
	const struct history_split split = {
		.api = "networking.istio.io/v1beta1",
		.kind = "VirtualService",
		.k8s_namespace = "shop",
		.name = "reviews",
		.uid = "vs-1",
		.resource_version = "7",
		.author = percent ? "kubectl-edit" : "",
		.result = percent ? HISTORY_SPLIT_OBSERVED : HISTORY_SPLIT_REMOVED,
		.applied_at = {1763712060000},
		.seen_at = {1763712061000},
		.split = text,
	};

	if (percent)
		(void)snprintf(
			text, sizeof(text),
			"{\"rules\":[{\"backends\":[{\"name\":\"reviews/v1\",\"share\":%.2f,"
			"\"weight\":\"%d\"},{\"name\":\"reviews/v2\",\"share\":%.2f,\"weight\":"
			"\"%d\"}],\"name\":\"\"}]}",
			percent / 100.0, percent, (100 - percent) / 100.0, 100 - percent);
	history_split(history, &split);
}

#endif

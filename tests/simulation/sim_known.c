#include "tests/simulation/sim_known.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <stdlib.h>
#include <string.h>

static unsigned long long *row_of(struct sim_known *known, const char *who)
{
	size_t at;

	for (size_t i = 0; i < SIM_KNOWN_MAX; i++) {
		if (strcmp(known->rows[i].who, who) == 0)
			return &known->rows[i].version;
	}
	at = known->next++ % SIM_KNOWN_MAX;
	text_copy(known->rows[at].who, who);
	known->rows[at].version = 0;
	return &known->rows[at].version;
}

void sim_known_forget(struct sim_known *known, const char *canary_uid)
{
	size_t length = strlen(canary_uid);

	for (size_t i = 0; i < SIM_KNOWN_MAX; i++) {
		if (strncmp(known->rows[i].who, canary_uid, length) == 0)
			known->rows[i].version = 0;
	}
}

bool sim_known_begins(const json_t *facts, const char *plan, char *why, size_t size)
{
	const json_t *primary = json_object_get(facts, "primary");
	int replicas = kube_tree_whole(primary, "replicas", 0);
	int updated = kube_tree_whole(primary, "updated", 0);
	int available = kube_tree_whole(primary, "available", 0);

	if (!strstr(plan, "\"create release\"") ||
	    kube_tree_text(facts, "promoted/name")[0] == '\0' ||
	    (replicas > 0 && updated >= replicas && available >= replicas))
		return true;
	text_format(why, size, "run begins beside a primary with %d of %d pods, %d of them new",
	            available, replicas, updated);
	return false;
}

bool sim_known_note(struct sim_known *known, const char *canary_uid, json_t *facts, char *why,
                    size_t size)
{
	const char *subject;
	json_t *fact;

	json_object_foreach(facts, subject, fact)
	{
		unsigned long long version =
			strtoull(kube_tree_text(fact, "resourceVersion"), NULL, 10);
		unsigned long long *newest;
		char who[80];

		if (version == 0)
			continue;
		text_format(who, sizeof(who), "%s %s", canary_uid, kube_tree_text(fact, "uid"));
		newest = row_of(known, who);
		if (version < *newest) {
			text_format(why, size,
			            "%s is known as of %llu, after it was known as of %llu",
			            subject, version, *newest);
			return false;
		}
		*newest = version;
	}
	return true;
}

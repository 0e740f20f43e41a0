#include "analysis/rival.h"

#define REST_MAX_MS 30000
#define LEAVING_MS  1000

bool rival_fights(const struct thought *thought)
{
	const struct rival_fact *rival = &thought->facts->route.rival;

	return rival->edits > RIVAL_EDITS && thought_since(thought, rival->last).ms < RIVAL_MEMORY;
}

static struct span rest(int edits, bool is_leaving)
{
	int64_t ms = 1000;

	if (is_leaving)
		return span_ms(LEAVING_MS);
	for (int i = RIVAL_EDITS + 1; i < edits && ms < REST_MAX_MS; i++)
		ms *= 2;
	return span_ms(ms < REST_MAX_MS ? ms : REST_MAX_MS);
}

bool rival_allows(struct thought *thought, bool is_leaving)
{
	const struct rival_fact *rival = &thought->facts->route.rival;

	if (!rival_fights(thought) ||
	    thought_passed(thought, rival->last, rest(rival->edits, is_leaving)))
		return true;
	thought_because(
		thought,
		"%.100s changes the route again and again, %d times so far: it is put right "
		"with waits",
		rival_name(thought), rival->edits);
	return false;
}

static bool has_passed(const struct release_status *status)
{
	for (size_t i = 0; i < status->n_checks; i++) {
		if (status->checks[i].verdict != VERDICT_PASS)
			return false;
	}
	return true;
}

bool rival_lowered(const struct thought *thought)
{
	const struct release_status *status = &thought->facts->newest.status;
	int64_t seq = thought->facts->route.rival.lowered_seq;

	return seq != 0 && (seq == status->seq || !has_passed(status));
}

const char *rival_name(const struct thought *thought)
{
	const char *by = thought->facts->route.rival.by;

	return by[0] ? by : "another writer";
}

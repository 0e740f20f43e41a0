#include "analysis/affinity.h"

#include "analysis/base/text.h"

#include <string.h>

struct cookies affinity_cookies(const struct thought *thought, int weight)
{
	const struct facts *facts = thought->facts;
	struct cookies cookies = {0};

	if (!thought->spec->affinity.cookie)
		return cookies;
	if (cookie_is_set(&facts->newest.status.cookies.canary))
		cookies = facts->newest.status.cookies;
	else if (weight == 0)
		cookies = facts->former.cookies;
	if (weight == 0)
		cookies.primary = (struct cookie){0};
	return cookies;
}

void affinity_turn(const struct thought *thought, struct release_status *status)
{
	const struct affinity_spec *affinity = &thought->spec->affinity;
	const char *draw = thought->facts->draw;
	struct cookies *cookies = &status->cookies;

	if (!affinity->cookie || status->weight.to <= 0 || draw[0] == '\0')
		return;
	if (strcmp(cookies->canary.name, affinity->cookie) != 0) {
		cookies->earlier = cookies->canary;
		cookies->canary = cookie_of(affinity->cookie, draw);
	}
	cookies->primary = (struct cookie){0};
	if (affinity->primary_cookie)
		cookies->primary = cookie_of(affinity->primary_cookie, draw);
}

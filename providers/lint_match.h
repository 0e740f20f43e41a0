/* What deserves a word about the patterns that requests are matched with. */
#ifndef PROVIDERS_LINT_MATCH_H
#define PROVIDERS_LINT_MATCH_H

#include <jansson.h>
#include <stdbool.h>

typedef void lint_match_tell(void *user, const char *sentence, bool is_warning);

/*
 * Tell of each regex in spec.analysis.match and spec.service.match of a Canary: what only Perl's
 * family knows (the meshes have RE2), what may hold a proxy up, and a cookie that is missed when it
 * stands behind another one, for browsers send a blank after the semicolon. Patterns that cannot be
 * compiled are no warnings.
 */
void lint_match_check(const json_t *canary, lint_match_tell *tell, void *user);

#endif

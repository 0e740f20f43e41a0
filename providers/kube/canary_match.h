/* spec.analysis.match of a Canary with provider nginx: what two annotations can say, and no more.
 */
#ifndef PROVIDERS_KUBE_CANARY_MATCH_H
#define PROVIDERS_KUBE_CANARY_MATCH_H

#include "providers/kube/node.h"

#define KUBE_MATCH_ENTRIES_MAX 8
#define KUBE_MATCH_TEXT_MAX    1024 /* bytes of a header's name, value or pattern */

/*
 * Refuse what ingress-nginx cannot express: each entry is one header, at most one entry is a cookie
 * (exact: the cookie's name) and at most one another header (exact or regex). Header and cookie in
 * one entry would mean "both"; nginx would take either.
 */
bool kube_canary_match_check(const struct field *match, struct err *err);

#endif

/*
 * Forty mistakes that people make in a Canary, and the sentence they get for each: from `lint`, in
 * the Canary's condition and in its Event.
 */
#ifndef TESTS_PROVIDERS_MISTAKES_H
#define TESTS_PROVIDERS_MISTAKES_H

#include <stddef.h>

/* What spec.provider is expected to be, as refusals have it. */
#define MISTAKES_PROVIDERS \
 "expected one of gatewayapi, gatewayapi:v1, gatewayapi:v1beta1, istio, kubernetes, linkerd, nginx, osm, smi:v1alpha1, smi:v1alpha2, smi:v1alpha3 (others are not served yet)"

struct mistake {
	const char *found; /* what stands in mistakes_base, */
	const char *put;   /* and what somebody wrote there */
	size_t line;       /* where lint points */
	size_t column;
	const char *sentence; /* begins with the path */
};

/* A Canary without mistakes, in YAML. */
extern const char mistakes_base[];

extern const struct mistake mistakes_table[];
extern const size_t mistakes_n;

/* mistakes_base with the mistake in it; freed by the caller. Aborts unless `found` is there once.
 */
char *mistakes_text(const struct mistake *mistake);

#endif

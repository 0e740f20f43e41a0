/*
 * The hashes that Flagger 1.44 keeps in a Canary's status, so that what it has seen can be told
 * from what came after it: FNV-1a of Go's debug text, its digits as letters that are no words. The
 * text speaks of the compiled types, so other releases of Flagger have other hashes.
 */
#ifndef PROVIDERS_FLAGGER_HASH_H
#define PROVIDERS_FLAGGER_HASH_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define FLAGGER_HASH_MAX   16
#define FLAGGER_CONFIG_MAX 17

/* Of LENGTH bytes. */
void flagger_hash_text(const char *text, size_t length, char ret[FLAGGER_HASH_MAX]);

/*
 * status.lastAppliedSpec for a workload whose pod template is TEMPLATE, as an API server shows
 * it; of a DaemonSet (IS_DAEMON) that Flagger keeps without pods, as if it had them. False, and "",
 * when it holds what the text of is not known: a time, or a quantity that is no integer beside a
 * power of ten or two. RET_LENGTH: bytes of the text.
 */
bool flagger_hash_template(const json_t *template, bool is_daemon, char ret[FLAGGER_HASH_MAX],
                           size_t *ret_length);

/* Its value in status.trackedConfigs for OBJECT, a ConfigMap or Secret: of `data` alone. */
void flagger_hash_config(const json_t *object, char ret[FLAGGER_CONFIG_MAX]);

#endif

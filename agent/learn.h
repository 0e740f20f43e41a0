/* Answers and events become facts: the newest observation replaces an older one, never the other
 * way round. */
#ifndef AGENT_LEARN_H
#define AGENT_LEARN_H

#include "agent/canary.h"

/* What an effect led to. */
void learn_result(struct canary *canary, const struct effect *effect,
                  const struct act_result *result);

/* An object of the canary's world as a watch, a list or a reply shows it. OBJECT NULL: it is not
 * there. */
void learn_object(struct canary *canary, enum subject subject, const json_t *object);

/* The same of the object number INDEX beside the route. */
void learn_beside(struct canary *canary, size_t index, const json_t *object);

/* One Release, added or changed; IS_DELETED: it is gone. */
void learn_release(struct canary *canary, const json_t *object, bool is_deleted);

/*
 * A consistent list replaces everything known: begin, then learn_release for each, then end. In
 * between the canary is not thought about.
 */
void learn_releases_begin(struct canary *canary);
void learn_releases_end(struct canary *canary);

/* What a list said of them cannot be true: nothing is decided until they were read again. */
void learn_releases_anew(struct canary *canary);

/* The outcome of a write is not known: read the object once before anything else is planned for it.
 */
void learn_doubt(struct canary *canary, enum subject subject);

#endif

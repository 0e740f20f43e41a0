/*
 * Where a release comes from: its images, and what the annotations of its pod template say of the
 * source they were built from (docs/commands.md names them).
 */
#ifndef AGENT_COMMAND_COMMAND_SOURCE_H
#define AGENT_COMMAND_COMMAND_SOURCE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define COMMAND_SOURCE_COMMIT_MIN 7 /* digits of a commit that may be cut */

/* What is known of a template's source. */
enum command_source_fact {
	COMMAND_SOURCE_REPOSITORY,
	COMMAND_SOURCE_COMMIT,
	COMMAND_SOURCE_VERSION,
	COMMAND_SOURCE_AUTHOR,
	COMMAND_SOURCE_CHANGE, /* a pull or merge request */
	COMMAND_SOURCE_BUILD,
	COMMAND_SOURCE_CREATED,
	COMMAND_SOURCE_IMAGE_DIGEST, /* that its first pinned image is pinned to */
	COMMAND_SOURCE_FACTS,
};

/* "commit" */
const char *command_source_name(enum command_source_fact fact);

/* What RELEASE, as served, says; "" when it does not. Borrowed. */
const char *command_source_find(const json_t *release, enum command_source_fact fact);

/* One of its containers has this image: the whole reference, or from a name on ("cart:v2"). */
bool command_source_has_image(const json_t *release, const char *image);

/* One of its containers is pinned to this digest ("sha256:…"; the algorithm may be left out). */
bool command_source_has_digest(const json_t *release, const char *digest);

/* It was built from this commit: an annotation says so, or an image's tag. Either may be cut to
 * COMMAND_SOURCE_COMMIT_MIN digits. */
bool command_source_has_commit(const json_t *release, const char *commit);

#endif

#include "agent/command/command_source.h"

#include "analysis/base/compiler.h"
#include "providers/kube/tree.h"

#include <ctype.h>
#include <string.h>

#define KEYS_MAX 4

/* The annotation that counts, then those that others know it by. */
static const struct {
	const char *name;
	const char *keys[KEYS_MAX];
} facts[COMMAND_SOURCE_FACTS] = {
	[COMMAND_SOURCE_REPOSITORY] = {"repository",
                                       {"serin.dev/repository", "org.opencontainers.image.source",
                                        "org.label-schema.vcs-url"}},
	[COMMAND_SOURCE_COMMIT] = {"commit",
                                   {"serin.dev/commit", "org.opencontainers.image.revision",
                                    "org.label-schema.vcs-ref"}},
	[COMMAND_SOURCE_VERSION] = {"version",
                                    {"serin.dev/version", "org.opencontainers.image.version",
                                     "org.label-schema.version"}},
	[COMMAND_SOURCE_AUTHOR] = {"author",
                                   {"serin.dev/author", "org.opencontainers.image.authors"}},
	[COMMAND_SOURCE_CHANGE] = {"change", {"serin.dev/change"}},
	[COMMAND_SOURCE_BUILD] = {"build", {"serin.dev/build", "org.opencontainers.image.url"}},
	[COMMAND_SOURCE_CREATED] = {"created",
                                    {"serin.dev/created", "org.opencontainers.image.created",
                                     "org.label-schema.build-date"}},
	[COMMAND_SOURCE_IMAGE_DIGEST] = {"imageDigest", {"serin.dev/image-digest"}},
};

const char *command_source_name(enum command_source_fact fact)
{
	return facts[fact].name;
}

static const json_t *containers_of(const json_t *release)
{
	return kube_tree_find(release, "spec/template/spec/containers");
}

static const char *image_at(const json_t *containers, size_t index)
{
	return kube_tree_text(json_array_get(containers, index), "image");
}

/* "sha256:…" of the first image that is pinned. */
static const char *digest_of(const json_t *release)
{
	const json_t *containers = containers_of(release);

	for (size_t i = 0; i < json_array_size(containers); i++) {
		const char *at = strchr(image_at(containers, i), '@');

		if (at)
			return at + 1;
	}
	return "";
}

const char *command_source_find(const json_t *release, enum command_source_fact fact)
{
	const json_t *annotations = kube_tree_find(release, "spec/template/metadata/annotations");

	if (fact == COMMAND_SOURCE_IMAGE_DIGEST && *digest_of(release))
		return digest_of(release);
	for (size_t i = 0; i < KEYS_MAX && facts[fact].keys[i]; i++) {
		const char *text = kube_tree_value(annotations, facts[fact].keys[i]);

		if (*text)
			return text;
	}
	return "";
}

/* TEXT ends in END, from its beginning or after a '/'. */
static bool is_end(const char *text, size_t length, const char *end)
{
	size_t n = strlen(end);

	return n > 0 && n <= length && memcmp(text + length - n, end, n) == 0 &&
	       (n == length || text[length - n - 1] == '/');
}

bool command_source_has_image(const json_t *release, const char *image)
{
	const json_t *containers = containers_of(release);

	for (size_t i = 0; i < json_array_size(containers); i++) {
		const char *text = image_at(containers, i);

		/* with its digest, or only its name and tag */
		if (is_end(text, strlen(text), image) || is_end(text, strcspn(text, "@"), image))
			return true;
	}
	return false;
}

bool command_source_has_digest(const json_t *release, const char *digest)
{
	const json_t *containers = containers_of(release);

	for (size_t i = 0; i < json_array_size(containers); i++) {
		const char *at = strchr(image_at(containers, i), '@');
		const char *hex = at ? strchr(at, ':') : NULL;

		if (at && (strcmp(at + 1, digest) == 0 || (hex && strcmp(hex + 1, digest) == 0)))
			return true;
	}
	return false;
}

static bool is_same_commit(const char *one, const char *other)
{
	size_t n = strlen(one);
	size_t m = strlen(other);
	size_t least = n < m ? n : m;

	return least >= COMMAND_SOURCE_COMMIT_MIN && strncasecmp(one, other, least) == 0;
}

/* A word of hexadecimal digits in the image's tag is the commit: "sha-1a2b3c4", "main-1a2b3c4-12".
 */
static bool has_tag(const char *image, const char *commit)
{
	const char *slash = strrchr(image, '/');
	const char *at = strchr(slash ? slash : image, ':');
	char word[72];
	size_t n = 0;

	for (; at && *at && *at != '@'; at++) {
		if (isxdigit((unsigned char)at[1]) && n + 1 < sizeof(word)) {
			word[n++] = at[1];
			continue;
		}
		word[n] = '\0';
		if (is_same_commit(word, commit))
			return true;
		n = 0;
	}
	return false;
}

bool command_source_has_commit(const json_t *release, const char *commit)
{
	const json_t *containers = containers_of(release);

	if (is_same_commit(command_source_find(release, COMMAND_SOURCE_COMMIT), commit))
		return true;
	for (size_t i = 0; i < json_array_size(containers); i++) {
		if (has_tag(image_at(containers, i), commit))
			return true;
	}
	return false;
}

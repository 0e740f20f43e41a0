#include "agent/poison.h"

#include "analysis/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAGIC         "serin-poison-1"
#define KEY_MAX       128
#define ENTRIES_MAX   16
#define ABORTS_ENOUGH 2

struct entry {
	char key[KEY_MAX];
	uint32_t aborts;
};

/* The mapped bytes. */
struct page {
	char magic[16];
	char in_hand[KEY_MAX];
	struct entry entries[ENTRIES_MAX];
};

struct poison {
	struct page *page;
};

static void key_of(char *ret, const char *k8s_namespace, const char *name)
{
	text_format(ret, KEY_MAX, "%s/%s", k8s_namespace, name);
}

static struct entry *find(const struct poison *poison, const char *key)
{
	for (size_t i = 0; i < ENTRIES_MAX; i++) {
		if (strcmp(poison->page->entries[i].key, key) == 0)
			return &poison->page->entries[i];
	}
	return NULL;
}

/* The process before this one died with a canary in hand: count it. */
static void count_abort(struct poison *poison)
{
	struct page *page = poison->page;
	struct entry *entry;

	page->in_hand[KEY_MAX - 1] = '\0';
	if (page->in_hand[0] != '\0') {
		entry = find(poison, page->in_hand);
		if (!entry)
			entry = find(poison, "");
		if (!entry)
			entry = &page->entries[0];
		if (strcmp(entry->key, page->in_hand) != 0) {
			*entry = (struct entry){0};
			text_copy(entry->key, page->in_hand);
		}
		entry->aborts++;
	}
	page->in_hand[0] = '\0';
}

struct poison *poison_new(const char *path, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct poison *poison;
	void *page;

	if (fd < 0 || ftruncate(fd, sizeof(struct page)) != 0) {
		int cause = errno;

		if (fd >= 0)
			(void)close(fd);
		err_set(err, ERR_SYSTEM, "%s: %s", path, strerror(cause));
		return NULL;
	}
	page = mmap(NULL, sizeof(struct page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	if (page == MAP_FAILED) {
		err_set(err, ERR_SYSTEM, "map %s: %s", path, strerror(errno));
		return NULL;
	}
	poison = calloc(1, sizeof(*poison));
	if (!poison)
		abort();
	poison->page = page;
	if (memcmp(poison->page->magic, MAGIC, sizeof(MAGIC)) != 0) {
		memset(poison->page, 0, sizeof(*poison->page));
		memcpy(poison->page->magic, MAGIC, sizeof(MAGIC));
	}
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		poison->page->entries[i].key[KEY_MAX - 1] = '\0';
	count_abort(poison);
	return poison;
}

struct poison *poison_free(struct poison *poison)
{
	if (!poison)
		return NULL;
	(void)munmap(poison->page, sizeof(*poison->page));
	free(poison);
	return NULL;
}

void poison_enter(struct poison *poison, const char *k8s_namespace, const char *name)
{
	if (poison)
		key_of(poison->page->in_hand, k8s_namespace, name);
}

void poison_leave(struct poison *poison)
{
	if (poison)
		poison->page->in_hand[0] = '\0';
}

bool poison_is_quarantined(const struct poison *poison, const char *k8s_namespace, const char *name)
{
	char key[KEY_MAX];
	const struct entry *entry;

	if (!poison)
		return false;
	key_of(key, k8s_namespace, name);
	entry = find(poison, key);
	return entry && entry->aborts >= ABORTS_ENOUGH;
}

void poison_pardon(struct poison *poison, const char *k8s_namespace, const char *name)
{
	char key[KEY_MAX];
	struct entry *entry;

	if (!poison)
		return;
	key_of(key, k8s_namespace, name);
	entry = find(poison, key);
	if (entry)
		*entry = (struct entry){0};
}

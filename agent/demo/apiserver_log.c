#include "agent/demo/apiserver_inside.h"

#include <stdlib.h>
#include <string.h>

static const char *kept(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	return copy;
}

static void entry_fini(struct apiserver_entry *entry)
{
	free((char *)(uintptr_t)entry->url);
	free((char *)(uintptr_t)entry->manager);
	free((char *)(uintptr_t)entry->agent);
}

static void log_grow(struct apiserver_log *log, size_t max)
{
	size_t size = log->size ? log->size * 2 : 64;

	log->size = size < max ? size : max;
	log->entries = realloc(log->entries, log->size * sizeof(*log->entries));
	if (!log->entries)
		abort();
}

void apiserver_log_add(struct apiserver *server, const struct apiserver_entry *entry)
{
	struct apiserver_log *log = &server->log;
	size_t max = server->options.log_max;
	struct apiserver_entry *slot;

	if (log->count == log->size && log->size < max)
		log_grow(log, max);
	slot = &log->entries[log->count % max];
	if (log->count >= max)
		entry_fini(slot);
	*slot = *entry;
	slot->url = kept(entry->url);
	slot->manager = kept(entry->manager);
	slot->agent = kept(entry->agent);
	log->count++;
	log->n_writes += entry->revision != 0;
}

size_t apiserver_count(const struct apiserver *server)
{
	return server->log.count;
}

size_t apiserver_count_writes(const struct apiserver *server)
{
	return server->log.n_writes;
}

const struct apiserver_entry *apiserver_entry_find(const struct apiserver *server, size_t index)
{
	const struct apiserver_log *log = &server->log;
	size_t max = server->options.log_max;

	if (index >= log->count || index + max < log->count)
		return NULL;
	return &log->entries[index % max];
}

void apiserver_log_clear(struct apiserver *server)
{
	struct apiserver_log *log = &server->log;
	size_t kept_entries = log->count < log->size ? log->count : log->size;

	for (size_t i = 0; i < kept_entries; i++)
		entry_fini(&log->entries[i]);
	free(log->entries);
	*log = (struct apiserver_log){0};
}

/*
 * YAML and JSON documents as JSON trees, scalars read as kubectl reads them (YAML 1.1: yes, no, on,
 * off, y, n are truth values, 010 is eight, times stay texts). No anchors, aliases, merge keys or
 * custom tags; a key that stands twice is refused. Errors begin with "line L, column C: ".
 */
#ifndef PROVIDERS_WIRE_DOCUMENT_H
#define PROVIDERS_WIRE_DOCUMENT_H

#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define DOCUMENT_BYTES_MAX (4 * 1024 * 1024) /* of the whole text */
#define DOCUMENT_DEPTH_MAX 64                /* lists and objects inside each other */

struct place_table;

/* The documents of one text, one after another. */
struct document_stream;

/* BYTES must outlive the stream. */
struct document_stream *document_stream_new(const char *bytes, size_t length);

/* Accepts NULL. Returns NULL. */
struct document_stream *document_stream_free(struct document_stream *stream);

/* Note from now on where each value stands; before the first document. */
void document_stream_note_places(struct document_stream *stream);

/* The places of the document read last, valid until the next one is read; NULL when none are noted.
 */
const struct place_table *document_stream_places(const struct document_stream *stream);

/* For CLEANUP(document_stream_freep). */
void document_stream_freep(struct document_stream **stream);

/*
 * The next document that says anything (empty ones are passed over), or NULL in *ret at the end.
 * The caller owns *ret. After a failure there is no next one.
 */
bool document_stream_next(struct document_stream *stream, json_t **ret, struct err *err);

/* The only document of a text; none and two are refused. The caller owns *ret. */
bool document_read(const char *bytes, size_t length, json_t **ret, struct err *err);

/* A JSON text of at most MAX bytes (ERR_LIMIT beyond), not deeper than DOCUMENT_DEPTH_MAX, no key
 * twice. The caller owns *ret. */
bool document_read_json(const char *bytes, size_t length, size_t max, json_t **ret,
                        struct err *err);

#endif

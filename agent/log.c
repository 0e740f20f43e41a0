#include "agent/log.h"

#include "analysis/base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1024 * 1024)
#define ELLIPSIS       "\xe2\x80\xa6"

struct log {
	struct log_settings settings;
};

struct log *log_new(const struct log_settings *settings)
{
	struct log *log = calloc(1, sizeof(*log));

	if (!log)
		abort();
	log->settings = *settings;
	if (log->settings.form == LOG_FORM_UNKNOWN)
		log->settings.form =
			isatty(fileno(settings->stream)) ? LOG_FORM_TEXT : LOG_FORM_JSON;
	if (log->settings.level == LOG_NONE)
		log->settings.level = LOG_INFO;
	return log;
}

struct log *log_free(struct log *log)
{
	free(log);
	return NULL;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_DEBUG:
		return "debug";
	case LOG_WARNING:
		return "warn";
	case LOG_ERROR:
		return "error";
	case LOG_NONE:
	case LOG_INFO:
		break;
	}
	return "info";
}

enum log_level log_parse_level(const char *name)
{
	if (strcmp(name, "debug") == 0)
		return LOG_DEBUG;
	if (strcmp(name, "warn") == 0 || strcmp(name, "warning") == 0)
		return LOG_WARNING;
	if (strcmp(name, "error") == 0 || strcmp(name, "fatal") == 0 || strcmp(name, "panic") == 0)
		return LOG_ERROR;
	return LOG_INFO;
}

/* What comes of an append does not matter: every text is cut, so a line is far below its maximum.
 */
static void put(struct buf *line, const char *bytes, size_t length)
{
	bool fits = buf_add(line, bytes, length);

	(void)fits;
}

static void put_text(struct buf *line, const char *text)
{
	put(line, text, strlen(text));
}

/* The length of the UTF-8 character at TEXT, at most LEFT bytes; 0 when it is not one. */
static size_t character_length(const char *text, size_t left)
{
	unsigned char first = (unsigned char)text[0];
	size_t length = first < 0x80   ? 1
	                : first < 0xc2 ? 0
	                : first < 0xe0 ? 2
	                : first < 0xf0 ? 3
	                : first < 0xf5 ? 4
	                               : 0;
	unsigned char second;

	if (length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
	if (length < 3)
		return length;
	second = (unsigned char)text[1];
	if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
	    (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
		return 0;
	return length;
}

static void put_character(struct buf *line, const char *text, size_t length)
{
	char escape[8];

	if (length == 0) {
		put_text(line, "\xef\xbf\xbd"); /* U+FFFD */
		return;
	}
	if (text[0] == '"' || text[0] == '\\') {
		put_text(line, "\\");
		put(line, text, 1);
	} else if (text[0] == '\n') {
		put_text(line, "\\n");
	} else if ((unsigned char)text[0] < 0x20 || text[0] == 0x7f) {
		(void)snprintf(escape, sizeof(escape), "\\u%04x", (unsigned int)text[0]);
		put_text(line, escape);
	} else {
		put(line, text, length);
	}
}

/* As the inside of a JSON string. */
static void put_escaped(struct buf *line, const char *text)
{
	size_t left = strnlen(text, LOG_TEXT_MAX);
	bool is_cut = text[left] != '\0';

	while (left > 0) {
		size_t length = character_length(text, left);
		size_t used = length > 0 ? length : 1;

		put_character(line, text, length);
		text += used;
		left -= used;
	}
	if (is_cut)
		put_text(line, ELLIPSIS);
}

static void put_member(struct buf *line, const char *key, const char *value)
{
	put_text(line, line->length > 1 ? ",\"" : "\"");
	put_escaped(line, key);
	put_text(line, "\":\"");
	put_escaped(line, value ? value : "");
	put_text(line, "\"");
}

static void put_json(struct buf *line, const char *when, const char *level, const char *event,
                     const char *sentence, const struct log_field *fields)
{
	put_text(line, "{");
	put_member(line, "level", level);
	put_member(line, "ts", when);
	put_member(line, "msg", sentence);
	put_member(line, "event", event);
	for (; fields && fields->key; fields++)
		put_member(line, fields->key, fields->value);
	put_text(line, "}\n");
}

static void put_plain(struct buf *line, const char *when, const char *level, const char *event,
                      const char *sentence, const struct log_field *fields)
{
	put_text(line, when);
	put_text(line, " ");
	put_text(line, level);
	put_text(line, " ");
	put_text(line, event);
	put_text(line, ": ");
	put_escaped(line, sentence);
	for (; fields && fields->key; fields++) {
		const char *value = fields->value ? fields->value : "";
		bool is_bare = *value && !strpbrk(value, " \"\\\t\r\n=");

		put_text(line, " ");
		put_text(line, fields->key);
		put_text(line, is_bare ? "=" : "=\"");
		put_escaped(line, value);
		put_text(line, is_bare ? "" : "\"");
	}
	put_text(line, "\n");
}

void log_event(struct log *log, enum log_level level, const char *event, const char *sentence,
               const struct log_field *fields)
{
	struct buf line = {.max = LINE_MAX_BYTES};
	char when[INSTANT_TEXT_MAX];

	if (!log || level < log->settings.level)
		return;
	(void)instant_format(loop_now(log->settings.loop), when);
	if (log->settings.form == LOG_FORM_JSON)
		put_json(&line, when, level_name(level), event, sentence, fields);
	else
		put_plain(&line, when, level_name(level), event, sentence, fields);
	/* There is nobody to tell when the log itself cannot be written. */
	(void)fwrite(buf_text(&line), 1, line.length, log->settings.stream);
	(void)fflush(log->settings.stream);
	buf_fini(&line);
}

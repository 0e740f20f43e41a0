#include "agent/demo/demo_screen.h"

#include "analysis/base/buf.h"

#include <langinfo.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINE_MAX_BYTES  16384
#define PIECE_MAX       2048
#define COLUMNS_DEFAULT 80
#define COLUMNS_MIN     40
#define COLUMNS_MAX     500
#define GAP             3
#define CLEAR           "\r\033[K"

struct demo_screen {
	struct demo_screen_settings settings;
	struct buf line;
	int column;
	int indent;
	bool is_live_shown;
};

static const char *const codes[] = {
	[DEMO_SCREEN_PLAIN] = "",         [DEMO_SCREEN_DIM] = "\033[2m",
	[DEMO_SCREEN_STRONG] = "\033[1m", [DEMO_SCREEN_GOOD] = "\033[32m",
	[DEMO_SCREEN_BAD] = "\033[31m",   [DEMO_SCREEN_SET] = "\033[36m",
	[DEMO_SCREEN_SEEN] = "\033[33m",
};

static const char *const glyphs[2][DEMO_SCREEN_GLYPHS] = {
	{"ok", "x", ">=", "<="},
	{"✓", "✗", "≥", "≤"},
};

struct demo_screen *demo_screen_new(const struct demo_screen_settings *settings)
{
	struct demo_screen *screen = calloc(1, sizeof(*screen));

	if (!screen)
		abort();
	screen->settings = *settings;
	screen->line.max = LINE_MAX_BYTES;
	return screen;
}

static void clear_live(struct demo_screen *screen)
{
	if (screen->is_live_shown)
		(void)fputs(CLEAR, screen->settings.stream);
	screen->is_live_shown = false;
}

struct demo_screen *demo_screen_free(struct demo_screen *screen)
{
	if (!screen)
		return NULL;
	clear_live(screen);
	(void)fflush(screen->settings.stream);
	buf_fini(&screen->line);
	free(screen);
	return NULL;
}

struct demo_screen_settings demo_screen_settings(FILE *stream)
{
	bool is_terminal = isatty(fileno(stream)) == 1;
	const char *no_colour = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");
	const char *columns = getenv("COLUMNS");
	bool is_dumb = !terminal || strcmp(terminal, "dumb") == 0;
	struct demo_screen_settings settings = {
		.stream = stream,
		.is_live = is_terminal && !is_dumb,
		.has_colour = is_terminal && !is_dumb && !(no_colour && *no_colour),
	};
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

	if (locale) {
		settings.is_utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
		freelocale(locale);
	}
	if (!is_terminal)
		settings.columns = columns ? (int)strtol(columns, NULL, 10) : COLUMNS_DEFAULT;
	return settings;
}

int demo_screen_columns(const struct demo_screen *screen)
{
	int columns = screen->settings.columns;
	struct winsize size = {0};

	if (columns == 0 && ioctl(fileno(screen->settings.stream), TIOCGWINSZ, &size) == 0)
		columns = size.ws_col;
	if (columns <= 0)
		columns = COLUMNS_DEFAULT;
	if (columns < COLUMNS_MIN)
		return COLUMNS_MIN;
	return columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
}

int demo_screen_width(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += ((unsigned char)*text & 0xC0) != 0x80;
	return width;
}

/* What finds no room in the line is cut. */
static void add(struct demo_screen *screen, const char *text)
{
	bool is_added = buf_add(&screen->line, text, strlen(text));

	(void)is_added;
}

static void add_styled(struct demo_screen *screen, enum demo_screen_style style, const char *text)
{
	bool is_styled = screen->settings.has_colour && style != DEMO_SCREEN_PLAIN && *text;

	add(screen, is_styled ? codes[style] : "");
	add(screen, text);
	add(screen, is_styled ? "\033[0m" : "");
	screen->column += demo_screen_width(text);
}

void demo_screen_put(struct demo_screen *screen, enum demo_screen_style style, const char *format,
                     ...)
{
	char text[PIECE_MAX];
	va_list values;

	va_start(values, format);
	(void)vsnprintf(text, sizeof(text), format, values);
	va_end(values);
	add_styled(screen, style, text);
}

void demo_screen_indent(struct demo_screen *screen, int column)
{
	screen->indent = column;
}

static void add_blanks(struct demo_screen *screen, int n)
{
	screen->column += n;
	for (; n > 0; n--)
		add(screen, " ");
}

static void break_line(struct demo_screen *screen)
{
	add(screen, "\n");
	screen->column = 0;
	add_blanks(screen, screen->indent);
}

void demo_screen_gap(struct demo_screen *screen, int width)
{
	if (screen->column + GAP + width > demo_screen_columns(screen))
		break_line(screen);
	else
		add_blanks(screen, GAP);
}

/* How many bytes of TEXT are whole words that fit into WIDTH columns; at least one word. */
static size_t fitting(const char *text, int width)
{
	size_t used = strcspn(text, " ");
	int column = 0;
	size_t end = used;

	for (size_t at = 0; text[at]; at = end) {
		end = at + strspn(text + at, " ");
		end += strcspn(text + end, " ");
		for (size_t i = at; i < end; i++)
			column += ((unsigned char)text[i] & 0xC0) != 0x80;
		if (column > width)
			break;
		used = end;
	}
	return used;
}

void demo_screen_words(struct demo_screen *screen, enum demo_screen_style style, const char *text)
{
	int columns = demo_screen_columns(screen);

	while (*text) {
		size_t first = strcspn(text, " ");
		size_t length = fitting(text, columns - screen->column);
		char run[PIECE_MAX];

		(void)snprintf(run, sizeof(run), "%.*s", (int)first, text);
		if (screen->column > screen->indent &&
		    screen->column + demo_screen_width(run) > columns) {
			break_line(screen);
			continue;
		}
		(void)snprintf(run, sizeof(run), "%.*s", (int)length, text);
		add_styled(screen, style, run);
		text += length;
		text += strspn(text, " ");
		if (*text)
			break_line(screen);
	}
}

static void forget_line(struct demo_screen *screen)
{
	buf_drop(&screen->line, screen->line.length);
	screen->column = 0;
	screen->indent = 0;
}

/* Without the blanks that a break left behind. */
static void print_trimmed(FILE *stream, const char *text)
{
	size_t n_blanks = 0;

	for (; *text; text++) {
		if (*text == ' ') {
			n_blanks++;
			continue;
		}
		for (; n_blanks > 0 && *text != '\n'; n_blanks--)
			(void)fputc(' ', stream);
		n_blanks = 0;
		(void)fputc(*text, stream);
	}
	(void)fputc('\n', stream);
}

void demo_screen_end(struct demo_screen *screen)
{
	clear_live(screen);
	print_trimmed(screen->settings.stream, buf_text(&screen->line));
	(void)fflush(screen->settings.stream);
	forget_line(screen);
}

void demo_screen_title(struct demo_screen *screen, const char *title)
{
	const char *dash = screen->settings.is_utf8 ? "─" : "-";
	int columns = demo_screen_columns(screen);

	demo_screen_end(screen);
	demo_screen_put(screen, DEMO_SCREEN_DIM, "%s%s ", dash, dash);
	demo_screen_put(screen, DEMO_SCREEN_STRONG, "%s", title);
	demo_screen_put(screen, DEMO_SCREEN_PLAIN, " ");
	while (screen->column < columns)
		demo_screen_put(screen, DEMO_SCREEN_DIM, "%s", dash);
	demo_screen_end(screen);
}

void demo_screen_live(struct demo_screen *screen)
{
	if (screen->settings.is_live && screen->column < demo_screen_columns(screen)) {
		(void)fprintf(screen->settings.stream, CLEAR "%s", buf_text(&screen->line));
		(void)fflush(screen->settings.stream);
		screen->is_live_shown = true;
	}
	forget_line(screen);
}

const char *demo_screen_glyph(const struct demo_screen *screen, enum demo_screen_glyph glyph)
{
	return glyphs[screen->settings.is_utf8][glyph];
}

const char *demo_screen_bar(const struct demo_screen *screen, double share, int width,
                            char ret[DEMO_SCREEN_BAR_MAX])
{
	static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	bool is_utf8 = screen->settings.is_utf8;
	int n_eighths = (int)lround(fmin(fmax(share, 0), 1) * width * (is_utf8 ? 8 : 1));
	int n_full = is_utf8 ? n_eighths / 8 : n_eighths;
	int part = is_utf8 ? n_eighths % 8 : 0;
	size_t used = 0;

	ret[0] = '\0';
	for (int i = 0; i < width && used + 4 < DEMO_SCREEN_BAR_MAX; i++) {
		const char *cell = is_utf8 ? "·" : ".";

		if (i < n_full)
			cell = is_utf8 ? "█" : "#";
		else if (i == n_full && part > 0)
			cell = parts[part];
		memcpy(ret + used, cell, strlen(cell) + 1);
		used += strlen(cell);
	}
	return ret;
}

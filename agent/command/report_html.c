#include "agent/command/report_html.h"

#include "agent/command/report_assets.h"

#include <stdlib.h>

static bool put(FILE *out, const char *text, size_t length)
{
	return fwrite(text, 1, length, out) == length;
}

static bool put_asset(FILE *out, const char *before, const char *text, size_t length,
                      const char *after)
{
	return fputs(before, out) >= 0 && put(out, text, length) && fputs(after, out) >= 0;
}

/* JSON inside a script element: what could end it is written as an escape. */
static bool put_json(FILE *out, const json_t *report)
{
	char *text = json_dumps(report, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_SORT_KEYS);
	bool is_written = true;

	if (!text)
		abort();
	for (const char *at = text; *at && is_written; at++) {
		if (*at == '<' || *at == '>' || *at == '&')
			is_written = fprintf(out, "\\u%04x", (unsigned int)*at) > 0;
		else
			is_written = fputc(*at, out) != EOF;
	}
	free(text);
	return is_written;
}

bool report_html_write(const json_t *report, FILE *out)
{
	static const char head[] =
		"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		"script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n<title>Release</title>\n";

	return fputs(head, out) >= 0 &&
	       put_asset(out, "<style>\n", report_assets_uplot_css, report_assets_uplot_css_length,
	                 "\n") &&
	       put_asset(out, "", report_assets_css, report_assets_css_length,
	                 "</style>\n</head>\n<body>\n<main></main>\n") &&
	       put_asset(out, "<!-- The charts are drawn by uPlot:\n", report_assets_uplot_licence,
	                 report_assets_uplot_licence_length, "-->\n") &&
	       put_asset(out, "<script>\n", report_assets_uplot, report_assets_uplot_length,
	                 "\n</script>\n<script type=\"application/json\" id=\"report\">") &&
	       put_json(out, report) &&
	       put_asset(out, "</script>\n<script>\n", report_assets_js, report_assets_js_length,
	                 "</script>\n</body>\n</html>\n");
}

/* A report as one page that needs nothing else: no network, no other file. */
#ifndef AGENT_COMMAND_REPORT_HTML_H
#define AGENT_COMMAND_REPORT_HTML_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Write REPORT, of report_read, as HTML. False when OUT does not take it. */
bool report_html_write(const json_t *report, FILE *out);

#endif

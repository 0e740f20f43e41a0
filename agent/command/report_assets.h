/* What a page of `serin report --html` is made of; written into the program when it is built. */
#ifndef AGENT_COMMAND_REPORT_ASSETS_H
#define AGENT_COMMAND_REPORT_ASSETS_H

#include <stddef.h>

/* agent/command/uplot */
extern const char report_assets_uplot[];
extern const size_t report_assets_uplot_length;
extern const char report_assets_uplot_css[];
extern const size_t report_assets_uplot_css_length;
extern const char report_assets_uplot_licence[];
extern const size_t report_assets_uplot_licence_length;

/* agent/command/report.js, report.css */
extern const char report_assets_js[];
extern const size_t report_assets_js_length;
extern const char report_assets_css[];
extern const size_t report_assets_css_length;

#endif

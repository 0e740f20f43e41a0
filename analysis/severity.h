/* How grave an alert is: the words of analysis.alerts[] and of the Release's notices. */
#ifndef ANALYSIS_SEVERITY_H
#define ANALYSIS_SEVERITY_H

/* In order: who asks for one gets the graver ones, too. */
enum severity {
	SEVERITY_NONE, /* no alert */
	SEVERITY_INFO,
	SEVERITY_WARN,
	SEVERITY_ERROR,
};

/* "info", "warn", "error"; "" for none. */
const char *severity_name(enum severity severity);

/* The severity with that name; SEVERITY_NONE when there is none. */
enum severity severity_find(const char *name);

#endif

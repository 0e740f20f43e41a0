/* What one check says: four outcomes, never fewer. */
#ifndef ANALYSIS_VERDICT_H
#define ANALYSIS_VERDICT_H

enum verdict {
	VERDICT_UNKNOWN,
	VERDICT_PASS,
	VERDICT_FAIL,
	VERDICT_NO_DATA,
	VERDICT_ERROR,
};

/* As it stands in the resource ("pass", "no_data"); "" for unknown. */
const char *verdict_name(enum verdict verdict);

/* The verdict with that name; VERDICT_UNKNOWN when there is none. */
enum verdict verdict_find(const char *name);

#endif

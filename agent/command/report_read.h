/*
 * One release from its history file: weights as set and as seen, each check with its bounds, and
 * what was told, asked and done meanwhile, all on one time axis.
 */
#ifndef AGENT_COMMAND_REPORT_READ_H
#define AGENT_COMMAND_REPORT_READ_H

#include "analysis/base/err.h"

#include <jansson.h>
#include <stdbool.h>

struct sqlite3; /* of history_read_open */

#define REPORT_READ_POINTS_MAX 20000 /* samples and events of one release; more is ERR_LIMIT */

/*
 * The report of RELEASE, as docs/schema/report.json has it, from the history at PATH; *ret is NULL
 * when the file tells of no such release, and owned by the caller otherwise. K8S_NAMESPACE may be
 * NULL: any; when releases of more than one have the name it is ERR_INVALID.
 */
bool report_read(const char *path, const char *k8s_namespace, const char *release, json_t **ret,
                 struct err *err);

/* The same from a history that is open. */
bool report_read_open(struct sqlite3 *db, const char *k8s_namespace, const char *release,
                      json_t **ret, struct err *err);

#endif

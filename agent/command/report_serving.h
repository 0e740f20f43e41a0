/* Reports about what serves now: R01, R04, R05, R09, R11, R19. */
#ifndef AGENT_COMMAND_REPORT_SERVING_H
#define AGENT_COMMAND_REPORT_SERVING_H

#include "agent/command/report_list.h"

bool report_serving_state(const struct report_source *source, json_t *rows, struct err *err);
bool report_serving_compare(const struct report_source *source, json_t *rows, struct err *err);
bool report_serving_versions(const struct report_source *source, json_t *rows, struct err *err);
bool report_serving_where(const struct report_source *source, json_t *rows, struct err *err);
bool report_serving_drift(const struct report_source *source, json_t *rows, struct err *err);

#endif

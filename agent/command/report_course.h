/* Reports about the course of releases: R13, R16; and R17, about what tells of it. */
#ifndef AGENT_COMMAND_REPORT_COURSE_H
#define AGENT_COMMAND_REPORT_COURSE_H

#include "agent/command/report_list.h"

bool report_course_timeline(const struct report_source *source, json_t *rows, struct err *err);
bool report_course_traffic(const struct report_source *source, json_t *rows, struct err *err);
bool report_course_audit(const struct report_source *source, json_t *rows, struct err *err);

#endif

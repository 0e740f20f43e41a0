/* What /openapi.json is made of; written into the program when it is built. */
#ifndef AGENT_API_TEXT_H
#define AGENT_API_TEXT_H

#include <stddef.h>

/* docs/openapi.json: paths and the small shapes. */
extern const char api_text_openapi[];
extern const size_t api_text_openapi_length;

/* docs/schema: what commands and API have in common. */
extern const char api_text_status[];
extern const size_t api_text_status_length;
extern const char api_text_history[];
extern const size_t api_text_history_length;
extern const char api_text_report[];
extern const size_t api_text_report_length;
extern const char api_text_rounds[];
extern const size_t api_text_rounds_length;
extern const char api_text_splits[];
extern const size_t api_text_splits_length;

#endif

/* Does an output have the form that docs/schema promises? */
#ifndef TESTS_AGENT_COMMAND_SCHEMA_H
#define TESTS_AGENT_COMMAND_SCHEMA_H

#include <jansson.h>

/*
 * Fail the test unless the JSON text OUTPUT is as docs/schema/NAME.json says. Known are type, enum,
 * properties, required, additionalProperties, items, minimum, maximum, anyOf and $ref; a schema
 * with another keyword fails too, since nobody would check it.
 */
void command_schema_check(const char *name, const char *output);

/* Whether it is, and why not. The text is valid until the next call. */
const char *command_schema_refusal(const char *name, const char *output, char ret[256]);

/* Fail the test unless VALUE is as SCHEMA of the OpenAPI document says, which may refer to its
 * components. */
void command_schema_check_api(json_t *document, json_t *schema, json_t *value);

#endif

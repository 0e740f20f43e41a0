/* The functions of templates. Private to template_*.c. */
#ifndef PROVIDERS_TEMPLATE_CALL_H
#define PROVIDERS_TEMPLATE_CALL_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"
#include "providers/template.h"
#include "providers/template_tree.h"

#define TEMPLATE_ARGUMENTS_MAX 32

/* Why a function of Go's is not here: "not supported"; NULL when it is, or is no function at all.
 */
const char *template_call_refusal(const char *name);

bool template_call_is_known(const char *name);

/* What a function may use beside its arguments. `inputs->variables` is sorted by key. */
struct template_call {
	const struct template_inputs *inputs;
	struct arena *arena;
};

/* Whether the function NAME, which is known, takes that many arguments. */
bool template_call_count(const char *name, size_t n_arguments, struct err *err);

/* Call the function NAME, which is known and takes that many. `and` and `or` get the arguments that
 * Go would look at.
 */
bool template_call_function(struct template_call *call, const char *name,
                            const struct template_value *arguments, size_t n_arguments,
                            struct template_value *ret, struct err *err);

/* The entry KEY of the variables, or NULL. */
const struct template_variable *template_call_find(const struct template_inputs *inputs,
                                                   const char *key, size_t length);

/* Whether a value counts as true: not absent, empty, zero or false. */
bool template_call_truth(const struct template_inputs *inputs, const struct template_value *value);

#endif

#include "providers/template_print.h"

#include "analysis/base/number.h"

#include <string.h>

const char *template_print_type(const struct template_value *value)
{
	switch (value->kind) {
	case TEMPLATE_FLAG:
		return "bool";
	case TEMPLATE_WHOLE:
		return "int";
	case TEMPLATE_BYTE:
		return "uint8";
	case TEMPLATE_REAL:
		return "float64";
	case TEMPLATE_TEXT:
		return "string";
	case TEMPLATE_VARIABLES:
		return "map[string]string";
	case TEMPLATE_ABSENT:
		break;
	}
	return "<nil>";
}

static bool print_variables(const struct template_inputs *inputs, struct buf *ret)
{
	if (!buf_format(ret, "map["))
		return false;
	for (size_t i = 0; i < inputs->n_variables; i++) {
		const struct template_variable *variable = &inputs->variables[i];

		if (!buf_format(ret, "%s%s:%s", i ? " " : "", variable->key, variable->value))
			return false;
	}
	return buf_format(ret, "]");
}

bool template_print_value(const struct template_inputs *inputs, const struct template_value *value,
                          const char *absent, struct buf *ret)
{
	char number[NUMBER_TEXT_MAX];

	switch (value->kind) {
	case TEMPLATE_FLAG:
		return buf_format(ret, "%s", value->flag ? "true" : "false");
	case TEMPLATE_WHOLE:
	case TEMPLATE_BYTE:
		return buf_format(ret, "%lld", (long long)value->whole);
	case TEMPLATE_REAL:
		return buf_format(ret, "%s", number_format(value->real, number));
	case TEMPLATE_TEXT:
		return buf_add(ret, value->text, value->length);
	case TEMPLATE_VARIABLES:
		return print_variables(inputs, ret);
	case TEMPLATE_ABSENT:
		break;
	}
	return buf_format(ret, "%s", absent);
}

bool template_print_all(const struct template_inputs *inputs, const struct template_value *values,
                        size_t n_values, struct buf *ret)
{
	for (size_t i = 0; i < n_values; i++) {
		bool is_apart = i > 0 && values[i].kind != TEMPLATE_TEXT &&
		                values[i - 1].kind != TEMPLATE_TEXT;

		if (is_apart && !buf_add(ret, " ", 1))
			return false;
		if (!template_print_value(inputs, &values[i], "<nil>", ret))
			return false;
	}
	return true;
}

bool template_print_line(const struct template_inputs *inputs, const struct template_value *values,
                         size_t n_values, struct buf *ret)
{
	for (size_t i = 0; i < n_values; i++) {
		if (i > 0 && !buf_add(ret, " ", 1))
			return false;
		if (!template_print_value(inputs, &values[i], "<nil>", ret))
			return false;
	}
	return buf_add(ret, "\n", 1);
}

#include "providers/template_call.h"

#include "providers/template_print.h"
#include "providers/template_printf.h"
#include "providers/wire/url.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* One call: its arguments and where the result goes. */
struct call {
	struct template_call *where;
	const struct template_value *arguments;
	size_t n_arguments;
	struct template_value *ret;
	struct err *err;
};

struct function {
	const char *name;
	size_t least; /* arguments */
	size_t most;
	bool (*call)(const struct call *call);
};

static bool give_flag(const struct call *call, bool flag)
{
	*call->ret = (struct template_value){.kind = TEMPLATE_FLAG, .flag = flag};
	return true;
}

static bool give_whole(const struct call *call, size_t whole)
{
	*call->ret = (struct template_value){.kind = TEMPLATE_WHOLE, .whole = (int64_t)whole};
	return true;
}

static bool give_text(const struct call *call, const char *text, size_t length)
{
	*call->ret = (struct template_value){
		.kind = TEMPLATE_TEXT,
		.text = text,
		.length = length,
	};
	return true;
}

/* The buffer's contents as the result; frees it. */
static bool give_buf(const struct call *call, struct buf *buf, bool is_ok)
{
	if (is_ok)
		(void)give_text(call, arena_copy(call->where->arena, buf_text(buf), buf->length),
		                buf->length);
	buf_fini(buf);
	return is_ok;
}

static bool full(const struct call *call)
{
	return err_set(call->err, ERR_LIMIT, "a text of more than %d bytes", TEMPLATE_OUTPUT_MAX);
}

/* Inputs -------------------------------------------------------------------------------------- */

static bool give_input(const struct call *call, const char *text)
{
	return give_text(call, text ? text : "", text ? strlen(text) : 0);
}

static bool call_name(const struct call *call)
{
	return give_input(call, call->where->inputs->name);
}

static bool call_namespace(const struct call *call)
{
	return give_input(call, call->where->inputs->k8s_namespace);
}

static bool call_target(const struct call *call)
{
	return give_input(call, call->where->inputs->target);
}

static bool call_service(const struct call *call)
{
	return give_input(call, call->where->inputs->service);
}

static bool call_ingress(const struct call *call)
{
	return give_input(call, call->where->inputs->ingress);
}

static bool call_route(const struct call *call)
{
	return give_input(call, call->where->inputs->route);
}

static bool call_interval(const struct call *call)
{
	return give_input(call, call->where->inputs->interval);
}

static bool call_variables(const struct call *call)
{
	*call->ret = (struct template_value){.kind = TEMPLATE_VARIABLES};
	return true;
}

const struct template_variable *template_call_find(const struct template_inputs *inputs,
                                                   const char *key, size_t length)
{
	for (size_t i = 0; i < inputs->n_variables; i++) {
		const struct template_variable *variable = &inputs->variables[i];

		if (strlen(variable->key) == length && memcmp(variable->key, key, length) == 0)
			return variable;
	}
	return NULL;
}

/* Truth and comparison ------------------------------------------------------------------------- */

bool template_call_truth(const struct template_inputs *inputs, const struct template_value *value)
{
	switch (value->kind) {
	case TEMPLATE_FLAG:
		return value->flag;
	case TEMPLATE_WHOLE:
	case TEMPLATE_BYTE:
		return value->whole != 0;
	case TEMPLATE_REAL:
		return value->real < 0 || value->real > 0;
	case TEMPLATE_TEXT:
		return value->length > 0;
	case TEMPLATE_VARIABLES:
		return inputs->n_variables > 0;
	case TEMPLATE_ABSENT:
		break;
	}
	return false;
}

static bool call_not(const struct call *call)
{
	return give_flag(call, !template_call_truth(call->where->inputs, call->arguments));
}

/* `and` stops at the first false argument, `or` at the first true one; the caller has stopped. */
static bool call_last(const struct call *call)
{
	*call->ret = call->arguments[call->n_arguments - 1];
	return true;
}

static bool is_whole(const struct template_value *value)
{
	return value->kind == TEMPLATE_WHOLE || value->kind == TEMPLATE_BYTE;
}

static bool refuse_types(const struct call *call, const struct template_value *a,
                         const struct template_value *b)
{
	return err_set(call->err, ERR_INVALID, "incompatible types for comparison: %s and %s",
	               template_print_type(a), template_print_type(b));
}

static int compare_texts(const struct template_value *a, const struct template_value *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length;
	int order = shorter ? memcmp(a->text, b->text, shorter) : 0;

	if (order != 0)
		return order;
	return (a->length > b->length) - (a->length < b->length);
}

/* The sign of the comparison; both are whole numbers, or of the same kind that has an order. */
static int compare(const struct template_value *a, const struct template_value *b)
{
	if (a->kind == TEMPLATE_TEXT)
		return compare_texts(a, b);
	if (a->kind == TEMPLATE_REAL)
		return (a->real > b->real) - (a->real < b->real);
	return (a->whole > b->whole) - (a->whole < b->whole);
}

/* Nothing, or the variables when there are none: Go's nil. */
static bool is_nothing(const struct call *call, const struct template_value *value)
{
	return value->kind == TEMPLATE_ABSENT ||
	       (value->kind == TEMPLATE_VARIABLES && call->where->inputs->n_variables == 0);
}

static bool find_equal(const struct call *call, const struct template_value *a,
                       const struct template_value *b, bool *ret)
{
	*ret = false;
	if (a->kind == TEMPLATE_ABSENT || b->kind == TEMPLATE_ABSENT ||
	    (a->kind == b->kind && is_nothing(call, a)))
		*ret = is_nothing(call, a) && is_nothing(call, b);
	else if (is_whole(a) && is_whole(b))
		*ret = compare(a, b) == 0;
	else if (a->kind != b->kind)
		return refuse_types(call, a, b);
	else if (a->kind == TEMPLATE_FLAG)
		*ret = a->flag == b->flag;
	else if (a->kind != TEMPLATE_VARIABLES)
		*ret = compare(a, b) == 0;
	else
		return err_set(call->err, ERR_INVALID, "non-comparable type map[string]string");
	return true;
}

static bool call_eq(const struct call *call)
{
	bool is_equal = false;

	if (call->n_arguments == 1)
		return err_set(call->err, ERR_INVALID, "missing argument for comparison");
	for (size_t i = 1; i < call->n_arguments && !is_equal; i++) {
		if (!find_equal(call, &call->arguments[0], &call->arguments[i], &is_equal))
			return false;
	}
	return give_flag(call, is_equal);
}

static bool call_ne(const struct call *call)
{
	bool is_equal;

	return find_equal(call, &call->arguments[0], &call->arguments[1], &is_equal) &&
	       give_flag(call, !is_equal);
}

static bool has_order(const struct template_value *value)
{
	return is_whole(value) || value->kind == TEMPLATE_REAL || value->kind == TEMPLATE_TEXT;
}

static bool find_order(const struct call *call, int *ret)
{
	const struct template_value *a = &call->arguments[0];
	const struct template_value *b = &call->arguments[1];

	if (!has_order(a) || !has_order(b))
		return err_set(call->err, ERR_INVALID, "invalid type for comparison");
	if (a->kind != b->kind && !(is_whole(a) && is_whole(b)))
		return refuse_types(call, a, b);
	*ret = compare(a, b);
	return true;
}

static bool call_lt(const struct call *call)
{
	int order;

	return find_order(call, &order) && give_flag(call, order < 0);
}

static bool call_le(const struct call *call)
{
	int order;

	return find_order(call, &order) && give_flag(call, order <= 0);
}

static bool call_gt(const struct call *call)
{
	int order;

	return find_order(call, &order) && give_flag(call, order > 0);
}

static bool call_ge(const struct call *call)
{
	int order;

	return find_order(call, &order) && give_flag(call, order >= 0);
}

/* Parts --------------------------------------------------------------------------------------- */

static bool call_len(const struct call *call)
{
	const struct template_value *value = call->arguments;

	if (value->kind == TEMPLATE_TEXT)
		return give_whole(call, value->length);
	if (value->kind == TEMPLATE_VARIABLES)
		return give_whole(call, call->where->inputs->n_variables);
	return err_set(call->err, ERR_INVALID, "len of type %s", template_print_type(value));
}

/* An index into LENGTH elements; LENGTH itself is allowed. */
static bool find_index(const struct call *call, const struct template_value *index, size_t length,
                       size_t *ret)
{
	if (!is_whole(index))
		return err_set(call->err, ERR_INVALID, "cannot index slice/array with type %s",
		               template_print_type(index));
	if (index->whole < 0 || (uint64_t)index->whole > length)
		return err_set(call->err, ERR_INVALID, "index out of range: %lld",
		               (long long)index->whole);
	*ret = (size_t)index->whole;
	return true;
}

static bool index_text(const struct call *call, const struct template_value *index,
                       struct template_value *item)
{
	size_t at;

	if (!find_index(call, index, item->length, &at))
		return false;
	if (at == item->length)
		return err_set(call->err, ERR_INVALID, "index out of range: %zu", at);
	*item = (struct template_value){
		.kind = TEMPLATE_BYTE,
		.whole = (unsigned char)item->text[at],
	};
	return true;
}

static bool index_variables(const struct call *call, const struct template_value *index,
                            struct template_value *item)
{
	const struct template_variable *variable;

	if (index->kind != TEMPLATE_TEXT)
		return err_set(call->err, ERR_INVALID, "value has type %s; should be string",
		               template_print_type(index));
	variable = template_call_find(call->where->inputs, index->text, index->length);
	*item = (struct template_value){
		.kind = TEMPLATE_TEXT,
		.text = variable ? variable->value : "",
		.length = variable ? strlen(variable->value) : 0,
	};
	return true;
}

static bool call_index(const struct call *call)
{
	struct template_value item = call->arguments[0];

	if (item.kind == TEMPLATE_ABSENT)
		return err_set(call->err, ERR_INVALID, "index of untyped nil");
	for (size_t i = 1; i < call->n_arguments; i++) {
		const struct template_value *index = &call->arguments[i];

		if (item.kind == TEMPLATE_TEXT) {
			if (!index_text(call, index, &item))
				return false;
		} else if (item.kind != TEMPLATE_VARIABLES) {
			return err_set(call->err, ERR_INVALID, "can't index item of type %s",
			               template_print_type(&item));
		} else if (!index_variables(call, index, &item)) {
			return false;
		}
	}
	*call->ret = item;
	return true;
}

static bool call_slice(const struct call *call)
{
	const struct template_value *item = call->arguments;
	size_t from = 0;
	size_t to = item->length;

	if (item->kind != TEMPLATE_TEXT)
		return err_set(call->err, ERR_INVALID, "can't slice item of type %s",
		               template_print_type(item));
	if (call->n_arguments > 3)
		return err_set(call->err, ERR_INVALID, "cannot 3-index slice a string");
	if (call->n_arguments > 1 && !find_index(call, &call->arguments[1], item->length, &from))
		return false;
	if (call->n_arguments > 2 && !find_index(call, &call->arguments[2], item->length, &to))
		return false;
	if (from > to)
		return err_set(call->err, ERR_INVALID, "invalid slice index: %zu > %zu", from, to);
	return give_text(call, item->text + from, to - from);
}

/* Printing ------------------------------------------------------------------------------------ */

static bool call_print(const struct call *call)
{
	struct buf buf = {.max = TEMPLATE_OUTPUT_MAX};
	bool is_ok =
		template_print_all(call->where->inputs, call->arguments, call->n_arguments, &buf) ||
		full(call);

	return give_buf(call, &buf, is_ok);
}

static bool call_println(const struct call *call)
{
	struct buf buf = {.max = TEMPLATE_OUTPUT_MAX};
	bool is_ok = template_print_line(call->where->inputs, call->arguments, call->n_arguments,
	                                 &buf) ||
	             full(call);

	return give_buf(call, &buf, is_ok);
}

static bool call_printf(const struct call *call)
{
	const struct template_value *format = call->arguments;
	struct buf buf = {.max = TEMPLATE_OUTPUT_MAX};
	bool is_ok;

	if (format->kind != TEMPLATE_TEXT)
		return err_set(call->err, ERR_INVALID,
		               "wrong type for value; expected string; got %s",
		               template_print_type(format));
	is_ok = template_printf_add(call->where->inputs, format, call->arguments + 1,
	                            call->n_arguments - 1, &buf, call->err);
	return give_buf(call, &buf, is_ok);
}

/* The arguments as one text, as html and urlquery take them. */
static bool join(const struct call *call, struct buf *ret)
{
	const struct template_value *arguments = call->arguments;

	for (size_t i = 0; i < call->n_arguments; i++) {
		bool is_text =
			arguments[i].kind == TEMPLATE_TEXT || arguments[i].kind == TEMPLATE_ABSENT;
		bool was_text = i == 0 || arguments[i - 1].kind == TEMPLATE_TEXT ||
		                arguments[i - 1].kind == TEMPLATE_ABSENT;

		if (!is_text && !was_text && !buf_add(ret, " ", 1))
			return full(call);
		if (!template_print_value(call->where->inputs, &arguments[i], "<no value>", ret))
			return full(call);
	}
	return true;
}

static bool add_html(char c, struct buf *ret)
{
	switch (c) {
	case '\0':
		return buf_format(ret, "\xEF\xBF\xBD");
	case '"':
		return buf_format(ret, "&#34;");
	case '\'':
		return buf_format(ret, "&#39;");
	case '&':
		return buf_format(ret, "&amp;");
	case '<':
		return buf_format(ret, "&lt;");
	case '>':
		return buf_format(ret, "&gt;");
	default:
		return buf_add(ret, &c, 1);
	}
}

static bool call_html(const struct call *call)
{
	struct buf plain = {.max = TEMPLATE_OUTPUT_MAX};
	struct buf buf = {.max = TEMPLATE_OUTPUT_MAX};
	bool is_ok = join(call, &plain);

	for (size_t i = 0; is_ok && i < plain.length; i++)
		is_ok = add_html(plain.bytes[i], &buf) || full(call);
	buf_fini(&plain);
	return give_buf(call, &buf, is_ok);
}

static bool call_urlquery(const struct call *call)
{
	struct buf plain = {.max = TEMPLATE_OUTPUT_MAX};
	struct buf buf = {.max = TEMPLATE_OUTPUT_MAX};
	bool is_ok = join(call, &plain) &&
	             (url_escape(buf_text(&plain), plain.length, &buf) || full(call));

	buf_fini(&plain);
	return give_buf(call, &buf, is_ok);
}

/* The table ----------------------------------------------------------------------------------- */

static const struct function functions[] = {
	{"name", 0, 0, call_name},
	{"namespace", 0, 0, call_namespace},
	{"target", 0, 0, call_target},
	{"service", 0, 0, call_service},
	{"ingress", 0, 0, call_ingress},
	{"route", 0, 0, call_route},
	{"interval", 0, 0, call_interval},
	{"variables", 0, 0, call_variables},
	{"and", 1, SIZE_MAX, call_last},
	{"or", 1, SIZE_MAX, call_last},
	{"not", 1, 1, call_not},
	{"eq", 1, SIZE_MAX, call_eq},
	{"ne", 2, 2, call_ne},
	{"lt", 2, 2, call_lt},
	{"le", 2, 2, call_le},
	{"gt", 2, 2, call_gt},
	{"ge", 2, 2, call_ge},
	{"index", 1, SIZE_MAX, call_index},
	{"slice", 1, SIZE_MAX, call_slice},
	{"len", 1, 1, call_len},
	{"print", 0, SIZE_MAX, call_print},
	{"printf", 1, SIZE_MAX, call_printf},
	{"println", 0, SIZE_MAX, call_println},
	{"html", 0, SIZE_MAX, call_html},
	{"urlquery", 0, SIZE_MAX, call_urlquery},
};

static const struct function *find_function(const char *name)
{
	for (size_t i = 0; i < array_length(functions); i++) {
		if (strcmp(functions[i].name, name) == 0)
			return &functions[i];
	}
	return NULL;
}

const char *template_call_refusal(const char *name)
{
	return strcmp(name, "js") == 0 || strcmp(name, "call") == 0 ? "not supported here" : NULL;
}

bool template_call_is_known(const char *name)
{
	return find_function(name);
}

bool template_call_count(const char *name, size_t n_arguments, struct err *err)
{
	const struct function *function = find_function(name);

	assert(function);
	if (n_arguments < function->least && function->most == SIZE_MAX)
		return err_set(err, ERR_INVALID,
		               "wrong number of args for %s: want at least %zu got %zu", name,
		               function->least, n_arguments);
	if (n_arguments < function->least || n_arguments > function->most)
		return err_set(err, ERR_INVALID, "wrong number of args for %s: want %zu got %zu",
		               name, function->least, n_arguments);
	return true;
}

bool template_call_function(struct template_call *call, const char *name,
                            const struct template_value *arguments, size_t n_arguments,
                            struct template_value *ret, struct err *err)
{
	struct call made = {
		.where = call,
		.arguments = arguments,
		.n_arguments = n_arguments,
		.ret = ret,
		.err = err,
	};

	const struct function *function = find_function(name);

	assert(function);
	return function->call(&made) || err_wrap(err, "error calling %s", name);
}

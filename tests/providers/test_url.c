#include "analysis/base/compiler.h"
#include "providers/wire/url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct check_row {
	const char *text;
	enum err_kind kind; /* none: accepted */
};

static const struct check_row check_rows[] = {
	{"http://prometheus:9090", ERR_NONE},
	{"https://thanos/prom/", ERR_NONE},
	{"HTTPS://Thanos", ERR_NONE},
	{"http://user:pass@10.0.0.1:1/x?y=z#w", ERR_NONE},
	{"http://user@with@at@host", ERR_NONE}, /* the last @ ends the user information */
	{"http://[::1]:9090/x", ERR_NONE},
	{"http://[fd00::1]", ERR_NONE},
	{"http://host:65535", ERR_NONE},
	{"http://a_b.c-d", ERR_NONE},
	{"", ERR_INVALID},
	{"prometheus:9090", ERR_INVALID}, /* no scheme */
	{"//prometheus", ERR_INVALID},
	{"ftp://host", ERR_INVALID},
	{"file:///etc/passwd", ERR_INVALID},
	{"http://", ERR_INVALID},
	{"http:///x", ERR_INVALID},
	{"http://user@", ERR_INVALID},
	{"http://?x", ERR_INVALID},
	{"http://host:", ERR_INVALID},
	{"http://host:0", ERR_INVALID},
	{"http://host:65536", ERR_INVALID},
	{"http://host:123456", ERR_INVALID},
	{"http://host:9a", ERR_INVALID},
	{"http://ho st", ERR_INVALID},
	{"http://host/a b", ERR_INVALID},
	{"http://host/\r\nX: y", ERR_INVALID},
	{"http://h\xc3\xb6st", ERR_INVALID},
	{"http://[::1", ERR_INVALID},
	{"http://[]", ERR_INVALID},
	{"http://[::1]x", ERR_INVALID},
	{"http://a%20b", ERR_INVALID},
};

static void test_check(void **state)
{
	for (size_t i = 0; i < array_length(check_rows); i++) {
		struct err err = {0};
		bool is_ok = url_check(check_rows[i].text, &err);

		if (is_ok != (check_rows[i].kind == ERR_NONE) || err.kind != check_rows[i].kind)
			fail_msg("\"%s\": %s", check_rows[i].text, err.text);
	}
}

static void test_length(void **state)
{
	char text[URL_TEXT_MAX + 2] = "http://";
	struct err err = {0};

	memset(text + 7, 'a', URL_TEXT_MAX - 7);
	assert_true(url_check(text, &err));
	text[URL_TEXT_MAX] = 'a';
	assert_false(url_check(text, &err));
	assert_int_equal(err.kind, ERR_LIMIT);
}

struct join_row {
	const char *base;
	const char *joined;
};

static const struct join_row join_rows[] = {
	{"http://p:9090", "http://p:9090/api/v1/query"},
	{"http://p:9090/", "http://p:9090/api/v1/query"},
	{"https://thanos/prom", "https://thanos/prom/api/v1/query"},
	{"https://thanos/prom//", "https://thanos/prom/api/v1/query"},
	{"https://u:p@thanos/prom/?x=1", "https://u:p@thanos/prom/api/v1/query"},
	{"https://thanos?x=1", "https://thanos/api/v1/query"},
	{"https://thanos/a#b?c", "https://thanos/a/api/v1/query"},
	{"https://thanos/a%2Fb", "https://thanos/a%2Fb/api/v1/query"},
};

static void test_join(void **state)
{
	struct arena arena = {0};

	for (size_t i = 0; i < array_length(join_rows); i++) {
		const char *joined = NULL;

		assert_true(url_join(join_rows[i].base, "api/v1/query", &arena, &joined, NULL));
		assert_string_equal(joined, join_rows[i].joined);
	}
	arena_fini(&arena);
}

static void test_password_is_not_shown(void **state)
{
	struct arena arena = {0};
	const char *joined = NULL;
	struct err err = {0};

	assert_false(url_join("ftp://user:secret@host/x", "y", &arena, &joined, &err));
	assert_null(strstr(err.text, "secret"));
	assert_non_null(strstr(err.text, "host"));
	assert_false(url_check("http://user:secret@ho~st/x", &err));
	assert_null(strstr(err.text, "secret"));
	assert_string_equal(url_shown("https://user:secret@host/x?token=y", &arena),
	                    "https://host/x");
	arena_fini(&arena);
}

static void test_escape(void **state)
{
	struct buf buf = {.max = 100};

	assert_true(url_escape("aZ09-_.~ +&=%\"{}\n\0\xc3\xa9", 20, &buf));
	assert_string_equal(buf_text(&buf), "aZ09-_.~+%2B%26%3D%25%22%7B%7D%0A%00%C3%A9");
	buf_fini(&buf);
	buf.max = 2;
	assert_false(url_escape("%", 1, &buf));
	assert_false(url_escape("abc", 3, &buf));
	buf_fini(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),  cmocka_unit_test(test_length),
		cmocka_unit_test(test_join),   cmocka_unit_test(test_password_is_not_shown),
		cmocka_unit_test(test_escape),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

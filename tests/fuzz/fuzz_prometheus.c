/*
 * The first byte picks the status, the others are the body. A sample is a finite number or none; an
 * error says something.
 */
#include "analysis/base/compiler.h"
#include "providers/metric.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void check(bool is_ok, const struct sample_fact *sample, const struct err *err)
{
	if (!is_ok) {
		assert(err->kind != ERR_NONE && *err->text);
		return;
	}
	assert(sample->kind == SAMPLE_VALUE || sample->kind == SAMPLE_ABSENT);
	assert(sample->kind == SAMPLE_ABSENT || isfinite(sample->value));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const int statuses[] = {200, 400, 503, 302};
	static const struct metric_question question = {.source = "prometheus"};
	struct http_reply reply = {.status = 200};
	struct sample_fact sample = {0};
	struct err err = {0};
	char *body;

	if (length == 0)
		return 0;
	body = calloc(1, length); /* a NUL follows the body */
	if (!body)
		abort();
	memcpy(body, bytes + 1, length - 1);
	reply.status = statuses[bytes[0] % array_length(statuses)];
	reply.body = body;
	reply.body_length = length - 1;
	check(metric_read(&question, &reply, &sample, &err), &sample, &err);
	free(body);
	return 0;
}

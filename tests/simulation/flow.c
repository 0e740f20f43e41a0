#include "tests/simulation/flow.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const fault_names[STAGE_FAULT_MAX] = {
	[STAGE_FAULT_NONE] = "",
	[STAGE_FAULT_CRASH] = "crash after",
	[STAGE_FAULT_LOST] = "lost reply of",
	[STAGE_FAULT_CONFLICT] = "409 at",
	[STAGE_FAULT_TEST] = "422 at",
};

/* Run a flow with one fault; the cluster and the steps at its end are owned by the caller. */
static size_t run(const struct flow *flow, enum stage_fault fault, size_t nth, char **ret_end,
                  char **ret_steps)
{
	struct stage *stage = stage_new(1);
	bool is_there;
	size_t n_writes;

	flow->before(stage);
	stage_fault(stage, fault, nth);
	flow->happen(stage);
	is_there = stage_run_to(stage, flow->ends_in, 400);
	stage_run(stage, 120);
	n_writes = stage_writes(stage);
	*ret_end = stage_describe(stage);
	*ret_steps = strdup(stage_steps(stage));
	if (!is_there)
		printf("# %s, %s write %zu: never %s, but %s\n", flow->name, fault_names[fault],
		       nth, flow->ends_in, stage_phase(stage));
	assert_int_equal(stage_strays(stage), 0);
	stage_free(stage);
	return n_writes;
}

/* Print the first line in which two texts differ. */
static void show_difference(const char *wanted, const char *got)
{
	size_t line = 0;
	size_t at = 0;

	while (wanted[at] != '\0' && wanted[at] == got[at]) {
		if (wanted[at++] == '\n')
			line = at;
	}
	printf("#   expected: %.*s\n#   got:      %.*s\n", (int)strcspn(wanted + line, "\n"),
	       wanted + line, (int)strcspn(got + line, "\n"), got + line);
}

static size_t compare(const struct flow *flow, enum stage_fault fault, size_t nth, const char *end,
                      const char *steps)
{
	char *got_end;
	char *got_steps;
	size_t bad = 0;

	run(flow, fault, nth, &got_end, &got_steps);
	if (strcmp(end, got_end) != 0) {
		printf("# %s, %s write %zu: the cluster ends otherwise\n", flow->name,
		       fault_names[fault], nth);
		show_difference(end, got_end);
		bad = 1;
	}
	if (strcmp(steps, got_steps) != 0) {
		printf("# %s, %s write %zu: other steps\n", flow->name, fault_names[fault], nth);
		show_difference(steps, got_steps);
		bad = 1;
	}
	free(got_end);
	free(got_steps);
	return bad;
}

void flow_perturb(const struct flow *flow)
{
	char *end;
	char *steps;
	size_t n_writes = run(flow, STAGE_FAULT_NONE, 0, &end, &steps);
	size_t n_runs = 0;
	size_t n_bad = 0;

	for (enum stage_fault fault = STAGE_FAULT_CRASH; fault < STAGE_FAULT_MAX; fault++) {
		for (size_t nth = 1; nth <= n_writes; nth++, n_runs++)
			n_bad += compare(flow, fault, nth, end, steps);
	}
	printf("# %s: %zu writes, %zu faults, %zu ended otherwise\n", flow->name, n_writes, n_runs,
	       n_bad);
	free(end);
	free(steps);
	assert_true(n_writes > 0);
	assert_int_equal(n_bad, 0);
}

void flow_perturb_all(const struct flow *flows, size_t n_flows)
{
	for (size_t i = 0; i < n_flows; i++)
		flow_perturb(&flows[i]);
}

void flow_start(struct stage *stage)
{
	stage_deploy(stage, "v1");
	stage_start(stage, 0);
	stage_run(stage, 3);
}

void flow_initialise(struct stage *stage, const char *provider, const char *analysis)
{
	stage_canary(stage, provider, analysis);
	assert_true(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 10);
}

void flow_push_v2(struct stage *stage)
{
	stage_push(stage, "v2");
}

void flow_push_slow(struct stage *stage)
{
	stage_metrics(stage, 100, 2000);
	stage_push(stage, "v3");
}

void flow_push_bad_primary(struct stage *stage)
{
	stage_push(stage, "bad-primary");
}

void flow_delete_canary(struct stage *stage)
{
	stage_write(stage, HTTP_DELETE, "/apis/flagger.app/v1beta1/namespaces/shop/canaries/cart",
	            NULL);
}

void flow_expect_rest(struct stage *stage)
{
	struct apiserver *server = stage_server(stage);

	apiserver_log_clear(server);
	stage_run(stage, 3600);
	for (size_t i = 0; i < apiserver_count(server); i++) {
		const struct apiserver_entry *entry = apiserver_entry_find(server, i);

		if (!entry->is_watch && !strstr(entry->url, "/leases/"))
			fail_msg("a request at rest: %s %s", http_method_name(entry->method),
			         entry->url);
	}
}

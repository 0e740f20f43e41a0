#include "tests/simulation/receivers.h"

#include "tests/simulation/simulation.h"

#include <string.h>

#define ADDRESS       "http://hooks/"
#define CLOSED_MS_MIN 5000
#define CLOSED_MS_MAX 240000
#define INIT_FACTOR   20

bool receivers_are_called(const struct http_request *request)
{
	return strncmp(request->url, ADDRESS, strlen(ADDRESS)) == 0;
}

enum hook_type receivers_called(const struct http_request *request)
{
	const char *slash;

	if (!receivers_are_called(request))
		return HOOK_NONE;
	slash = strrchr(request->url, '/');
	return hook_type_find(slash + 1);
}

/* Its no, or its silence, is a failed check. */
static bool is_check(enum hook_type type)
{
	return type == HOOK_PRE_ROLLOUT || type == HOOK_ROLLOUT;
}

static bool is_gate(enum hook_type type)
{
	return type == HOOK_CONFIRM_ROLLOUT || type == HOOK_CONFIRM_TRAFFIC_INCREASE ||
	       type == HOOK_CONFIRM_PROMOTION;
}

/* While a canary is initialised a hook is hardly ever called. */
static bool strike(struct simulation *simulation, enum fault kind, int canary)
{
	bool is_rare = simulation->faults.phases[canary] == FAULT_PHASE_INIT;

	return faults_strike_at(&simulation->faults, kind, canary, sim_loop_now(simulation->loop),
	                        is_rare ? INIT_FACTOR : 1);
}

void receivers_excuse(struct simulation *simulation, enum hook_type type, int canary)
{
	if (is_check(type))
		truth_failed(&simulation->truth.canaries[canary],
		             people_run_version(simulation, canary));
}

static bool is_closed(struct simulation *simulation, int canary)
{
	struct instant now = sim_loop_now(simulation->loop);
	struct instant *until = &simulation->receivers.closed_until[canary];

	if (simulation->faults.is_calm)
		return false;
	if (instant_is_before(now, *until))
		return true;
	if (!strike(simulation, FAULT_GATE_CLOSED, canary))
		return false;
	*until = instant_after(
		now, span_ms(dice_between(&simulation->faults.dice, CLOSED_MS_MIN, CLOSED_MS_MAX)));
	return true;
}

static bool is_called_back(struct simulation *simulation, int canary)
{
	if (simulation->faults.is_calm || !strike(simulation, FAULT_HOOK_ROLLBACK, canary))
		return false;
	truth_may_fail(people_run_version(simulation, canary), "a hook called for a rollback");
	return true;
}

struct http_reply receivers_answer(struct simulation *simulation,
                                   const struct http_request *request, struct arena *arena)
{
	enum hook_type type = receivers_called(request);
	int canary = truth_find(&simulation->truth, request->url);
	struct http_reply reply = {.status = 200, .body = "OK"};

	(void)arena;
	if (canary < 0)
		reply.status = 404;
	else if (type == HOOK_ROLLBACK)
		reply.status = is_called_back(simulation, canary) ? 200 : 403;
	else if (is_gate(type) && is_closed(simulation, canary))
		reply.status = 403;
	else if (!simulation->faults.is_calm && strike(simulation, FAULT_HOOK_NO, canary))
		reply.status = dice_chance(&simulation->faults.dice, 0.5) ? 500 : 403;
	if (reply.status != 200 && canary >= 0)
		receivers_excuse(simulation, type, canary);
	reply.body_length = strlen(reply.body);
	return reply;
}

struct sim_http_fate receivers_fate(struct simulation *simulation,
                                    const struct http_request *request)
{
	enum hook_type type = receivers_called(request);
	int canary = truth_find(&simulation->truth, request->url);
	struct sim_http_fate fate = {0};

	if (!receivers_are_called(request) || canary < 0 || simulation->faults.is_calm)
		return fate;
	if (strike(simulation, FAULT_HOOK_SILENT, canary))
		fate.is_reply_lost = true;
	else if (strike(simulation, FAULT_HOOK_DOWN, canary))
		fate.is_reset = true;
	if (fate.is_reply_lost || fate.is_reset)
		receivers_excuse(simulation, type, canary);
	return fate;
}

#include "agent/agent.h"

#include "agent/config_watch.h"
#include "agent/fleet.h"
#include "agent/leader.h"
#include "agent/log.h"
#include "agent/metrics.h"
#include "agent/observe.h"
#include "agent/served.h"
#include "agent/tally.h"
#include "analysis/base/compiler.h"

#include <stdlib.h>
#include <string.h>

/* Collections in the order in which they are first listed: those that name objects before the
 * objects. */
static const enum kube_kind kinds[] = {KUBE_CANARY, KUBE_DEPLOYMENT, KUBE_SERVICE, KUBE_INGRESS,
                                       KUBE_RELEASE};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Followed once a canary needs them, and Actions after all others, since their definitions may not
 * be installed. Nothing waits for their lists: what was not seen is asked for. */
static const enum kube_kind extras[] = {
	KUBE_VIRTUAL_SERVICE, KUBE_DESTINATION_RULE, KUBE_HTTP_ROUTE,   KUBE_HTTP_ROUTE_BETA,
	KUBE_GRPC_ROUTE,      KUBE_SPLIT_ALPHA1,     KUBE_SPLIT_ALPHA2, KUBE_SPLIT_ALPHA3,
	KUBE_AUTOSCALER,      KUBE_SCALED_OBJECT,    KUBE_DAEMON_SET,   KUBE_ACTION,
};

#define EXTRAS       (sizeof(extras) / sizeof(extras[0]))
#define STOP_LOOK_MS 20   /* how often a stopping agent looks whether its writes are over */
#define STOP_MOST_MS 6000 /* how long it waits for them */

struct agent {
	struct agent_seams seams;
	struct agent_settings settings;
	struct canary_host host;
	struct fleet *fleet;
	struct leader *leader;
	struct served *served;
	struct config_watch *configs;
	struct observe *observe; /* NULL: nobody asked for it */
	struct follow_seams follow_seams;
	struct follow *follows[KINDS];
	struct follow *extras[EXTRAS];
	struct alarm next; /* list the next collection */
	struct alarm stop_look;
	struct span stop_begun;
	bool is_stopping;
	void (*stopped)(void *user);
	void *stopped_user;
};

static bool is_synced(const struct agent *agent)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (!follow_is_synced(agent->follows[i]))
			return false;
	}
	return true;
}

bool agent_is_ready(const struct agent *agent)
{
	return is_synced(agent) && leader_holder(agent->leader)[0] != '\0';
}

const char *agent_holder(const struct agent *agent)
{
	return leader_holder(agent->leader);
}

bool agent_is_leading(struct agent *agent)
{
	return !agent->is_stopping && leader_is_leading(agent->leader) && is_synced(agent);
}

static bool on_is_leading(void *user)
{
	return agent_is_leading(user);
}

static bool on_may_write(void *user, struct span timeout)
{
	struct agent *agent = user;

	return leader_may_write(agent->leader, timeout);
}

static void on_abandoned(void *user, struct span timeout)
{
	struct agent *agent = user;

	leader_abandon(agent->leader, timeout);
}

/* A canary has an object of this kind. */
static void on_follow(void *user, enum kube_kind kind)
{
	struct agent *agent = user;

	if (!served_knows(agent->served, kind))
		return; /* it may turn out to be another */
	for (size_t i = 0; i < EXTRAS; i++) {
		if (extras[i] == kind && follow_is_due(agent->extras[i]))
			follow_list(agent->extras[i]);
	}
}

static bool on_covers(void *user, const char *k8s_namespace, enum kube_kind kind)
{
	struct agent *agent = user;

	return config_watch_covers(agent->configs, k8s_namespace, kind);
}

static void on_config(void *user, const char *k8s_namespace, enum kube_kind kind, const char *name)
{
	struct agent *agent = user;

	fleet_take_config(agent->fleet, k8s_namespace, kind, name);
}

static void on_config_lapsed(void *user, const char *k8s_namespace)
{
	struct agent *agent = user;

	fleet_stir_namespace(agent->fleet, k8s_namespace);
}

/* Canaries and what they have are known, so what no canary has is, too. */
static void observe(struct agent *agent)
{
	if (agent->observe && agent_is_leading(agent))
		observe_start(agent->observe);
}

/* List the collections that were not asked for yet: the first alone, Deployments next, the others
 * together. One of those may have listed itself meanwhile, since its watch had broken. */
static void list_next(struct agent *agent)
{
	size_t n_synced = 0;

	while (n_synced < KINDS && follow_is_synced(agent->follows[n_synced]))
		n_synced++;
	if (n_synced == KINDS) {
		log_event(agent->seams.log, LOG_INFO, "agent.synced",
		          "all collections are listed and followed",
		          LOG_FIELDS({"role", agent_is_leading(agent) ? "leader" : "standby"}));
		fleet_stir(agent->fleet);
		on_follow(agent, KUBE_ACTION);
		observe(agent);
		return;
	}
	for (size_t i = n_synced; i < (n_synced < 2 ? n_synced + 1 : KINDS); i++) {
		if (follow_is_due(agent->follows[i]))
			follow_list(agent->follows[i]);
	}
}

static void on_next(struct alarm *alarm)
{
	list_next(container_of(alarm, struct agent, next));
}

static void on_event(void *user, enum kube_kind kind, enum follow_event event, const json_t *object)
{
	struct agent *agent = user;

	fleet_take(agent->fleet, kind, event, object);
	if (agent->seams.seen)
		agent->seams.seen(agent->seams.seen_user, kind, event, object);
	if (event == FOLLOW_SYNCED && kind != KUBE_ACTION)
		alarm_start(agent->seams.loop, &agent->next, span_ms(0));
}

/* The lease was won: all is listed anew, consistently, before anything is decided. Lost: all that
 * is under way ends. */
static void on_leading(void *user, bool is_leading)
{
	struct agent *agent = user;

	if (!is_leading) {
		fleet_rest(agent->fleet);
		if (agent->observe)
			observe_stop(agent->observe);
		return;
	}
	/* The first lists are on their way, or could not be had until now. */
	if (!follow_is_synced(agent->follows[0])) {
		for (size_t i = 0; i < KINDS; i++)
			follow_hurry(agent->follows[i]);
		return;
	}
	for (size_t i = 0; i < KINDS; i++)
		follow_reset(agent->follows[i]);
	for (size_t i = 0; i < EXTRAS; i++) {
		if (follow_is_due(agent->extras[i]))
			continue;
		fleet_doubt(agent->fleet, extras[i]);
		follow_list(agent->extras[i]);
	}
	config_watch_list(agent->configs);
	list_next(agent);
}

static void on_list_actions(void *user)
{
	struct agent *agent = user;

	for (size_t i = 0; i < EXTRAS; i++) {
		if (extras[i] == KUBE_ACTION && !follow_is_due(agent->extras[i]))
			follow_list(agent->extras[i]);
	}
}

static void on_served(void *user)
{
	struct agent *agent = user;

	fleet_bind(agent->fleet);
	observe(agent);
}

static bool on_has_canary(void *user, enum kube_kind kind, const char *k8s_namespace,
                          const char *name)
{
	struct agent *agent = user;

	return fleet_has(agent->fleet, kind, k8s_namespace, name);
}

static struct observe *observe_make(struct agent *agent)
{
	const struct observe_seams seams = {
		.loop = agent->seams.loop,
		.http = agent->seams.http,
		.history = agent->seams.history,
		.log = agent->seams.log,
		.metrics = agent->seams.metrics,
		.k8s_namespace = agent->settings.k8s_namespace,
		.options = &agent->settings.options,
		.served = agent->served,
		.has_canary = on_has_canary,
		.user = agent,
	};

	return agent->settings.observes ? observe_new(&seams) : NULL;
}

static void make_parts(struct agent *agent)
{
	struct served_seams served = {
		.loop = agent->seams.loop,
		.http = agent->seams.http,
		.log = agent->seams.log,
		.options = &agent->settings.options,
		.known = on_served,
		.user = agent,
	};
	struct leader_settings leader = {
		.loop = agent->seams.loop,
		.http = agent->seams.http,
		.log = agent->seams.log,
		.k8s_namespace = agent->settings.lease_namespace,
		.name = agent->settings.lease_name,
		.identity = agent->settings.identity,
		.changed = on_leading,
		.user = agent,
	};

	struct config_watch_seams configs = {
		.loop = agent->seams.loop,
		.http = agent->seams.http,
		.log = agent->seams.log,
		.metrics = agent->seams.metrics,
		.changed = on_config,
		.lapsed = on_config_lapsed,
		.user = agent,
	};

	agent->fleet = fleet_new(&agent->host);
	agent->configs = config_watch_new(&configs);
	agent->leader = leader_new(&leader);
	agent->served = served_new(&served);
	agent->observe = observe_make(agent);
	for (size_t i = 0; i < KINDS; i++)
		agent->follows[i] = follow_new(&agent->follow_seams, kinds[i]);
	for (size_t i = 0; i < EXTRAS; i++)
		agent->extras[i] = follow_new(&agent->follow_seams, extras[i]);
}

struct agent *agent_new(const struct agent_seams *seams, const struct agent_settings *settings)
{
	struct agent *agent = calloc(1, sizeof(*agent));
	struct effect *scratch = calloc(PLAN_EFFECTS_MAX, sizeof(*scratch));

	if (!agent || !scratch)
		abort();
	agent->seams = *seams;
	agent->settings = *settings;
	agent->next.ring = on_next;
	agent->host = (struct canary_host){
		.seams = {.loop = seams->loop,
	                  .http = seams->http,
	                  .may_write = on_may_write,
	                  .abandoned = on_abandoned,
	                  .user = agent},
		.history = seams->history,
		.log = seams->log,
		.metrics = seams->metrics,
		.poison = seams->poison,
		.options = &agent->settings.options,
		.scratch = scratch,
		.is_leading = on_is_leading,
		.user = agent,
		.covers = on_covers,
		.follow = on_follow,
		.list_actions = on_list_actions,
	};
	agent->follow_seams = (struct follow_seams){
		.loop = seams->loop,
		.http = seams->http,
		.log = seams->log,
		.metrics = seams->metrics,
		.k8s_namespace = settings->k8s_namespace,
		.sink = on_event,
		.user = agent,
	};
	make_parts(agent);
	return agent;
}

struct agent *agent_free(struct agent *agent)
{
	if (!agent)
		return NULL;
	alarm_cancel(&agent->next);
	alarm_cancel(&agent->stop_look);
	for (size_t i = 0; i < KINDS; i++)
		follow_free(agent->follows[i]);
	for (size_t i = 0; i < EXTRAS; i++)
		follow_free(agent->extras[i]);
	observe_free(agent->observe);
	served_free(agent->served);
	config_watch_free(agent->configs);
	fleet_free(agent->fleet); /* tells the leader of writes that it leaves behind */
	leader_free(agent->leader);
	free(agent->host.scratch);
	free(agent);
	return NULL;
}

void agent_start(struct agent *agent)
{
	list_next(agent);
	leader_start(agent->leader);
}

static void on_released(void *user)
{
	struct agent *agent = user;

	agent->stopped(agent->stopped_user);
}

/* Writes that left are waited for: their outcome is known to the next agent at once. */
static void on_stop_look(struct alarm *alarm)
{
	struct agent *agent = container_of(alarm, struct agent, stop_look);
	int64_t waited = loop_uptime(agent->seams.loop).ms - agent->stop_begun.ms;

	fleet_settle(agent->fleet);
	if (fleet_count_flights(agent->fleet) > 0 && waited < STOP_MOST_MS) {
		alarm_start(agent->seams.loop, alarm, span_ms(STOP_LOOK_MS));
		return;
	}
	fleet_rest(agent->fleet);
	leader_release(agent->leader, on_released, agent);
}

void agent_stop(struct agent *agent, void (*stopped)(void *user), void *user)
{
	agent->is_stopping = true;
	if (agent->observe)
		observe_stop(agent->observe);
	agent->stopped = stopped;
	agent->stopped_user = user;
	agent->stop_begun = loop_uptime(agent->seams.loop);
	agent->stop_look.ring = on_stop_look;
	alarm_start(agent->seams.loop, &agent->stop_look, span_ms(0));
}

void agent_each(struct agent *agent, void (*visit)(void *user, struct canary *canary), void *user)
{
	fleet_each(agent->fleet, visit, user);
}

/* Canaries by namespace are counted anew each time. */
static void count(void *user, struct canary *canary)
{
	metrics_add(user, METRIC_FLAGGER_CANARY_TOTAL, METRIC_LABELS(canary->k8s_namespace), 1);
	tally_canary(canary);
}

void agent_measure(struct agent *agent)
{
	metrics_set(agent->seams.metrics, METRIC_SERIN_LEASE_HELD, METRIC_NO_LABELS,
	            agent_is_leading(agent) ? 1 : 0);
	metrics_remove_series(agent->seams.metrics, METRIC_FLAGGER_CANARY_TOTAL,
	                      METRIC_LABELS(METRIC_ANY));
	fleet_each(agent->fleet, count, agent->seams.metrics);
}

#include "agent/leader.h"

#include "agent/log.h"
#include "analysis/base/text.h"
#include "analysis/lease.h"
#include "providers/kube/api.h"
#include "providers/kube/lease.h"

#include <stdlib.h>
#include <string.h>

struct leader {
	struct http_call call; /* the first member: found again from its address */
	struct alarm alarm;
	struct alarm end; /* rings when our lease runs out unrenewed */
	struct leader_settings settings;
	char k8s_namespace[64];
	char name[NAME_MAX_K8S];
	char identity[256];
	struct lease_facts facts;
	struct kube_lease lease;
	enum lease_step step;         /* under way */
	struct instant begun;         /* when its request was begun, by the monotonic clock */
	bool is_leading;              /* as last told */
	struct instant writing_until; /* writes that nobody waits for may arrive until then */
	void (*released)(void *user);
	void *released_user;
};

static void think(struct leader *leader);

static struct instant uptime(const struct leader *leader)
{
	/* One more than nothing: zero means "not set". */
	return (struct instant){loop_uptime(leader->settings.loop).ms + 1};
}

static struct kube_ref ref_of(const struct leader *leader, bool is_list)
{
	return (struct kube_ref){
		.kind = KUBE_LEASE,
		.k8s_namespace = leader->k8s_namespace,
		.name = is_list ? NULL : leader->name,
	};
}

bool leader_is_leading(struct leader *leader)
{
	struct instant end;

	leader->facts.now = uptime(leader);
	end = lease_end(&leader->facts);
	return instant_is_set(end) && instant_is_before(leader->facts.now, end) &&
	       !leader->facts.is_stopping;
}

bool leader_may_write(struct leader *leader, struct span timeout)
{
	leader->facts.now = uptime(leader);
	return lease_allows(&leader->facts, timeout);
}

const char *leader_holder(const struct leader *leader)
{
	return leader->lease.holder;
}

/* Tell whoever asked when leadership was won or lost. */
static void tell(struct leader *leader)
{
	bool is_leading = leader_is_leading(leader);

	if (is_leading)
		alarm_start(leader->settings.loop, &leader->end,
		            instant_between(leader->facts.now, lease_end(&leader->facts)));
	if (is_leading == leader->is_leading)
		return;
	leader->is_leading = is_leading;
	log_event(leader->settings.log, LOG_INFO, is_leading ? "lease.won" : "lease.lost",
	          is_leading ? "this agent writes from now on"
	                     : "this agent does not write any more",
	          LOG_FIELDS({"lease", leader->name}, {"holder", leader->lease.holder}));
	leader->settings.changed(leader->settings.user, is_leading);
}

static void on_end(struct alarm *alarm)
{
	tell(container_of(alarm, struct leader, end));
}

/* The Lease as the server shows it. */
static void see(struct leader *leader, const json_t *object)
{
	struct kube_lease lease;
	struct err err = {0};
	bool is_changed;

	if (!kube_lease_read(object, &lease, &err)) {
		log_event(leader->settings.log, LOG_ERROR, "lease.unreadable", err.text,
		          LOG_FIELDS({"lease", leader->name}));
		return;
	}
	is_changed = strcmp(lease.resource_version, leader->lease.resource_version) != 0;
	leader->lease = lease;
	if (is_changed || !instant_is_set(leader->facts.changed))
		leader->facts.changed = uptime(leader);
	leader->facts.is_known = true;
	leader->facts.is_present = true;
	leader->facts.is_held = lease.holder[0] != '\0';
	leader->facts.is_mine = strcmp(lease.holder, leader->identity) == 0;
	leader->facts.duration =
		lease.duration.ms > 0 ? lease.duration : span_ms(LEASE_DURATION_MS);
}

static void finish_release(struct leader *leader)
{
	void (*released)(void *user) = leader->released;

	leader->released = NULL;
	if (released)
		released(leader->released_user);
}

/* The answer to the step under way. */
static void learn(struct leader *leader, const struct kube_answer *answer)
{
	bool is_write = leader->step != LEASE_STEP_READ;

	switch (answer->outcome) {
	case ACT_OK:
		see(leader, answer->object);
		/* Only what was written is renewed, and from when the request left. */
		if (is_write && leader->facts.is_mine)
			leader->facts.renewed = leader->begun;
		return;
	case ACT_ABSENT:
		leader->facts.is_known = true;
		leader->facts.is_present = false;
		return;
	case ACT_CONFLICT:
	case ACT_UNKNOWN:
	case ACT_FAILED:
	case ACT_NONE:
		break;
	}
	log_event(leader->settings.log, LOG_WARNING, "lease.not_done", answer->text,
	          LOG_FIELDS({"lease", leader->name}));
	/* Read it before anything else is planned; what we hold, we hold until its end. One that
	 * could not be made is there: somebody else's, or ours after all. */
	leader->lease.resource_version[0] = '\0';
	if (leader->step == LEASE_STEP_CREATE)
		leader->facts.is_known = false;
}

static void on_done(struct http_call *call, const struct http_reply *reply)
{
	struct leader *leader = (struct leader *)(void *)call;
	struct kube_ref ref = ref_of(leader, leader->step == LEASE_STEP_CREATE);
	struct kube_answer answer = {0};
	bool is_last = leader->step == LEASE_STEP_RELEASE;
	bool is_done;

	kube_api_read(leader->step == LEASE_STEP_READ ? HTTP_GET : HTTP_PATCH, &ref, reply,
	              &answer);
	/* A loss that was not told yet, because its alarm is late too, is not hidden by a renewal
	 * whose answer comes after it. */
	tell(leader);
	learn(leader, &answer);
	is_done = answer.outcome == ACT_OK || answer.outcome == ACT_ABSENT;
	json_decref(answer.object);
	leader->step = LEASE_STEP_NONE;
	tell(leader);
	/* What was under way when the stop came is followed by the release. */
	if (leader->facts.is_stopping && (is_last || !is_done)) {
		finish_release(leader);
		return;
	}
	if (is_done)
		think(leader);
	else
		alarm_start(leader->settings.loop, &leader->alarm, span_ms(LEASE_RETRY_MS / 5));
}

/* The Lease that STEP writes. */
static struct kube_lease wanted(const struct leader *leader, enum lease_step step)
{
	struct kube_lease lease = leader->lease;
	struct instant now = loop_now(leader->settings.loop);

	lease.renewed = now;
	lease.duration = span_ms(LEASE_DURATION_MS);
	if (step == LEASE_STEP_RELEASE) {
		lease.holder[0] = '\0';
		lease.duration = span_ms(1000);
		return lease;
	}
	if (step != LEASE_STEP_RENEW) {
		lease.acquired = now;
		lease.transitions += step == LEASE_STEP_TAKE;
	}
	text_copy(lease.holder, leader->identity);
	return lease;
}

static void send(struct leader *leader, enum lease_step step)
{
	struct arena arena = {0};
	struct http_request request = {0};
	struct kube_ref ref = ref_of(leader, step == LEASE_STEP_CREATE);
	struct kube_lease lease = wanted(leader, step);

	/* Without a version to test, what is there is looked at first. */
	if (step != LEASE_STEP_READ && step != LEASE_STEP_CREATE &&
	    lease.resource_version[0] == '\0')
		step = LEASE_STEP_READ;
	if (step == LEASE_STEP_READ)
		kube_api_get(&request, &arena, &ref);
	else if (step == LEASE_STEP_CREATE)
		kube_api_create(&request, &arena, &ref, "serin",
		                kube_lease_new(leader->k8s_namespace, leader->name, &lease));
	else
		kube_api_patch(&request, &arena, &ref, "serin", KUBE_PATCH_JSON,
		               kube_lease_patch(&lease));
	leader->step = step;
	leader->begun = uptime(leader);
	leader->call.lane = HTTP_LANE_WRITE;
	http_start(leader->settings.http, &leader->call, &request);
	arena_fini(&arena);
}

static void think(struct leader *leader)
{
	struct lease_plan plan;

	if (leader->step != LEASE_STEP_NONE)
		return;
	leader->facts.now = uptime(leader);
	leader->facts.is_writing = instant_is_before(leader->facts.now, leader->writing_until);
	plan = lease_decide(&leader->facts);
	if (plan.step != LEASE_STEP_NONE) {
		send(leader, plan.step);
		return;
	}
	if (leader->facts.is_stopping && leader->facts.is_writing && leader->facts.is_mine) {
		alarm_start(leader->settings.loop, &leader->alarm,
		            instant_between(leader->facts.now, leader->writing_until));
		return;
	}
	if (leader->facts.is_stopping) {
		finish_release(leader);
		return;
	}
	/* Another's lease is looked at again: only a look shows that it was renewed. */
	if (leader->facts.is_known && leader->facts.is_held && !leader->facts.is_mine)
		leader->facts.is_known = false;
	alarm_start(leader->settings.loop, &leader->alarm,
	            instant_between(leader->facts.now, plan.wake));
}

void leader_abandon(struct leader *leader, struct span timeout)
{
	struct instant until = instant_after(uptime(leader), timeout);

	if (instant_is_before(leader->writing_until, until))
		leader->writing_until = until;
}

static void on_alarm(struct alarm *alarm)
{
	think(container_of(alarm, struct leader, alarm));
}

struct leader *leader_new(const struct leader_settings *settings)
{
	struct leader *leader = calloc(1, sizeof(*leader));

	if (!leader)
		abort();
	leader->settings = *settings;
	text_copy(leader->k8s_namespace, settings->k8s_namespace);
	text_copy(leader->name, settings->name);
	text_copy(leader->identity, settings->identity);
	leader->call.done = on_done;
	leader->alarm.ring = on_alarm;
	leader->end.ring = on_end;
	return leader;
}

struct leader *leader_free(struct leader *leader)
{
	if (!leader)
		return NULL;
	http_cancel(&leader->call);
	alarm_cancel(&leader->alarm);
	alarm_cancel(&leader->end);
	free(leader);
	return NULL;
}

void leader_start(struct leader *leader)
{
	think(leader);
}

void leader_release(struct leader *leader, void (*released)(void *user), void *user)
{
	leader->released = released;
	leader->released_user = user;
	leader->facts.is_stopping = true;
	tell(leader);
	think(leader);
}

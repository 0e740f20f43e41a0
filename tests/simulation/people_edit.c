/* Foreign edits: whoever writes into what agents look after, and pods that break. */
#include "analysis/base/text.h"
#include "providers/kube/api.h"
#include "providers/kube/tree.h"
#include "tests/simulation/front.h"
#include "tests/simulation/people.h"
#include "tests/simulation/simulation.h"
#include "tests/simulation/witness_world.h"

#include <stdlib.h>
#include <string.h>

#define MEND_MS_MAX  40000
#define HASTY_MS_MAX 8000

/* One edit: whose, of what, and where it is written. */
struct hand {
	struct simulation *simulation;
	struct truth_canary *canary;
	int index;
	enum fault kind;
	struct dice *dice;
};

static bool strikes(const struct hand *hand)
{
	return faults_strike(&hand->simulation->faults, hand->kind, hand->index,
	                     sim_loop_now(hand->simulation->loop));
}

static const json_t *find(const struct hand *hand, const char *plural, const char *name)
{
	return apiserver_find(hand->simulation->server, plural, hand->canary->space, name);
}

static void put(const struct hand *hand, enum http_method method, const char *plural,
                const char *name, const char *body)
{
	char front[FRONT_NAME_MAX];
	char url[PEOPLE_URL_MAX];

	if (strcmp(plural, front_plural(hand->canary)) == 0 &&
	    strcmp(name, front_name(hand->canary, front)) == 0)
		truth_meddled(hand->canary, sim_loop_now(hand->simulation->loop));
	people_url(hand->canary, plural, name, url);
	simulation_write(hand->simulation, "kubectl", method, url, body);
}

/* A run may end by what stays broken until then. */
static void break_for_a_while(const struct hand *hand)
{
	struct instant now = sim_loop_now(hand->simulation->loop);
	struct span time = span_ms(dice_between(hand->dice, 500, MEND_MS_MAX));

	people_mend_later(hand->simulation, hand->index, time);
	if (instant_is_before(now, hand->simulation->people.silent_until))
		truth_may_fail(people_run_version(hand->simulation, hand->index),
		               "pods broke while a watch was silent");
	truth_broken(hand->canary, people_run_version(hand->simulation, hand->index), now,
	             instant_after(now, span_ms(MEND_MS_MAX)));
}

/* "<base><suffix>" */
struct name {
	char text[48];
};

static struct name name_of(const char *base, const char *suffix)
{
	struct name name;

	text_format(name.text, sizeof(name.text), "%s%s", base, suffix);
	return name;
}

static bool edit_weight(const struct hand *hand)
{
	static const int weights[] = {0, 1, 10, 50, 90, 100};
	const char *plural = front_plural(hand->canary);
	char name[FRONT_NAME_MAX];
	char *body;

	if (!find(hand, plural, front_name(hand->canary, name)) || !strikes(hand))
		return false;
	body = front_edit(hand->canary, weights[dice_between(hand->dice, 0, 5)]);
	put(hand, HTTP_PATCH, plural, name, body);
	free(body);
	return true;
}

static bool edit_replicas(const struct hand *hand)
{
	bool is_primary = dice_chance(hand->dice, 0.3);
	struct name name = name_of(hand->canary->name, is_primary ? "-primary" : "");
	int replicas = (int)dice_between(hand->dice, is_primary ? 1 : 0, 4);
	char body[64];

	if (hand->canary->is_daemon || !find(hand, "deployments", name.text) || !strikes(hand))
		return false;
	text_format(body, sizeof(body), "{\"spec\":{\"replicas\":%d}}", replicas);
	put(hand, HTTP_PATCH, "deployments", name.text, body);
	if (is_primary)
		return true;
	truth_scaled(hand->canary, replicas);
	if (replicas > 0)
		return true;
	/* In a run a target without pods is not ready; in a teardown it comes back by itself, after
	 * one nobody but people brings it back. */
	name = name_of(hand->canary->name, "-primary");
	hand->canary->is_scaled_away =
		people_run_version(hand->simulation, hand->index) != NULL ||
		(!hand->canary->is_there && !find(hand, "deployments", name.text));
	if (hand->canary->is_scaled_away)
		break_for_a_while(hand);
	return true;
}

static bool is_marked(const json_t *object)
{
	return kube_tree_value(kube_tree_find(object, "metadata/labels"), KUBE_LABEL_UID)[0] !=
	       '\0';
}

static bool edit_selector(const struct hand *hand)
{
	static const char *const suffixes[] = {"", "-primary", "-canary"};
	static const char *const pods[] = {"", "-primary", "-nowhere"};
	struct name service =
		name_of(hand->canary->service, suffixes[dice_between(hand->dice, 0, 2)]);
	bool is_apex = strcmp(service.text, hand->canary->service) == 0;
	const json_t *live = find(hand, "services", service.text);
	char body[96];

	/* After a teardown, and until the first run is over, the Service is its users', who get it
	 * back as they had it. A Canary that was made anew may not have been seen yet. */
	if (!hand->canary->is_there || !live ||
	    (is_apex && (hand->canary->promoted < 0 || !is_marked(live))) || !strikes(hand))
		return false;
	text_format(body, sizeof(body), "{\"spec\":{\"selector\":{\"app\":\"%s%s\"}}}",
	            hand->canary->name, pods[dice_between(hand->dice, 0, 2)]);
	put(hand, HTTP_PATCH, "services", service.text, body);
	hand->canary->is_led_astray = true;
	return true;
}

static bool edit_labels(const struct hand *hand)
{
	static const char *const services[] = {"", "-primary", "-canary"};
	bool is_service = dice_chance(hand->dice, 0.6);
	struct name service =
		name_of(hand->canary->service, services[dice_between(hand->dice, 0, 2)]);
	const char *front = front_plural(hand->canary);
	char name[FRONT_NAME_MAX];
	bool strips = dice_chance(hand->dice, 0.3);

	(void)front_name(hand->canary, name);
	if (!find(hand, is_service ? "services" : front, is_service ? service.text : name) ||
	    !strikes(hand))
		return false;
	if (is_service) {
		put(hand, HTTP_PATCH, "services", service.text,
		    "{\"metadata\":{\"labels\":{\"app\":null,\"team\":\"other\"},"
		    "\"annotations\":{\"note\":\"other\"}}}");
	} else if (front_is_mesh(hand->canary)) {
		/* Without our label it would be a user's, and be taken over as it is. */
		put(hand, HTTP_PATCH, front, name,
		    "{\"metadata\":{\"labels\":{\"team\":\"other\"}},\"spec\":{\"gateways\":[\"x/y\"],"
		    "\"exportTo\":[\".\"]}}");
	} else if (front_is_gateway(hand->canary)) {
		put(hand, HTTP_PATCH, front, name,
		    "{\"metadata\":{\"labels\":{\"team\":\"other\"}},\"spec\":{\"hostnames\":[\"x.y\"]}}");
	} else if (front_is_split(hand->canary)) {
		put(hand, HTTP_PATCH, front, name,
		    "{\"metadata\":{\"labels\":{\"team\":\"other\"}},\"spec\":{\"service\":\"other\"}}");
	} else if (strips) {
		put(hand, HTTP_PATCH, front, name,
		    "{\"metadata\":{\"labels\":null,\"ownerReferences\":null}}");
		hand->canary->is_stripped = true;
		break_for_a_while(hand);
	} else {
		put(hand, HTTP_PATCH, front, name,
		    "{\"metadata\":{\"annotations\":{\"nginx.ingress.kubernetes.io/canary\":"
		    "null,\"note\":\"other\"}}}");
	}
	return true;
}

/* The run that goes on, or one that begins before anybody notices. Who takes away pods that serve
 * leaves those clients whom they had. */
static void note_removal(struct simulation *simulation, int canary)
{
	struct truth_canary *truth = &simulation->truth.canaries[canary];
	struct witness_workload primary;

	witness_world_workload(apiserver_find(simulation->server, truth_plural(truth), truth->space,
	                                      name_of(truth->name, "-primary").text),
	                       &primary);
	if (primary.ready > 0)
		truth->is_led_astray = true;
	truth_may_fail(people_run_version(simulation, canary), "somebody removed the primary");
	truth_may_fail(&truth->versions[truth->live], "somebody removed the primary");
}

static bool remove_one(const struct hand *hand)
{
	const struct truth_canary *canary = hand->canary;
	char front[FRONT_NAME_MAX];
	const struct {
		const char *plural;
		const char *base;
		const char *suffix;
	} rows[] = {
		{front_plural(canary), front_name(canary, front), ""},
		{"services", canary->service, ""},
		{"services", canary->service, "-primary"},
		{"services", canary->service, "-canary"},
		{truth_plural(canary), canary->name, "-primary"},
	};
	int64_t which = dice_between(hand->dice, 0, 4);
	struct name name = name_of(rows[which].base, rows[which].suffix);

	if (!find(hand, rows[which].plural, name.text) || !strikes(hand))
		return false;
	if (which == 4)
		note_removal(hand->simulation, hand->index);
	put(hand, HTTP_DELETE, rows[which].plural, name.text, NULL);
	return true;
}

void people_remove(struct simulation *simulation, int canary, const char *url)
{
	if (front_is_url(url))
		truth_meddled(&simulation->truth.canaries[canary], sim_loop_now(simulation->loop));
	if (strstr(url, "/deployments/") || strstr(url, "/daemonsets/"))
		note_removal(simulation, canary);
	simulation_write(simulation, "kubectl", HTTP_DELETE, url, NULL);
}

/* What stands in its repository is applied again. */
static bool restore(const struct hand *hand)
{
	char *text = NULL;

	if (!strikes(hand))
		return false;
	switch (dice_between(hand->dice, 0, 3)) {
	case 0:
		if (!hand->canary->is_there)
			break;
		text = truth_edit(hand->canary);
		put(hand, HTTP_PATCH, "canaries", hand->canary->name, text);
		break;
	case 1:
		text = truth_ingress(hand->canary);
		put(hand, HTTP_PATCH, "ingresses", name_of(hand->canary->name, "-front").text,
		    text);
		break;
	default:
		people_apply_target(hand->simulation, hand->canary, "gitops");
		break;
	}
	free(text);
	return true;
}

/* Of a primary at rest some pods serve yet: nobody may begin a run beside it. */
static bool is_halved(const struct hand *hand, json_int_t n_ready, int64_t n_broken)
{
	return n_broken < n_ready &&
	       hand->simulation->faults.phases[hand->index] == FAULT_PHASE_REST;
}

static bool break_pods(const struct hand *hand)
{
	bool is_primary = dice_chance(hand->dice, 0.5);
	struct name name = name_of(hand->canary->name, is_primary ? "-primary" : "");
	const json_t *object = find(hand, truth_plural(hand->canary), name.text);
	const json_t *status = json_object_get(object, "status");
	json_int_t n_ready = json_integer_value(
		json_object_get(status, hand->canary->is_daemon ? "numberReady" : "readyReplicas"));
	int64_t n_broken;

	if (n_ready == 0 || !strikes(hand))
		return false;
	n_broken = dice_between(hand->dice, 1, n_ready);
	cluster_break_pods(hand->simulation->cluster, hand->canary->space, name.text,
	                   (size_t)n_broken);
	simulation_stir(hand->simulation);
	break_for_a_while(hand);
	/* Now and then they push what is to mend it. */
	if (is_primary && is_halved(hand, n_ready, n_broken))
		people_hasten(hand->simulation, hand->index,
		              span_ms(dice_between(hand->dice, 2500, HASTY_MS_MAX)));
	else if (is_primary && dice_chance(hand->dice, 0.3))
		people_hasten(hand->simulation, hand->index,
		              span_ms(dice_between(hand->dice, 3000, MEND_MS_MAX)));
	return true;
}

bool people_edit(struct simulation *simulation, enum fault kind, int canary)
{
	struct hand hand = {
		.simulation = simulation,
		.canary = &simulation->truth.canaries[canary],
		.index = canary,
		.kind = kind,
		.dice = &simulation->people.edits,
	};

	if (kind == FAULT_EDIT_WEIGHT)
		return edit_weight(&hand);
	if (kind == FAULT_EDIT_REPLICAS)
		return edit_replicas(&hand);
	if (kind == FAULT_EDIT_SELECTOR)
		return edit_selector(&hand);
	if (kind == FAULT_EDIT_LABELS)
		return edit_labels(&hand);
	if (kind == FAULT_EDIT_REMOVE)
		return remove_one(&hand);
	return kind == FAULT_GITOPS ? restore(&hand) : break_pods(&hand);
}

/* One kind for each canary: the rates are per such opportunity. */
void people_weather(struct simulation *simulation)
{
	const struct faults *faults = &simulation->faults;

	for (int i = 0; i < simulation->truth.n_canaries; i++) {
		int64_t roll = dice_between(&simulation->people.edits, FAULT_EDIT_WEIGHT,
		                            FAULT_PODS_BREAK);
		enum fault kind = (enum fault)roll;

		if (faults->rates[kind] > 0 && !faults->is_calm)
			(void)people_edit(simulation, kind, i);
	}
}

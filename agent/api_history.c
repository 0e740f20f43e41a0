/*
 * Evidence, read by the clerk's thread. A job has all that it needs: its visit may be over before
 * it, and then nobody takes what was read.
 */
#include "agent/api_route.h"
#include "agent/command/command_evidence.h"
#include "agent/command/command_flags.h"
#include "agent/command/command_releases.h"
#include "agent/command/report_read.h"
#include "agent/history_clerk.h"
#include "agent/history_facts.h"
#include "agent/history_part.h"
#include "agent/history_record.h"
#include "agent/history_splits.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX 512

struct job {
	struct history_clerk_job base; /* the first member */
	struct api_visit *visit;       /* the loop's; NULL: it is over */
	char k8s_namespace[64];        /* "": all */
	char name[API_VISIT_NAME_MAX]; /* of a release */
	char canary[API_VISIT_NAME_MAX];
	struct command_choice choice;
	bool has_init;
	struct instant now;
	size_t limit;
	char token[TOKEN_MAX]; /* where the page begins; "": at the first */
	/* What was read. */
	json_t *tree; /* NULL: there is none */
	char next[TOKEN_MAX];
};

static const char *or_null(const char *text)
{
	return text[0] ? text : NULL;
}

/* Releases: in the clerk's thread ------------------------------------------------------------- */

/* "1763712000000.shop.cart-3": the last run of the page before. Namespaces have no dots. */
static bool read_token(const char *token, struct command_run *ret, struct arena *arena)
{
	char *end;
	int64_t started = strtoll(token, &end, 10);
	const char *name = *end == '.' ? strchr(end + 1, '.') : NULL;

	if (!name || !name[1])
		return false;
	ret->release.status.times.started.ms = started;
	ret->k8s_namespace = arena_copy(arena, end + 1, (size_t)(name - end - 1));
	text_copy(ret->release.name, name + 1);
	return true;
}

/* Keep the page that is wanted. */
static bool cut_page(struct job *job, struct command_runs *runs, struct arena *arena,
                     struct err *err)
{
	struct command_run *last = arena_alloc(arena, sizeof(*last));
	size_t from = 0;

	*last = (struct command_run){0};
	if (job->token[0] && !read_token(job->token, last, arena))
		return err_set(err, ERR_INVALID, "continue: it is not one of ours");
	while (job->token[0] && from < runs->n_runs &&
	       command_releases_compare(&runs->runs[from], last) <= 0)
		from++;
	runs->runs += from;
	runs->n_runs -= from;
	if (runs->n_runs <= job->limit)
		return true;
	runs->n_runs = job->limit;
	last = &runs->runs[job->limit - 1];
	text_format(job->next, sizeof(job->next), "%" PRId64 ".%s.%s",
	            last->release.status.times.started.ms, last->k8s_namespace, last->release.name);
	return true;
}

static bool read_releases(struct history_clerk_job *base, sqlite3 *db, struct err *err)
{
	struct job *job = (struct job *)(void *)base;
	const struct command_evidence_filter filter = {
		.k8s_namespace = or_null(job->k8s_namespace),
		.canary = or_null(job->canary),
	};
	struct command_runs runs = {0};
	struct arena arena = {0};
	size_t n_unreadable = 0;
	bool is_fine;

	is_fine = command_evidence_read_open(db, &filter, &arena, &runs, &n_unreadable, err);
	if (is_fine) {
		command_releases_keep(&runs, &job->choice, job->has_init, job->now);
		command_releases_sort(&runs);
		is_fine = cut_page(job, &runs, &arena, err);
	}
	if (is_fine)
		job->tree = command_releases_tree(&runs);
	arena_fini(&arena);
	return is_fine;
}

static bool read_report(struct history_clerk_job *base, sqlite3 *db, struct err *err)
{
	struct job *job = (struct job *)(void *)base;

	return report_read_open(db, job->k8s_namespace, job->name, &job->tree, err);
}

/* What others did: in the clerk's thread. The token is a place in the order. */
static bool read_splits(struct history_clerk_job *base, sqlite3 *db, struct err *err)
{
	struct job *job = (struct job *)(void *)base;
	char *end = job->token;
	struct history_splits_filter filter = {
		.k8s_namespace = or_null(job->k8s_namespace),
		.name = or_null(job->name),
		.before = strtoll(job->token, &end, 10),
		.n_max = job->limit,
	};
	int64_t next;

	if (*end != '\0' || filter.before < 0 || (job->token[0] && filter.before == 0))
		return err_set(err, ERR_INVALID, "continue: it is not one of ours");
	if (!history_splits_read(db, &filter, &job->tree, &next, err))
		return false;
	if (next > 0)
		text_format(job->next, sizeof(job->next), "%" PRId64, next);
	return true;
}

/* Rounds: in the clerk's thread --------------------------------------------------------------- */

struct rounds {
	struct job *job;
	sqlite3 *db;
	json_t *list;
	size_t n_bytes;
	bool is_begun; /* the page has begun */
	bool is_full;
	bool is_found; /* there is a round of the release at all */
	struct err err;
};

/* What was cut off is no JSON any more, and null. */
static void set_part(json_t *tree, const char *key, const char *text)
{
	json_t *part = NULL;

	if (!history_part_read(text, &part, NULL))
		part = json_null();
	kube_tree_set(tree, key, part);
}

/* Whole, whatever the round shares with others. */
static void set_facts(json_t *tree, const struct history_round *round)
{
	json_t *facts = NULL;

	if (!history_facts_read(round->base, round->facts, &facts, NULL))
		facts = json_null();
	kube_tree_set(tree, "facts", facts);
}

struct effects {
	json_t *list;
	size_t n_bytes;
};

static void on_effect(void *user, const struct history_effect *effect)
{
	struct effects *effects = user;
	json_t *tree = kube_tree_object();

	kube_tree_set(tree, "at", command_run_time_tree(effect->at));
	kube_tree_set_text(tree, "kind", history_record_effect_text(effect->kind));
	kube_tree_set_text(tree, "key", effect->key);
	kube_tree_set(tree, "result", command_run_text_tree(effect->result));
	set_part(tree, "detail", effect->detail);
	kube_tree_append(effects->list, tree);
	effects->n_bytes += strlen(effect->detail);
}

static void add_round(struct rounds *rounds, const struct history_read_round *read)
{
	const struct history_round *round = &read->round;
	struct effects effects = {.list = kube_tree_list()};
	json_t *tree = kube_tree_object();

	kube_tree_set_text(tree, "uid", round->uid);
	kube_tree_set(tree, "at", command_run_time_tree(round->decided_at));
	kube_tree_set_text(tree, "decideVersion", round->decide_version);
	kube_tree_set(tree, "reason", command_run_text_tree(round->reason));
	kube_tree_set(tree, "ahead", json_boolean(read->is_ahead));
	kube_tree_set(tree, "cut", json_boolean(read->is_cut));
	kube_tree_set(tree, "prunedAt", command_run_time_tree(read->pruned));
	set_part(tree, "spec", round->spec);
	set_facts(tree, round);
	set_part(tree, "plan", round->plan);
	(void)history_read_effects(rounds->db, round->uid, on_effect, &effects, &rounds->err);
	kube_tree_set(tree, "effects", effects.list);
	kube_tree_append(rounds->list, tree);
	rounds->n_bytes +=
		strlen(round->spec) + strlen(round->facts) + strlen(round->plan) + effects.n_bytes;
	text_copy(rounds->job->next, round->uid);
}

static void on_round(void *user, const struct history_read_round *read)
{
	struct rounds *rounds = user;

	rounds->is_found = true;
	if (!rounds->is_begun) {
		rounds->is_begun = strcmp(read->round.uid, rounds->job->token) == 0;
		return;
	}
	if (json_array_size(rounds->list) >= rounds->job->limit || rounds->n_bytes > API_BODY_MAX)
		rounds->is_full = true;
	else if (rounds->err.kind == ERR_NONE)
		add_round(rounds, read);
}

static bool read_rounds(struct history_clerk_job *base, sqlite3 *db, struct err *err)
{
	struct job *job = (struct job *)(void *)base;
	const struct history_read_filter filter = {
		.k8s_namespace = job->k8s_namespace,
		.release = job->name,
	};
	struct rounds rounds = {.job = job, .db = db, .list = kube_tree_list()};
	bool is_fine;

	rounds.is_begun = job->token[0] == '\0';
	is_fine = history_read_rounds(db, &filter, on_round, &rounds, err);
	if (is_fine && rounds.err.kind != ERR_NONE)
		is_fine = err_set(err, rounds.err.kind, "%s", rounds.err.text);
	if (is_fine && rounds.is_found && !rounds.is_begun)
		is_fine = err_set(err, ERR_INVALID, "continue: it is not one of ours");
	if (!rounds.is_full)
		job->next[0] = '\0';
	if (!is_fine || !rounds.is_found) {
		json_decref(rounds.list);
		return is_fine;
	}
	job->tree = kube_tree_object();
	kube_tree_set_text(job->tree, "release", job->name);
	kube_tree_set_text(job->tree, "namespace", job->k8s_namespace);
	kube_tree_set(job->tree, "rounds", rounds.list);
	return true;
}

/* On the loop --------------------------------------------------------------------------------- */

static void leave(struct api_visit *visit)
{
	struct job *job = visit->work;

	job->visit = NULL;
	job->base.is_unwanted = true;
}

static unsigned int status_of(const struct err *err)
{
	return err->kind == ERR_INVALID || err->kind == ERR_LIMIT ? 400 : 503;
}

static void tell(struct job *job, bool is_read, const struct err *err)
{
	struct api_visit *visit = job->visit;

	visit->leave = NULL;
	if (!is_read) {
		api_visit_refuse(visit, status_of(err), "the history cannot be read: %s",
		                 err->text);
	} else if (!job->tree) {
		api_visit_refuse(visit, 404,
		                 "the history has no release \"%s\" in namespace \"%s\"", job->name,
		                 job->k8s_namespace);
	} else {
		api_visit_answer(visit, job->tree, or_null(job->next));
		job->tree = NULL;
	}
}

static void on_done(struct history_clerk_job *base, bool is_read, const struct err *err)
{
	struct job *job = (struct job *)(void *)base;

	if (job->visit && err)
		tell(job, is_read, err);
	json_decref(job->tree);
	free(job);
}

/* Take the arguments of API_ROUTE_RELEASES; false: refused. */
static bool read_arguments(struct api_visit *visit, struct job *job)
{
	const char *canary = api_visit_argument(visit, "canary");
	const char *all = api_visit_argument(visit, "all");
	struct err err = {0};

	if (canary && !command_flags_is_name(canary)) {
		api_visit_refuse(visit, 400, "canary: expected the name of a canary");
		return false;
	}
	if (all && strcmp(all, "true") != 0 && strcmp(all, "false") != 0) {
		api_visit_refuse(visit, 400, "all: expected true or false, got \"%.40s\"", all);
		return false;
	}
	if (!command_choice_parse(api_visit_argument(visit, "since"),
	                          api_visit_argument(visit, "result"), &job->choice, &err)) {
		api_visit_refuse(visit, 400, "%s", err.text);
		return false;
	}
	text_copy(job->canary, canary ? canary : "");
	job->has_init = all && strcmp(all, "true") == 0;
	return true;
}

/* The name of an object: dots are allowed in those of routes. */
static bool read_name(struct api_visit *visit, struct job *job)
{
	const char *name = api_visit_argument(visit, "name");

	if (name && (!*name || strlen(name) >= sizeof(job->name))) {
		api_visit_refuse(visit, 400, "name: expected the name of an object");
		return false;
	}
	text_copy(job->name, name ? name : "");
	return true;
}

static bool prepare(struct api_visit *visit, struct job *job)
{
	const char *token = api_visit_argument(visit, "continue");

	if (token && strlen(token) >= sizeof(job->token)) {
		api_visit_refuse(visit, 400, "continue: it is not one of ours");
		return false;
	}
	text_copy(job->token, token ? token : "");
	text_copy(job->k8s_namespace, visit->k8s_namespace);
	text_copy(job->name, visit->name);
	job->now = loop_now(visit->api->settings.loop);
	job->base.done = on_done;
	if (visit->route == API_ROUTE_RELEASE) {
		job->base.read = read_report;
		return true;
	}
	if (visit->route == API_ROUTE_ROUNDS) {
		job->base.read = read_rounds;
		return api_visit_limit(visit, API_ROUNDS, API_ROUNDS_MAX, &job->limit);
	}
	if (visit->route == API_ROUTE_SPLITS) {
		job->base.read = read_splits;
		return api_visit_limit(visit, API_RELEASES, API_RELEASES_MAX, &job->limit) &&
		       read_name(visit, job);
	}
	job->base.read = read_releases;
	return api_visit_limit(visit, API_RELEASES, API_RELEASES_MAX, &job->limit) &&
	       read_arguments(visit, job);
}

/* Another agent leads, and evidence is where it was made. */
static void refuse_follower(struct api_visit *visit)
{
	const struct api_settings *settings = &visit->api->settings;
	const char *holder = settings->holder(settings->user);
	json_t *tree = kube_tree_object();

	kube_tree_set_text(tree, "error",
	                   "this agent does not lead, and the history is where decisions were "
	                   "made: ask the leader");
	kube_tree_set(tree, "leader", command_run_text_tree(holder));
	api_visit_put_off(visit, 503, tree);
}

void api_history(struct api_visit *visit)
{
	const struct api_settings *settings = &visit->api->settings;
	struct job *job;
	json_t *tree;

	if (!settings->clerk) {
		api_visit_refuse(visit, 503, "no thread could be had to read the history");
		return;
	}
	if (!settings->is_leading(settings->user)) {
		refuse_follower(visit);
		return;
	}
	job = calloc(1, sizeof(*job));
	if (!job)
		abort();
	if (!prepare(visit, job)) {
		free(job);
		return;
	}
	job->visit = visit;
	visit->work = job;
	visit->leave = leave;
	if (history_clerk_start(settings->clerk, &job->base))
		return;
	visit->leave = NULL;
	free(job);
	tree = kube_tree_object();
	kube_tree_set_text(tree, "error", "the history is being read for others: come again");
	api_visit_put_off(visit, 503, tree);
}

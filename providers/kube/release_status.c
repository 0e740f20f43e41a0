#include "providers/kube/release_status.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Where notices go: the word tells how urgent they are, too. */
#define TO_NORMAL  "event"
#define TO_WARNING "event:warning"
#define TO_ALERT   "alert:" /* and its severity */
#define DETAILS    ":details"

static bool read_time(const json_t *times, const char *key, struct instant *ret, struct err *err)
{
	const char *text = kube_tree_value(times, key);

	if (text[0] == '\0')
		return true;
	return instant_parse(text, ret, err) || err_wrap(err, "status.times.%s", key);
}

static bool read_times(const json_t *times, struct release_status *ret, struct err *err)
{
	return read_time(times, "started", &ret->times.started, err) &&
	       read_time(times, "nextCheckAt", &ret->times.next_check_at, err) &&
	       read_time(times, "notReadySince", &ret->times.not_ready_since, err) &&
	       read_time(times, "unmeasuredSince", &ret->times.unmeasured_since, err) &&
	       read_time(times, "finished", &ret->times.finished, err);
}

static bool refuse_word(struct err *err, const char *path, const char *word)
{
	return err_set(err, ERR_INVALID, "%s: \"%.40s\" is no word that this version knows", path,
	               word);
}

static bool read_outcome(const json_t *status, const char *key, enum release_outcome *ret,
                         struct err *err)
{
	const char *word = kube_tree_value(status, key);
	enum release_outcome outcome = release_outcome_find(word);
	char path[32];

	text_format(path, sizeof(path), "status.%s", key);
	if (outcome == OUTCOME_NONE && word[0])
		return refuse_word(err, path, word);
	*ret = outcome;
	return true;
}

static bool read_words(const json_t *status, struct release_status *ret, struct err *err)
{
	const char *phase = kube_tree_text(status, "phase");

	ret->phase = release_phase_find(phase);
	if (ret->phase == PHASE_NONE && phase[0])
		return refuse_word(err, "status.phase", phase);
	return read_outcome(status, "ending", &ret->ending, err) &&
	       read_outcome(status, "outcome", &ret->outcome, err);
}

static void read_number(const json_t *object, const char *key, bool *ret_has, double *ret)
{
	const json_t *number = json_object_get(object, key);

	*ret_has = json_is_number(number);
	if (*ret_has)
		*ret = json_number_value(number);
}

static bool read_check(const json_t *object, struct check_result *ret, struct err *err)
{
	const char *word = kube_tree_text(object, "verdict");

	text_copy(ret->name, kube_tree_text(object, "name"));
	read_number(object, "value", &ret->has_value, &ret->value);
	read_number(object, "min", &ret->has_min, &ret->min);
	read_number(object, "max", &ret->has_max, &ret->max);
	ret->verdict = verdict_find(word);
	if (ret->verdict == VERDICT_UNKNOWN && word[0])
		return refuse_word(err, "status.checks.verdict", word);
	return true;
}

static bool read_checks(const json_t *status, struct release_status *ret, struct err *err)
{
	const json_t *checks = kube_tree_find(status, "checks");
	size_t n_checks = json_array_size(checks);

	if (n_checks > SPEC_CHECKS_MAX)
		return err_set(err, ERR_LIMIT, "status.checks: %zu, at most %d can be", n_checks,
		               SPEC_CHECKS_MAX);
	for (size_t i = 0; i < n_checks; i++) {
		if (!read_check(json_array_get(checks, i), &ret->checks[i], err))
			return false;
	}
	ret->n_checks = n_checks;
	return true;
}

/* "0123456789abcdef" */
static bool read_question(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 16);
	return text[0] && *end == '\0' && errno == 0;
}

static bool read_hook(const json_t *object, struct hook_record *ret, struct err *err)
{
	const char *type = kube_tree_text(object, "type");
	const char *result = kube_tree_text(object, "result");

	text_copy(ret->name, kube_tree_text(object, "name"));
	ret->type = hook_type_find(type);
	ret->result = hook_result_find(result);
	ret->is_approved = json_is_true(json_object_get(object, "approved"));
	if (ret->type == HOOK_NONE)
		return refuse_word(err, "status.hooks.type", type);
	if (ret->result == HOOK_PENDING && strcmp(result, "pending") != 0)
		return refuse_word(err, "status.hooks.result", result);
	if (!read_question(kube_tree_text(object, "question"), &ret->question))
		return err_set(err, ERR_INVALID,
		               "status.hooks.question: expected a number in hex, got \"%.40s\"",
		               kube_tree_text(object, "question"));
	return true;
}

static bool read_hooks(const json_t *status, struct release_status *ret, struct err *err)
{
	const json_t *hooks = kube_tree_find(status, "hooks");
	size_t n_hooks = json_array_size(hooks);

	if (n_hooks > SPEC_HOOKS_MAX)
		return err_set(err, ERR_LIMIT, "status.hooks: %zu, at most %d can be", n_hooks,
		               SPEC_HOOKS_MAX);
	for (size_t i = 0; i < n_hooks; i++) {
		if (!read_hook(json_array_get(hooks, i), &ret->hooks[i], err))
			return false;
	}
	ret->n_hooks = n_hooks;
	return true;
}

/* The word behind TO_ALERT: "warn", "info:details". */
static bool read_severity(const char *word, struct notice *ret)
{
	char severity[16];
	size_t length = strcspn(word, ":");

	if (length >= sizeof(severity))
		return false;
	text_format(severity, sizeof(severity), "%.*s", (int)length, word);
	ret->severity = severity_find(severity);
	ret->has_details = strcmp(word + length, DETAILS) == 0;
	return ret->severity != SEVERITY_NONE && (ret->has_details || word[length] == '\0');
}

static bool read_notice(const json_t *object, struct notice *ret, struct err *err)
{
	const char *id = kube_tree_text(object, "id");
	const char *to = kube_tree_text(object, "to");
	char *end;

	errno = 0;
	ret->id = strtoll(id, &end, 10);
	if (id[0] == '\0' || *end != '\0' || errno != 0)
		return err_set(err, ERR_INVALID,
		               "status.notices.id: expected a number as text, got \"%.40s\"", id);
	if (strncmp(to, TO_ALERT, strlen(TO_ALERT)) == 0 &&
	    !read_severity(to + strlen(TO_ALERT), ret))
		return refuse_word(err, "status.notices.to", to);
	ret->is_warning = strcmp(to, TO_WARNING) == 0 || ret->severity > SEVERITY_INFO;
	text_copy(ret->text, kube_tree_text(object, "text"));
	return true;
}

static bool add_notice(const struct notice *notice, struct release_status *ret, struct err *err)
{
	bool is_alert = notice->severity != SEVERITY_NONE;
	struct notice *list = is_alert ? ret->alerts : ret->notices;
	size_t *n_list = is_alert ? &ret->n_alerts : &ret->n_notices;
	size_t most = is_alert ? ALERTS_MAX : NOTICES_MAX;

	if (*n_list == most)
		return err_set(err, ERR_LIMIT, "status.notices: at most %zu %s can be", most,
		               is_alert ? "alerts" : "events");
	list[(*n_list)++] = *notice;
	return true;
}

static bool read_notices(const json_t *status, struct release_status *ret, struct err *err)
{
	const json_t *notices = kube_tree_find(status, "notices");
	size_t n_notices = json_array_size(notices);

	for (size_t i = 0; i < n_notices; i++) {
		struct notice notice = {0};

		if (!read_notice(json_array_get(notices, i), &notice, err) ||
		    !add_notice(&notice, ret, err))
			return false;
	}
	return true;
}

/* The text of KEY, which is never cut: it says who. */
static bool read_whole_text(const json_t *object, const char *key, char *ret, size_t size,
                            struct err *err)
{
	const char *text = kube_tree_value(object, key);

	if (strlen(text) >= size)
		return err_set(err, ERR_LIMIT, "%s: more than %zu bytes", key, size - 1);
	text_cut(ret, size, text);
	return true;
}

bool kube_release_status_action_read(const json_t *object, struct action_mark *ret, struct err *err)
{
	const char *word = kube_tree_value(object, "verb");
	const char *at = kube_tree_value(object, "at");
	struct action_mark mark = {.verb = verb_find(word)};

	if (!object)
		return true;
	if (mark.verb == VERB_NONE)
		return refuse_word(err, "action.verb", word);
	if (!read_whole_text(object, "uid", mark.uid, sizeof(mark.uid), err) ||
	    !read_whole_text(object, "by", mark.by, sizeof(mark.by), err) ||
	    (at[0] && !instant_parse(at, &mark.at, err)))
		return err_wrap(err, "action");
	text_copy(mark.why, kube_tree_value(object, "reason"));
	*ret = mark;
	return true;
}

static bool read_actions(const json_t *status, struct release_status *ret, struct err *err)
{
	const json_t *actions = kube_tree_find(status, "actions");
	size_t n_actions = json_array_size(actions);

	if (n_actions > ACTIONS_KEPT_MAX)
		return err_set(err, ERR_LIMIT, "status.actions: %zu, at most %d can be", n_actions,
		               ACTIONS_KEPT_MAX);
	for (size_t i = 0; i < n_actions; i++) {
		if (!kube_release_status_action_read(json_array_get(actions, i), &ret->actions[i],
		                                     err))
			return err_wrap(err, "status");
	}
	ret->n_actions = n_actions;
	return true;
}

static bool read_standing(const json_t *state, const char *key, struct standing *ret,
                          struct err *err)
{
	const json_t *object = json_object_get(state, key);

	if (!read_whole_text(object, "action", ret->action, sizeof(ret->action), err) ||
	    !read_whole_text(object, "by", ret->by, sizeof(ret->by), err))
		return err_wrap(err, "status.state.%s", key);
	text_copy(ret->why, kube_tree_value(object, "reason"));
	return true;
}

/* The words that state.cookies' entries begin with: "canary:name=value". */
static const struct {
	const char *word;
	size_t offset;
} cookie_rows[] = {
	{"canary:", offsetof(struct cookies, canary)},
	{"earlier:", offsetof(struct cookies, earlier)},
	{"primary:", offsetof(struct cookies, primary)},
};

static struct cookie *cookie_at(struct cookies *cookies, size_t row)
{
	return (struct cookie *)(void *)((char *)cookies + cookie_rows[row].offset);
}

/* "name=value" */
static bool read_cookie(const char *text, struct cookie *ret, struct err *err)
{
	size_t length = strcspn(text, "=");

	if (length == 0 || text[length] == '\0')
		return err_set(err, ERR_INVALID,
		               "status.state.cookies: expected name=value, got \"%.40s\"", text);
	if (length >= sizeof(ret->name) || strlen(text + length + 1) >= sizeof(ret->value))
		return err_set(
			err, ERR_LIMIT,
			"status.state.cookies: expected a name of at most %zu and a value of "
			"at most %zu bytes",
			sizeof(ret->name) - 1, sizeof(ret->value) - 1);
	text_format(ret->name, sizeof(ret->name), "%.*s", (int)length, text);
	text_copy(ret->value, text + length + 1);
	return true;
}

static bool read_cookies(const json_t *state, struct cookies *ret, struct err *err)
{
	const json_t *list = json_object_get(state, "cookies");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		size_t row = 0;

		while (text && row < array_length(cookie_rows) &&
		       !kube_tree_is_prefix(cookie_rows[row].word, text))
			row++;
		if (!text || row == array_length(cookie_rows))
			return refuse_word(err, "status.state.cookies", text ? text : "");
		if (!read_cookie(text + strlen(cookie_rows[row].word), cookie_at(ret, row), err))
			return false;
	}
	return true;
}

bool kube_release_status_read(const json_t *status, struct release_status *ret, struct err *err)
{
	struct release_status read = {0};

	if (!read_words(status, &read, err) ||
	    !read_times(kube_tree_find(status, "times"), &read, err) ||
	    !read_checks(status, &read, err) || !read_hooks(status, &read, err) ||
	    !read_notices(status, &read, err) || !read_actions(status, &read, err) ||
	    !read_standing(kube_tree_find(status, "state"), "paused", &read.paused, err) ||
	    !read_standing(kube_tree_find(status, "state"), "full", &read.full, err) ||
	    !read_cookies(kube_tree_find(status, "state"), &read.cookies, err))
		return false;
	read.seq = json_integer_value(kube_tree_find(status, "seq"));
	read.weight.from = kube_tree_whole(status, "weight/from", 0);
	read.weight.to = kube_tree_whole(status, "weight/to", 0);
	read.weight.is_mirrored = json_is_true(kube_tree_find(status, "weight/mirror"));
	read_number(kube_tree_find(status, "weight"), "seenShare", &read.weight.has_seen,
	            &read.weight.seen_share);
	read.iteration = kube_tree_whole(status, "counters/iteration", 0);
	read.failed_checks = kube_tree_whole(status, "counters/failedChecks", 0);
	read.is_taken_down = json_is_true(kube_tree_find(status, "takenDown"));
	text_copy(read.reason, kube_tree_text(status, "reason"));
	*ret = read;
	return true;
}

/* Put a number; what JSON cannot say (NaN, infinity) is left out. */
static void set_number(json_t *object, const char *key, bool has, double value)
{
	if (has && isfinite(value))
		kube_tree_set(object, key, json_real(value));
}

static void set_time(json_t *times, const char *key, struct instant instant)
{
	char text[INSTANT_TEXT_MAX];

	if (instant_is_set(instant))
		kube_tree_set_text(times, key, instant_format(instant, text));
}

static json_t *write_times(const struct release_status *status)
{
	json_t *times = kube_tree_object();

	set_time(times, "started", status->times.started);
	set_time(times, "nextCheckAt", status->times.next_check_at);
	set_time(times, "notReadySince", status->times.not_ready_since);
	set_time(times, "unmeasuredSince", status->times.unmeasured_since);
	set_time(times, "finished", status->times.finished);
	return times;
}

static json_t *write_weight(const struct release_status *status)
{
	json_t *weight = kube_tree_object();

	kube_tree_set_whole(weight, "from", status->weight.from);
	kube_tree_set_whole(weight, "to", status->weight.to);
	kube_tree_set(weight, "mirror", json_boolean(status->weight.is_mirrored));
	set_number(weight, "seenShare", status->weight.has_seen, status->weight.seen_share);
	return weight;
}

static json_t *write_checks(const struct release_status *status)
{
	json_t *checks = kube_tree_list();

	for (size_t i = 0; i < status->n_checks; i++) {
		const struct check_result *check = &status->checks[i];
		json_t *object = kube_tree_object();

		kube_tree_set_text(object, "name", check->name);
		set_number(object, "value", check->has_value, check->value);
		set_number(object, "min", check->has_min, check->min);
		set_number(object, "max", check->has_max, check->max);
		kube_tree_set_some(object, "verdict", verdict_name(check->verdict));
		kube_tree_append(checks, object);
	}
	return checks;
}

static json_t *write_hooks(const struct release_status *status)
{
	json_t *hooks = kube_tree_list();
	char question[24];

	for (size_t i = 0; i < status->n_hooks; i++) {
		const struct hook_record *hook = &status->hooks[i];
		json_t *object = kube_tree_object();

		text_format(question, sizeof(question), "%016" PRIx64, hook->question);
		kube_tree_set_text(object, "type", hook_type_name(hook->type));
		kube_tree_set_text(object, "name", hook->name);
		kube_tree_set_text(object, "question", question);
		kube_tree_set_text(object, "result", hook_result_name(hook->result));
		if (hook->is_approved)
			kube_tree_set(object, "approved", json_true());
		kube_tree_append(hooks, object);
	}
	return hooks;
}

static json_t *write_notice(const struct notice *notice)
{
	json_t *object = kube_tree_object();
	char text[24];

	text_format(text, sizeof(text), "%" PRId64, notice->id);
	kube_tree_set_text(object, "id", text);
	text_format(text, sizeof(text), TO_ALERT "%s%s", severity_name(notice->severity),
	            notice->has_details ? DETAILS : "");
	if (notice->severity == SEVERITY_NONE)
		text_copy(text, notice->is_warning ? TO_WARNING : TO_NORMAL);
	kube_tree_set_text(object, "to", text);
	kube_tree_set_text(object, "text", notice->text);
	return object;
}

/* Events, then alerts: each in the order that they were told in. */
static json_t *write_notices(const struct release_status *status)
{
	json_t *notices = kube_tree_list();

	for (size_t i = 0; i < status->n_notices; i++)
		kube_tree_append(notices, write_notice(&status->notices[i]));
	for (size_t i = 0; i < status->n_alerts; i++)
		kube_tree_append(notices, write_notice(&status->alerts[i]));
	return notices;
}

json_t *kube_release_status_action_write(const struct action_mark *mark)
{
	json_t *object = kube_tree_object();

	kube_tree_set_text(object, "uid", mark->uid);
	kube_tree_set_text(object, "verb", verb_name(mark->verb));
	kube_tree_set_text(object, "by", mark->by);
	kube_tree_set_some(object, "reason", mark->why);
	set_time(object, "at", mark->at);
	return object;
}

static json_t *write_actions(const struct release_status *status)
{
	json_t *actions = kube_tree_list();

	for (size_t i = 0; i < status->n_actions; i++)
		kube_tree_append(actions, kube_release_status_action_write(&status->actions[i]));
	return actions;
}

static void write_standing(json_t *state, const char *key, const struct standing *standing)
{
	json_t *object;

	if (standing->action[0] == '\0')
		return;
	object = kube_tree_object();
	kube_tree_set_text(object, "by", standing->by);
	kube_tree_set_text(object, "action", standing->action);
	kube_tree_set_some(object, "reason", standing->why);
	kube_tree_set(state, key, object);
}

static void write_cookies(json_t *state, const struct cookies *cookies)
{
	char text[COOKIE_NAME_SIZE + COOKIE_VALUE_SIZE + 16];
	struct cookies known = *cookies;
	json_t *list = kube_tree_list();

	for (size_t i = 0; i < array_length(cookie_rows); i++) {
		const struct cookie *cookie = cookie_at(&known, i);

		if (!cookie_is_set(cookie))
			continue;
		text_format(text, sizeof(text), "%s%s=%s", cookie_rows[i].word, cookie->name,
		            cookie->value);
		kube_tree_append(list, json_string(text));
	}
	if (json_array_size(list) > 0)
		kube_tree_set(state, "cookies", json_incref(list));
	json_decref(list);
}

static json_t *write_state(const struct release_status *status)
{
	json_t *state = kube_tree_object();

	write_standing(state, "paused", &status->paused);
	write_standing(state, "full", &status->full);
	write_cookies(state, &status->cookies);
	return state;
}

json_t *kube_release_status_write(const struct release_status *status)
{
	json_t *object = kube_tree_object();
	json_t *counters = kube_tree_object();
	json_t *state;

	kube_tree_set_some(object, "phase", release_phase_name(status->phase));
	kube_tree_set_whole(object, "seq", status->seq);
	kube_tree_set(object, "times", write_times(status));
	kube_tree_set(object, "weight", write_weight(status));
	kube_tree_set_whole(counters, "iteration", status->iteration);
	kube_tree_set_whole(counters, "failedChecks", status->failed_checks);
	kube_tree_set(object, "counters", counters);
	kube_tree_set(object, "checks", write_checks(status));
	if (status->n_hooks > 0)
		kube_tree_set(object, "hooks", write_hooks(status));
	kube_tree_set(object, "notices", write_notices(status));
	if (status->n_actions > 0)
		kube_tree_set(object, "actions", write_actions(status));
	state = write_state(status);
	if (json_object_size(state) > 0)
		kube_tree_set(object, "state", json_incref(state));
	json_decref(state);
	kube_tree_set_some(object, "ending", release_outcome_name(status->ending));
	kube_tree_set_some(object, "outcome", release_outcome_name(status->outcome));
	if (status->is_taken_down)
		kube_tree_set(object, "takenDown", json_true());
	kube_tree_set_some(object, "reason", status->reason);
	return object;
}

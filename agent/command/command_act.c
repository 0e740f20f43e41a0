/*
 * The verbs: `serin abort cart`. Each makes an Action with the user's own rights and waits for its
 * answer. Who asks is what the API server says of the credentials; it proves it, too.
 */
#include "agent/command/command_client.h"
#include "agent/command/command_flags.h"
#include "agent/command/command_rows.h"
#include "agent/command/command_run.h"
#include "analysis/base/text.h"
#include "providers/kube/action.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define REVIEWS      "/apis/authentication.k8s.io/v1/selfsubjectreviews"
#define LOOK_MS      250 /* how often it is looked whether there is an answer */
#define WAIT_SECONDS 30
#define REASON_MAX   256 /* characters; the resource definition has the same */

/* One verb on its way. */
struct errand {
	struct command_call *call;
	struct command_client *client;
	struct arena arena;
	struct command_runs runs;
	struct command_client_list list; /* of the Canary's Releases */
	struct kube_action action;
	struct span patience;
};

static enum verb verb_of(const struct command_call *call)
{
	return verb_find(call->command->name);
}

static bool has_flag(const struct command_call *call, const char *name)
{
	for (size_t i = 0; i < call->command->n_flags; i++) {
		if (strcmp(call->command->flags[i].name, name) == 0)
			return true;
	}
	return false;
}

/* The words of the call
 * ------------------------------------------------------------------------- */

/* Characters, not bytes: the server counts them so. */
static size_t count_characters(const char *text)
{
	size_t n_characters = 0;

	for (; *text; text++)
		n_characters += ((unsigned char)*text & 0xC0) != 0x80;
	return n_characters;
}

static bool read_number(const char *text, int *ret, struct err *err)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(text, &end, 10);
	if (text[0] < '1' || text[0] > '9' || *end || errno != 0 || number > INT_MAX)
		return err_set(
			err, ERR_INVALID,
			"--to: expected the number of a release (of cart-7: 7), got \"%.40s\"",
			text);
	*ret = (int)number;
	return true;
}

static bool read_words(struct errand *errand, struct err *err)
{
	const struct command_call *call = errand->call;
	const char *reason = command_value(call, "reason");
	const char *timeout = command_value(call, "timeout");
	const char *to = has_flag(call, "to") ? command_value(call, "to") : NULL;

	errand->patience = span_seconds(WAIT_SECONDS);
	errand->action.canary = call->words[0];
	errand->action.verb = verb_of(call);
	errand->action.why = reason ? reason : "";
	errand->action.is_full = has_flag(call, "full") && command_value(call, "full");
	if (!command_flags_is_name(call->words[0]))
		return err_set(err, ERR_INVALID, "\"%.100s\": expected the name of a canary",
		               call->words[0]);
	if (count_characters(errand->action.why) > REASON_MAX)
		return err_set(err, ERR_LIMIT, "--reason: expected at most %d characters, got %zu",
		               REASON_MAX, count_characters(errand->action.why));
	if (timeout && !span_parse(timeout, &errand->patience, err))
		return err_wrap(err, "--timeout");
	return !to || read_number(to, &errand->action.to, err);
}

/* What the cluster says
 * ------------------------------------------------------------------------- */

static bool find_canary(struct errand *errand, bool *ret_found, struct err *err)
{
	CLEANUP(tree_freep) json_t *canary = NULL;
	struct kube_ref ref = {
		.kind = KUBE_CANARY,
		.k8s_namespace = errand->action.k8s_namespace,
		.name = errand->action.canary,
	};

	if (!command_client_find(errand->client, &ref, &canary, err))
		return false;
	*ret_found = canary != NULL;
	errand->action.canary_uid =
		arena_text(&errand->arena, kube_tree_text(canary, "metadata/uid"));
	return true;
}

/* The Releases of this very Canary, newest first; the first is what the verb is about. */
static bool read_releases(struct errand *errand, struct err *err)
{
	struct command_runs *runs = &errand->runs;
	size_t n_kept = 0;

	errand->list = (struct command_client_list){
		.kind = KUBE_RELEASE,
		.k8s_namespace = errand->action.k8s_namespace,
		.labels = arena_format(&errand->arena, KUBE_LABEL_CANARY "=%s",
	                               errand->action.canary),
	};
	if (!command_client_read(errand->client, &errand->list, err))
		return false;
	*runs = command_run_read(errand->list.items, &errand->arena);
	for (size_t i = 0; i < runs->n_runs; i++) {
		if (strcmp(runs->runs[i].canary_uid, errand->action.canary_uid) == 0)
			runs->runs[n_kept++] = runs->runs[i];
	}
	runs->n_runs = n_kept;
	errand->action.release = n_kept > 0 ? runs->runs[0].release.name : "";
	errand->action.release_uid = n_kept > 0 ? runs->runs[0].release.uid : "";
	return true;
}

/* As whom the API server knows the user. */
static bool find_person(struct errand *errand, struct err *err)
{
	CLEANUP(tree_freep) json_t *review = NULL;
	json_t *question = kube_tree_object();
	const char *name;

	kube_tree_set_text(question, "apiVersion", "authentication.k8s.io/v1");
	kube_tree_set_text(question, "kind", "SelfSubjectReview");
	if (!command_client_post(errand->client, REVIEWS, question, &review, err))
		return err_wrap(err, "who you are cannot be told");
	name = kube_tree_text(review, "status/userInfo/username");
	if (!*name)
		return err_set(err, ERR_INVALID, "who you are cannot be told: no name");
	errand->action.by = arena_text(&errand->arena, name);
	return true;
}

/* Undo asks first
 * ------------------------------------------------------------------------------- */

static const struct command_run *find_run(const struct command_runs *runs, const char *name)
{
	for (size_t i = 0; i < runs->n_runs; i++) {
		if (strcmp(runs->runs[i].release.name, name) == 0)
			return &runs->runs[i];
	}
	return NULL;
}

static const struct command_run *find_promoted(const struct command_runs *runs)
{
	for (size_t i = 0; i < runs->n_runs; i++) {
		if (release_is_promoted(&runs->runs[i].release))
			return &runs->runs[i];
	}
	return NULL;
}

/* What is put back, and in place of what; the number goes into the Action, so that nothing else is.
 */
static bool find_earlier(struct errand *errand, const struct command_run **ret_now,
                         const struct command_run **ret_then, struct err *err)
{
	const char *canary = errand->action.canary;
	const struct command_run *now = find_promoted(&errand->runs);
	const char *name = now ? now->release.previous : "";

	if (!now)
		return err_set(err, ERR_INVALID, "nothing of %s was promoted yet", canary);
	if (errand->action.to > 0)
		name = arena_format(&errand->arena, "%s-%d", canary, errand->action.to);
	if (!*name)
		return err_set(err, ERR_INVALID, "there is none before %.100s", now->release.name);
	*ret_now = now;
	*ret_then = find_run(&errand->runs, name);
	if (!*ret_then)
		return err_set(err, ERR_INVALID, "there is no %.100s any more", name);
	errand->action.to = (*ret_then)->release.number;
	return true;
}

static bool is_yes(FILE *in)
{
	char line[16] = "";

	if (!fgets(line, sizeof(line), in))
		return false;
	line[strcspn(line, "\r\n")] = '\0';
	return strcmp(line, "y") == 0 || strcmp(line, "yes") == 0;
}

static enum command_exit confirm(struct errand *errand)
{
	const struct command_call *call = errand->call;
	const struct command_run *now = NULL;
	const struct command_run *then = NULL;
	struct err err = {0};

	if (!find_earlier(errand, &now, &then, &err))
		return command_say(call, COMMAND_VERB_REFUSED, "%s", err.text);
	(void)fprintf(
		call->out,
		"%s (%s) comes back in place of %s (%s). The target keeps its template, which "
		"counts as handled.\n",
		then->release.name, command_run_short_image(then->to_image), now->release.name,
		command_run_short_image(now->to_image));
	if (command_value(call, "yes"))
		return COMMAND_OK;
	if (!call->in)
		return command_say(call, COMMAND_USAGE,
		                   "it asks first, and there is nobody to ask: --yes says so");
	(void)fputs("Undo? [y/N] ", call->out);
	(void)fflush(call->out);
	return is_yes(call->in) ? COMMAND_OK
	                        : command_say(call, COMMAND_FAILED, "nothing was done");
}

/* The Action
 * ------------------------------------------------------------------------------------ */

static bool create(struct errand *errand, const char **ret_name, struct err *err)
{
	CLEANUP(tree_freep) json_t *made = NULL;
	struct kube_ref ref = {
		.kind = KUBE_ACTION,
		.k8s_namespace = errand->action.k8s_namespace,
	};

	if (!command_client_post(errand->client, kube_api_path(&errand->arena, &ref),
	                         kube_action_new(&errand->action), &made, err))
		return false;
	*ret_name = arena_text(&errand->arena, kube_tree_text(made, "metadata/name"));
	return true;
}

static enum command_exit tell(const struct errand *errand, const json_t *action)
{
	const char *message = kube_tree_text(action, "status/message");

	if (strcmp(kube_tree_text(action, "status/answer"), "accepted") != 0)
		return command_say(errand->call, COMMAND_VERB_REFUSED, "refused: %s", message);
	(void)fprintf(errand->call->out, "%s\n", message);
	return COMMAND_OK;
}

static enum command_exit wait_for(struct errand *errand, const char *name)
{
	struct kube_ref ref = {
		.kind = KUBE_ACTION,
		.k8s_namespace = errand->action.k8s_namespace,
		.name = name,
	};
	struct span waited = {0};
	struct err err = {0};

	for (; waited.ms <= errand->patience.ms; waited.ms += LOOK_MS) {
		CLEANUP(tree_freep) json_t *action = NULL;

		if (!command_client_find(errand->client, &ref, &action, &err))
			return command_fail(errand->call, &err);
		if (!action)
			return command_say(errand->call, COMMAND_FAILED,
			                   "action %s was deleted before it was answered", name);
		if (kube_action_is_answered(action))
			return tell(errand, action);
		command_client_rest(errand->client, span_ms(LOOK_MS));
	}
	return command_say(errand->call, COMMAND_UNANSWERED,
	                   "no answer yet; does an agent run? Action %s stands and is carried out "
	                   "when one comes, as long as %s is the newest release; to take it back: "
	                   "kubectl delete action %s -n %s",
	                   name, errand->action.release, name, errand->action.k8s_namespace);
}

static enum command_exit act(struct errand *errand)
{
	const char *name;
	bool is_found = false;
	struct err err = {0};
	enum command_exit status = COMMAND_OK;

	errand->action.k8s_namespace = command_client_namespace(errand->client);
	if (!find_canary(errand, &is_found, &err))
		return command_fail(errand->call, &err);
	if (!is_found)
		return command_say(errand->call, COMMAND_NOT_FOUND,
		                   "there is no canary \"%s\" in namespace %s",
		                   errand->action.canary, errand->action.k8s_namespace);
	if (!read_releases(errand, &err))
		return command_fail(errand->call, &err);
	if (!*errand->action.release)
		return command_say(errand->call, COMMAND_VERB_REFUSED, "%s has no release yet",
		                   errand->action.canary);
	if (errand->action.verb == VERB_UNDO)
		status = confirm(errand);
	if (status != COMMAND_OK)
		return status;
	if (!find_person(errand, &err) || !create(errand, &name, &err))
		return command_fail(errand->call, &err);
	return wait_for(errand, name);
}

static enum command_exit run(struct command_call *call)
{
	struct errand errand = {.call = call, .action.name = ""};
	struct err err = {0};
	enum command_exit status;

	if (!read_words(&errand, &err))
		return command_say(call, COMMAND_USAGE, "%s", err.text);
	errand.client = command_client_new(call, &err);
	status = errand.client ? act(&errand) : command_fail(call, &err);
	command_client_list_fini(&errand.list);
	command_client_free(errand.client);
	arena_fini(&errand.arena);
	return status;
}

/* The rows
 * -------------------------------------------------------------------------------------- */

/* clang-format off */
#define REASON  {"reason", 0, "TEXT", "why; it stands in status, history and events"}
#define TIMEOUT {"timeout", 0, "TIME", "how long to wait for the answer: 10s, 2m (30s)"}
/* clang-format on */

static const struct command_flag flags[] = {REASON, TIMEOUT};

static const struct command_flag promote_flags[] = {
	REASON, TIMEOUT, {"full", 0, NULL, "skip all steps that remain, not readiness"}};

static const struct command_flag undo_flags[] = {
	REASON,
	TIMEOUT,
	{"to", 0, "N", "the number of the release to bring back (the one promoted before)"},
	{"yes", 'y', NULL, "do not ask"}};

#define AFTERWARDS                                                                    \
 "Makes an Action with your own rights (`create actions`) and waits until the agent " \
 "answered.\nIt is refused when another release came meanwhile.\n"

#define ROW(verb, is, tells, text_of_row, example_of_row, its_flags) \
 const struct command command_##verb = {                             \
	 .name = is,                                                 \
	 .summary = (tells),                                         \
	 .words = "NAME",                                            \
	 .text = text_of_row AFTERWARDS,                             \
	 .example = (example_of_row),                                \
	 .takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE,   \
	 .n_words_min = 1,                                           \
	 .n_words_max = 1,                                           \
	 .flags = (its_flags),                                       \
	 .n_flags = array_length(its_flags),                         \
	 .run = run,                                                 \
 }

ROW(promote, "promote", "Take the next step now, or skip all that remain",
    "The step under way counts as passed; a run that is paused goes on. With --full the canary is\n"
    "promoted as soon as its pods are ready.\n",
    "promote cart --full --reason 'fixes the outage'", promote_flags);
ROW(abort, "abort", "Take all traffic back to the primary and end the run",
    "The canary gets no request any more; then it is scaled down. Once its template is on its way to\n"
    "the primary, that gets its old one back.\n",
    "abort cart --reason 'errors in the log'", flags);
ROW(pause, "pause", "Hold a run where it is",
    "No step is taken and nothing promoted until it is resumed. Checks go on: a canary that fails is\n"
    "taken back.\n",
    "pause cart --reason 'a look at the log'", flags);
ROW(resume, "resume", "Let a run go on that was paused", "", "resume cart", flags);
ROW(retry, "retry", "Analyse the target's template again",
    "After a run that went back, or an undo: a new release of the template that the target has.\n",
    "retry cart --reason 'it was the database'", flags);
ROW(undo, "undo", "Put the release before the promoted one back",
    "The primary gets the template of an earlier release, without analysis; the target is not written,\n"
    "and its template counts as handled until it changes. Asks first.\n",
    "undo cart --to 7 --reason 'customers complain'", undo_flags);
ROW(approve, "approve", "Open the gate that a run waits at", "", "approve cart", flags);
ROW(reject, "reject", "Close the gate that a run waits at: it goes back", "",
    "reject cart --reason 'not before the weekend'", flags);

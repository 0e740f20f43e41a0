/* For pipelines: until a release has come to its end, and whether to the one that was hoped for. */
#include "agent/command/command_client.h"
#include "agent/command/command_flags.h"
#include "agent/command/command_print.h"
#include "agent/command/command_rows.h"
#include "agent/command/command_run.h"
#include "agent/command/command_source.h"
#include "analysis/base/text.h"
#include "providers/kube/tree.h"
#include "providers/wire/tree.h"

#include <string.h>
#include <time.h>

#define BEAT_MS      1000
#define WAIT_MINUTES 60
#define LINE_SIZE    640

static const struct command_flag flags[] = {
	{"image", 0, "IMAGE", "the release with this image: whole, or from a name on (cart:v2)"},
	{"digest", 0, "DIGEST", "the release whose image is pinned to it: sha256:..."},
	{"commit", 0, "COMMIT", "the release built from it, by an annotation or an image's tag"},
	{"for", 0, "END", "promoted or failed (promoted)"},
	{"timeout", 0, "TIME", "how long to wait: 90s, 1h30m (1h)"},
};

/* One wait. */
struct wait {
	struct command_call *call;
	struct command_client *client;
	struct command_client_list list; /* the Canary's Releases */
	struct arena words;
	const char *image; /* or NULL, as the other two */
	const char *digest;
	const char *commit;
	bool is_for_failure;
	struct span patience;
	int64_t began_ms; /* of a clock that only goes on */
	struct instant began;
	bool is_decided;
	enum command_exit status; /* once decided */
	char line[LINE_SIZE];     /* the progress as last written */
};

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_wanted(const struct wait *wait, const struct command_run *run)
{
	return (!wait->image || command_source_has_image(run->object, wait->image)) &&
	       (!wait->digest || command_source_has_digest(run->object, wait->digest)) &&
	       (!wait->commit || command_source_has_commit(run->object, wait->commit));
}

/* The release that is waited for, or NULL: the newest that has what is wanted. One that ended
 * before we came, with others after it, is of an earlier time: it may be made again. */
static const struct command_run *find(const struct wait *wait, const struct command_runs *runs)
{
	for (size_t i = 0; i < runs->n_runs; i++) {
		const struct command_run *run = &runs->runs[i];

		if (!is_wanted(wait, run))
			continue;
		if (i > 0 && !release_is_open(&run->release) &&
		    instant_is_before(run->release.status.times.finished, wait->began))
			return NULL;
		return run;
	}
	return NULL;
}

/* Progress
 * -------------------------------------------------------------------------------------- */

static void describe(const struct wait *wait, const struct command_run *run, char ret[LINE_SIZE])
{
	const struct release_status *status = run ? &run->release.status : NULL;
	char took[COMMAND_RUN_SPAN_MAX];

	if (!run) {
		text_format(ret, LINE_SIZE, "%.253s: no such release yet", wait->call->words[0]);
		return;
	}
	(void)command_run_span(command_run_length(run, command_now(wait->call)), took);
	text_format(ret, LINE_SIZE, "%s (%.60s): %s %d%%, %s%s%.300s", run->release.name,
	            command_run_short_image(run->to_image), command_run_word(run),
	            status->weight.to, took, *status->reason ? "; " : "", status->reason);
}

/* One line that changes on a terminal; elsewhere a line for each change but that of the time. */
static void progress(struct wait *wait, const struct command_run *run)
{
	const struct command_call *call = wait->call;
	char line[LINE_SIZE];
	const char *version = run ? kube_tree_text(run->object, "metadata/resourceVersion") : "-";

	if (command_print_is_tree(call))
		return;
	if (!call->screen.is_terminal && strcmp(wait->line, version) == 0)
		return;
	text_copy(wait->line, version);
	describe(wait, run, line);
	if (call->screen.is_terminal)
		(void)fputs("\r\x1b[K", call->out);
	(void)command_print_text(call, line,
	                         call->screen.columns > 1 ? call->screen.columns - 1 : 0);
	if (!call->screen.is_terminal)
		(void)fputc('\n', call->out);
	(void)fflush(call->out);
}

static void end_progress(const struct wait *wait)
{
	if (wait->call->screen.is_terminal && !command_print_is_tree(wait->call) && *wait->line)
		(void)fputc('\n', wait->call->out);
}

/* The end
 * --------------------------------------------------------------------------------------- */

static void decide(struct wait *wait, const struct command_run *run)
{
	bool is_promoted = release_is_promoted(&run->release);

	wait->is_decided = true;
	wait->status = is_promoted != wait->is_for_failure ? COMMAND_OK : COMMAND_ENDED_OTHERWISE;
	if (command_print_is_tree(wait->call)) {
		CLEANUP(tree_freep) json_t *tree = kube_tree_object();
		json_t *list = kube_tree_list();

		kube_tree_append(list, command_run_tree(run));
		kube_tree_set(tree, "releases", list);
		command_print_tree(wait->call, tree);
	}
	end_progress(wait);
	if (wait->status != COMMAND_OK)
		(void)command_say(wait->call, wait->status, "%s ended otherwise: %s%s%.300s",
		                  run->release.name, command_run_word(run),
		                  *run->release.status.reason ? ": " : "",
		                  run->release.status.reason);
}

static bool on_changed(void *user)
{
	struct wait *wait = user;
	struct arena arena = {0};
	struct command_runs runs = command_run_read(wait->list.items, &arena);
	const struct command_run *run = find(wait, &runs);

	progress(wait, run);
	if (run && run->release.status.outcome != OUTCOME_NONE) {
		decide(wait, run);
	} else if (clock_ms() - wait->began_ms >= wait->patience.ms) {
		wait->is_decided = true;
		wait->status = COMMAND_TIMED_OUT;
		end_progress(wait);
		(void)command_say(wait->call, wait->status, "%s",
		                  run ? "it was still under way when --timeout was over"
		                      : "no such release came before --timeout was over; "
		                        "`history` lists those there are");
	}
	arena_fini(&arena);
	return !wait->is_decided && !ferror(wait->call->out);
}

/* The call
 * -------------------------------------------------------------------------------------- */

static bool read_words(struct wait *wait, struct err *err)
{
	const struct command_call *call = wait->call;
	const char *end = command_value(call, "for");
	const char *timeout = command_value(call, "timeout");

	wait->image = command_value(call, "image");
	wait->digest = command_value(call, "digest");
	wait->commit = command_value(call, "commit");
	wait->is_for_failure = end && strcmp(end, "failed") == 0;
	wait->patience = span_ms((int64_t)WAIT_MINUTES * 60 * 1000);
	if (!command_flags_is_name(call->words[0]))
		return err_set(err, ERR_INVALID, "\"%.100s\": expected the name of a canary",
		               call->words[0]);
	if (!wait->image && !wait->digest && !wait->commit)
		return err_set(err, ERR_INVALID, "expected --image, --digest or --commit");
	if (wait->commit && strlen(wait->commit) < COMMAND_SOURCE_COMMIT_MIN)
		return err_set(err, ERR_INVALID,
		               "--commit: expected at least %d digits, got \"%s\"",
		               COMMAND_SOURCE_COMMIT_MIN, wait->commit);
	if (end && !wait->is_for_failure && strcmp(end, "promoted") != 0)
		return err_set(err, ERR_INVALID,
		               "--for: expected promoted or failed, got \"%.40s\"", end);
	return !timeout || span_parse(timeout, &wait->patience, err) || err_wrap(err, "--timeout");
}

static enum command_exit follow(struct wait *wait)
{
	CLEANUP(tree_freep) json_t *canary = NULL;
	const char *k8s_namespace = command_client_namespace(wait->client);
	const char *name = wait->call->words[0];
	struct kube_ref ref = {.kind = KUBE_CANARY, .k8s_namespace = k8s_namespace, .name = name};
	struct span every = wait->patience; /* by then it is over; until then changes wake us */
	struct err err = {0};

	if (wait->call->screen.is_terminal && every.ms > BEAT_MS)
		every = span_ms(BEAT_MS);
	if (!command_client_find(wait->client, &ref, &canary, &err))
		return command_fail(wait->call, &err);
	if (!canary)
		return command_say(wait->call, COMMAND_NOT_FOUND,
		                   "no canary \"%s\" in namespace \"%s\"", name, k8s_namespace);
	wait->began = command_now(wait->call);
	wait->list = (struct command_client_list){
		.kind = KUBE_RELEASE,
		.k8s_namespace = k8s_namespace,
		.labels = arena_format(&wait->words, KUBE_LABEL_CANARY "=%s", name),
	};
	if (!command_client_follow(wait->client, &wait->list, 1, every, on_changed, wait, &err))
		return command_fail(wait->call, &err);
	if (wait->is_decided)
		return wait->status;
	end_progress(wait);
	return command_say(wait->call, COMMAND_FAILED, "interrupted");
}

static enum command_exit run(struct command_call *call)
{
	struct wait wait = {.call = call, .began_ms = clock_ms()};
	struct err err = {0};
	enum command_exit status;

	if (!read_words(&wait, &err))
		return command_say(call, COMMAND_USAGE, "%s", err.text);
	wait.client = command_client_new(call, &err);
	status = wait.client ? follow(&wait) : command_fail(call, &err);
	command_client_list_fini(&wait.list);
	command_client_free(wait.client);
	arena_fini(&wait.words);
	return status;
}

const struct command command_wait = {
	.name = "wait",
	.summary = "Wait until a release is promoted, or fails: for pipelines",
	.words = "NAME",
	.text = "Waits for the release to be made, if need be, and for its end, by watching the cluster's Releases.\n"
		"Exit 0: it ended as --for says. A release that fails is one that was rolled back, "
		"superseded or\ncancelled, or whose promotion failed. One line of progress; in a "
		"file, a line for each change.\n",
	.example = "wait cart -n shop --image cart:v2 --timeout 30m",
	.takes = COMMAND_TAKES_CLUSTER | COMMAND_TAKES_NAMESPACE | COMMAND_TAKES_OUTPUT,
	.n_words_min = 1,
	.n_words_max = 1,
	.flags = flags,
	.n_flags = array_length(flags),
	.run = run,
};

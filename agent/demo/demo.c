#include "agent/demo/demo.h"

#include "agent/demo/demo_manifests.h"
#include "agent/demo/demo_options.h"
#include "agent/demo/demo_place.h"
#include "agent/demo/demo_shop.h"
#include "agent/demo/demo_story.h"
#include "agent/demo/front.h"
#include "analysis/base/text.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MS       40   /* between two looks at the wall clock */
#define FRAME_MOST_MS  200  /* a machine that was away does not make up for it */
#define STEPS_BLIND    1024 /* steps between two looks for a signal at full speed */
#define STORY_SECONDS  845  /* virtual, about: so that it ends near the present */
#define CALM_SECONDS   40
#define CHAPTER_MOST   1800 /* virtual seconds */
#define REST_FRAMES    50
#define SPEED_AT_WORK  20 /* of a kept server, when no other is told */
#define EXIT_SIGNALLED 130

enum end {
	END_REACHED,
	END_LATE,
	END_STOPPED,
};

struct chapter {
	const char *tag;
	const char *outcome; /* of its Release, else the demo fails */
};

static const struct chapter chapters[] = {
	{"v2", "promoted"},
	{"v3", "rolled_back"},
};

struct demo {
	struct demo_options options;
	struct demo_place place;
	struct demo_shop *shop;
	struct demo_screen *screen;
	struct demo_story *story;
	struct front *front; /* NULL unless the server is kept */
	sigset_t mask;       /* as it was before */
	int signals;
	const char *tag;       /* the version under way */
	struct instant target; /* virtual time that the wall clock allows */
	int64_t frame_at;      /* wall clock of the last frame */
	uint64_t seen;         /* the server's revision when it was looked at last */
	bool is_mute;          /* nobody reads any more */
};

/* Clocks and signals
 * ---------------------------------------------------------------------------------------- */

static int64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool open_signals(struct demo *demo, struct err *err)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGPIPE);
	if (sigprocmask(SIG_BLOCK, &mask, &demo->mask) != 0)
		return err_set(err, ERR_SYSTEM, "signals: %s", strerror(errno));
	sigdelset(&mask, SIGPIPE);
	demo->signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return demo->signals >= 0 || err_set(err, ERR_SYSTEM, "signalfd: %s", strerror(errno));
}

/* Did somebody end it, or does nobody read any more? */
static bool is_stopped(struct demo *demo)
{
	struct signalfd_siginfo signal;

	demo->is_mute = demo->is_mute || ferror(stdout) != 0;
	return demo->is_mute || read(demo->signals, &signal, sizeof(signal)) > 0;
}

/* Time
 * -------------------------------------------------------------------------------------------------
 */

static struct instant on_now(void *user)
{
	const struct demo *demo = user;

	return demo_shop_now(demo->shop);
}

/* Something may have been written: tell it, and let watches have it. */
static void notice(struct demo *demo)
{
	struct apiserver *server = demo_shop_server(demo->shop);

	if (apiserver_revision(server) == demo->seen)
		return;
	demo->seen = apiserver_revision(server);
	demo_story_look(demo->story, demo_shop_now(demo->shop));
	if (demo->front)
		front_run(demo->front);
}

static void serve(struct demo *demo)
{
	front_run(demo->front);
	if (apiserver_revision(demo_shop_server(demo->shop)) != demo->seen)
		demo_shop_stir(demo->shop);
	notice(demo);
}

/* Wait for the next frame, serve meanwhile; false when it is over. */
static bool wait_frame(struct demo *demo, int speed)
{
	struct pollfd fds[] = {
		{.fd = demo->signals, .events = POLLIN},
		{.fd = demo->front ? front_fd(demo->front) : -1, .events = POLLIN},
	};
	int64_t passed;

	(void)poll(fds, 2, FRAME_MS);
	if (is_stopped(demo))
		return false;
	if (demo->front)
		serve(demo);
	passed = clock_ms(CLOCK_MONOTONIC) - demo->frame_at;
	demo->frame_at += passed;
	passed = passed > FRAME_MOST_MS ? FRAME_MOST_MS : passed;
	demo->target = instant_after(demo_shop_now(demo->shop), span_ms(passed * speed));
	return true;
}

/* Let it run until that is so (NULL: for the whole time), at most so many virtual seconds. */
static enum end run(struct demo *demo, bool (*is_reached)(struct demo *demo), int seconds)
{
	struct instant end = instant_after(demo_shop_now(demo->shop), span_seconds(seconds));
	unsigned n_steps = 0;

	for (;;) {
		struct instant target = demo->options.speed ? demo->target : end;

		target = instant_is_before(end, target) ? end : target;
		while (demo_shop_step(demo->shop, target)) {
			notice(demo);
			if (is_reached && is_reached(demo))
				return END_REACHED;
			if (++n_steps % STEPS_BLIND == 0 && is_stopped(demo))
				return END_STOPPED;
		}
		if (!instant_is_before(demo_shop_now(demo->shop), end))
			return is_reached ? END_LATE : END_REACHED;
		demo_story_breathe(demo->story, demo_shop_now(demo->shop));
		if (!wait_frame(demo, demo->options.speed))
			return END_STOPPED;
	}
}

/* Chapters
 * -------------------------------------------------------------------------------------------------
 */

static bool is_initialized(struct demo *demo)
{
	return strcmp(demo_story_phase(demo->story), "Initialized") == 0;
}

/* The Release has its outcome, and the Canary says so. */
static bool is_decided(struct demo *demo)
{
	return demo_story_outcome(demo->story, demo->tag)[0] != '\0' &&
	       !demo_story_is_moving(demo->story);
}

static enum end say_late(struct demo *demo, const char *what)
{
	demo_screen_put(demo->screen, DEMO_SCREEN_BAD, "%s did not come about in %d minutes", what,
	                CHAPTER_MOST / 60);
	demo_screen_end(demo->screen);
	return END_LATE;
}

static void say_words(struct demo *demo, enum demo_screen_style style, const char *text)
{
	demo_screen_words(demo->screen, style, text);
	demo_screen_end(demo->screen);
}

static enum end open_shop(struct demo *demo)
{
	struct err err = {0};
	enum end end;

	demo_screen_title(demo->screen, "a shop with a Canary");
	if (!demo_shop_open(demo->shop, &err)) {
		say_words(demo, DEMO_SCREEN_BAD, err.text);
		return END_LATE;
	}
	end = run(demo, is_initialized, CHAPTER_MOST);
	if (end == END_LATE)
		return say_late(demo, "phase Initialized");
	return end == END_REACHED ? run(demo, NULL, CALM_SECONDS) : end;
}

static enum end release(struct demo *demo, const struct chapter *chapter)
{
	struct err err = {0};
	char title[128];
	enum end end;

	demo->tag = chapter->tag;
	text_format(title, sizeof(title), "kubectl set image deployment/%s %s=%s:%s",
	            DEMO_MANIFESTS_NAME, DEMO_MANIFESTS_NAME, DEMO_MANIFESTS_IMAGE, chapter->tag);
	demo_screen_title(demo->screen, title);
	if (!demo_shop_push(demo->shop, chapter->tag, &err)) {
		say_words(demo, DEMO_SCREEN_BAD, err.text);
		return END_LATE;
	}
	end = run(demo, is_decided, CHAPTER_MOST);
	if (end == END_LATE)
		return say_late(demo, chapter->outcome);
	return end == END_REACHED ? run(demo, NULL, CALM_SECONDS) : end;
}

/* Every chapter's Release has the outcome it should have. */
static bool check_outcomes(struct demo *demo)
{
	bool is_right = true;

	for (size_t i = 0; i < array_length(chapters); i++) {
		const char *outcome = demo_story_outcome(demo->story, chapters[i].tag);

		if (strcmp(outcome, chapters[i].outcome) == 0)
			continue;
		is_right = false;
		demo_screen_put(demo->screen, DEMO_SCREEN_BAD, "%s: expected %s, got %s",
		                chapters[i].tag, chapters[i].outcome,
		                outcome[0] ? outcome : "nothing");
		demo_screen_end(demo->screen);
	}
	return is_right;
}

static void say_command(struct demo *demo, const char *before, const char *command)
{
	demo_screen_put(demo->screen, DEMO_SCREEN_PLAIN, "  %s%s", before, command);
	demo_screen_end(demo->screen);
}

/* Commands are not broken into lines: they are there to be copied. */
static void say_next(struct demo *demo)
{
	static const char *const commands[] = {
		" status cart -n shop",
		" explain cart -n shop",
	};
	const char *program = program_invocation_name;
	char text[2 * DEMO_PLACE_PATH_MAX];

	demo_screen_title(demo->screen, "try next");
	text_format(text, sizeof(text), " history --file %s", demo->place.history);
	say_command(demo, program, text);
	if (!demo->front) {
		say_command(demo, program, " demo --keep    # the cluster stays, for kubectl");
		return;
	}
	for (size_t i = 0; i < array_length(commands); i++) {
		text_format(text, sizeof(text), "KUBECONFIG=%s %s", demo->place.kubeconfig,
		            program);
		say_command(demo, text, commands[i]);
	}
	text_format(text, sizeof(text), "kubectl --kubeconfig %s", demo->place.kubeconfig);
	say_command(demo, text, " get canaries,releases -n shop");
	say_command(
		demo, text,
		" set image deployment/cart cart=shop/cart:v4 -n shop    # v4 answers with errors");
	demo_screen_end(demo->screen);
	text_format(text, sizeof(text), "The server stays on 127.0.0.1:%u until Ctrl-C.",
	            front_port(demo->front));
	say_words(demo, DEMO_SCREEN_PLAIN, text);
}

/* The server stays: at rest with the clock on the wall, faster while something moves. */
static void stay(struct demo *demo)
{
	int speed = demo->options.speed ? demo->options.speed : SPEED_AT_WORK;
	int n_frames = 0;

	demo->target = demo_shop_now(demo->shop);
	demo->frame_at = clock_ms(CLOCK_MONOTONIC);
	do {
		while (demo_shop_step(demo->shop, demo->target))
			notice(demo);
		if (demo_story_is_moving(demo->story)) {
			demo_story_breathe(demo->story, demo_shop_now(demo->shop));
			n_frames = 0;
		} else if (++n_frames % REST_FRAMES == 0) {
			(void)demo_shop_rest(demo->shop);
		}
	} while (wait_frame(demo, demo_story_is_moving(demo->story) ? speed : 1));
}

/* Begin and end
 * -------------------------------------------------------------------------------------------- */

static bool open_demo(struct demo *demo, struct err *err)
{
	struct demo_screen_settings screen = demo_screen_settings(stdout);
	struct demo_shop_options shop = {
		.seed = demo->options.seed,
		.history = demo->place.history,
	};
	int64_t ahead = STORY_SECONDS * 1000;

	if (!open_signals(demo, err) ||
	    !demo_place_open(&demo->place, demo->options.directory, err))
		return false;
	ahead -= demo->options.speed ? ahead / demo->options.speed : 0;
	shop.start.ms = clock_ms(CLOCK_REALTIME) - ahead;
	demo->shop = demo_shop_new(&shop, err);
	if (!demo->shop)
		return false;
	demo->target = shop.start;
	demo->frame_at = clock_ms(CLOCK_MONOTONIC);
	screen.has_colour = screen.has_colour && !demo->options.is_plain;
	demo->screen = demo_screen_new(&screen);
	demo->story = demo_story_new(&(struct demo_story_settings){
		.server = demo_shop_server(demo->shop),
		.traffic = demo_shop_traffic(demo->shop),
		.screen = demo->screen,
		.k8s_namespace = DEMO_MANIFESTS_NAMESPACE,
		.canary = DEMO_MANIFESTS_NAME,
		.start = shop.start,
	});
	return true;
}

static bool open_front(struct demo *demo, struct err *err)
{
	struct front_options front = {
		.server = demo_shop_server(demo->shop),
		.port = demo->options.port,
		.now = on_now,
		.user = demo,
	};

	if (!demo->options.is_kept)
		return true;
	demo->front = front_new(&front, err);
	return demo->front &&
	       demo_place_write_kubeconfig(&demo->place, front_port(demo->front), err);
}

static void introduce(struct demo *demo)
{
	char text[512];

	text_format(
		text, sizeof(text),
		"A cluster inside this process: an API server, Deployments, an NGINX that splits "
		"about 240 requests a second (seed %llu), a Prometheus, and serin's agent over "
		"them.",
		(unsigned long long)demo->options.seed);
	if (demo->options.speed)
		text_format(text + strlen(text), sizeof(text) - strlen(text),
		            " One second here is %d there.", demo->options.speed);
	demo_screen_words(demo->screen, DEMO_SCREEN_PLAIN, text);
	demo_screen_end(demo->screen);
	if (demo->front)
		say_command(demo, "KUBECONFIG=", demo->place.kubeconfig);
}

static enum end tell(struct demo *demo)
{
	enum end end = open_shop(demo);

	for (size_t i = 0; end == END_REACHED && i < array_length(chapters); i++)
		end = release(demo, &chapters[i]);
	return end;
}

/* The whole story; the exit code. */
static int play(struct demo *demo)
{
	enum end end;
	bool is_right;

	introduce(demo);
	end = tell(demo);
	if (end == END_STOPPED)
		return EXIT_SIGNALLED;
	demo_screen_title(demo->screen, "what happened");
	demo_story_sum_up(demo->story);
	is_right = check_outcomes(demo);
	if (!demo_shop_rest(demo->shop)) {
		say_words(demo, DEMO_SCREEN_BAD, "the history did not reach the disk");
		is_right = false;
	}
	if (end == END_REACHED && is_right)
		say_next(demo);
	if (end == END_REACHED && is_right && demo->front)
		stay(demo);
	return end == END_REACHED && is_right ? 0 : 1;
}

/* What the demo made stays only after its end. */
static void close_demo(struct demo *demo, int code)
{
	demo_story_free(demo->story);
	demo_screen_free(demo->screen);
	front_free(demo->front);
	demo_shop_free(demo->shop);
	if (demo->place.lock >= 0)
		demo_place_remove_kubeconfig(&demo->place);
	if (code == EXIT_SIGNALLED || demo->is_mute)
		demo_place_remove(&demo->place);
	demo_place_close(&demo->place);
	if (demo->signals >= 0)
		close(demo->signals);
	sigprocmask(SIG_SETMASK, &demo->mask, NULL);
}

int demo(int argc, char **argv)
{
	struct demo demo = {.signals = -1, .place = {.lock = -1}};
	struct err err = {0};
	int code = 1;

	if (!demo_options_parse(argc, argv, &demo.options, &err)) {
		(void)fprintf(stderr, "serin demo: %s\n", err.text);
		return 2;
	}
	if (demo.options.is_help_wanted) {
		demo_options_help(stdout);
		return 0;
	}
	if (open_demo(&demo, &err) && open_front(&demo, &err)) {
		code = play(&demo);
	} else {
		(void)fprintf(stderr, "serin demo: %s\n", err.text);
		demo_place_remove(&demo.place);
	}
	close_demo(&demo, code);
	return code;
}

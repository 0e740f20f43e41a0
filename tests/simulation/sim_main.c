/*
 * serin-sim: runs seeds, as many or for as long as told, and says what they met. A seed that fails
 * is cut down to its shortest prefix and told in words.
 */
#include "tests/simulation/totals.h"

#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX      64
#define SEED_SECONDS  120 /* a seed that takes longer hangs */
#define FAILURES_MAX  3   /* of one process; then it stops */
#define SHORTEN_TRIES 40

struct settings {
	uint64_t first;
	uint64_t n_seeds;
	double seconds; /* 0: until the seeds are done */
	uint64_t limit;
	double storm;
	int n_jobs;
	bool is_told;
	bool is_hunt;  /* stop at the first failure, do not shorten it */
	bool is_brief; /* name all that fail, shorten and tell none */
};

static const char usage[] =
	"usage: serin-sim [--first N] [--seeds N] [--seconds N | --hours N] [--jobs N] [--hunt | --brief] [--storm X]\n"
	"       serin-sim --seed N [--limit N] [--storm X] [--tell]\n"
	"\n"
	"  --first N    the first seed (1)\n"
	"  --seeds N    how many (100)\n"
	"  --seconds N  for so long, whatever the number; --hours N likewise\n"
	"  --jobs N     in so many processes (1)\n"
	"  --hunt       stop at the first seed that fails, as it is\n"
	"  --brief      name all that fail, as they are\n"
	"  --storm X    people and other tools are so much busier than usual: 1 to 10\n"
	"  --seed N     this one only\n"
	"  --limit N    only its first N disturbances\n"
	"  --tell       the whole story\n";

static double elapsed(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The smallest number of disturbances with which the seed still fails. */
static uint64_t shorten(const struct settings *settings, uint64_t seed, uint64_t limit)
{
	uint64_t low = 1;
	struct simulation_result result;

	for (int i = 0; low < limit && i < SHORTEN_TRIES; i++) {
		uint64_t middle = low + (limit - low) / 2;

		(void)alarm(SEED_SECONDS);
		simulation_run(&(struct simulation_options){.seed = seed,
		                                            .limit = middle,
		                                            .storm = settings->storm},
		               &result);
		if (result.violation[0] != '\0')
			limit = middle;
		else
			low = middle + 1;
	}
	return limit;
}

static void tell(const struct settings *settings, uint64_t seed,
                 const struct simulation_result *failed)
{
	uint64_t limit =
		shorten(settings, seed, failed->n_disturbances > 0 ? failed->n_disturbances : 1);
	struct simulation_result result;
	char storm[32] = "";

	(void)alarm(SEED_SECONDS);
	simulation_run(
		&(struct simulation_options){
			.seed = seed, .limit = limit, .storm = settings->storm, .stream = stdout},
		&result);
	if (settings->storm > 0)
		(void)snprintf(storm, sizeof(storm), " --storm %g", settings->storm);
	printf("seed %" PRIu64 ", %" PRIu64 " of %" PRIu64
	       " disturbances: %s\nagain: serin-sim --seed %" PRIu64 " --limit %" PRIu64
	       "%s --tell\n",
	       seed, limit, failed->n_disturbances,
	       result.violation[0] ? result.violation : failed->violation, seed, limit, storm);
}

/* What is said of a seed that does not come to its end; for the handler only. */
static char present[64];

static _Noreturn void on_signal(int number)
{
	const char *how = number == SIGALRM ? "it hangs\n" : "it dies\n";

	if (write(STDOUT_FILENO, present, strlen(present)) < 0 ||
	    write(STDOUT_FILENO, how, strlen(how)) < 0)
		_exit(2);
	_exit(3);
}

static void expect_the_worst(void)
{
	static const int numbers[] = {SIGALRM, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		(void)signal(numbers[i], on_signal);
}

/* Every JOBth seed, from the JOBth on. */
static void run_job(const struct settings *settings, int job, struct totals *totals)
{
	double begin = elapsed();

	expect_the_worst();
	for (uint64_t i = (uint64_t)job; i < settings->n_seeds; i += (uint64_t)settings->n_jobs) {
		struct simulation_options options = {
			.seed = settings->first + i,
			.limit = settings->limit,
			.storm = settings->storm,
			.stream = settings->is_told ? stdout : NULL,
		};
		struct simulation_result result;

		if (settings->seconds > 0 && elapsed() - begin > settings->seconds)
			break;
		(void)snprintf(present, sizeof(present), "seed %" PRIu64 " fails: ", options.seed);
		(void)alarm(SEED_SECONDS);
		simulation_run(&options, &result);
		totals_add(totals, options.seed, &result);
		if (result.violation[0] == '\0')
			continue;
		printf("seed %" PRIu64 " fails: %s\n", options.seed, result.violation);
		if (!settings->is_told && !settings->is_hunt && !settings->is_brief)
			tell(settings, options.seed, &result);
		(void)fflush(stdout);
		if (settings->is_hunt || (!settings->is_brief && totals->n_failed >= FAILURES_MAX))
			break;
	}
	(void)alarm(0);
}

/* A process of its own; its totals come through the descriptor that is returned. */
static int start_job(const struct settings *settings, int job, pid_t *ret_pid)
{
	struct totals totals = {0};
	int ends[2];

	if (pipe(ends) != 0)
		return -1;
	(void)fflush(stdout);
	*ret_pid = fork();
	if (*ret_pid != 0) {
		(void)close(ends[1]);
		return ends[0];
	}
	run_job(settings, job, &totals);
	(void)fflush(stdout);
	_exit(write(ends[1], &totals, sizeof(totals)) == (ssize_t)sizeof(totals) ? 0 : 2);
}

/* Wait for all; in a hunt the first that failed ends the others. False when one did not answer. */
static bool gather(const struct settings *settings, const int *ends, const pid_t *pids,
                   struct totals *totals)
{
	struct pollfd polls[JOBS_MAX];
	bool is_whole = true;

	for (int i = 0; i < settings->n_jobs; i++)
		polls[i] = (struct pollfd){.fd = ends[i], .events = POLLIN};
	for (int left = settings->n_jobs;
	     left > 0 && poll(polls, (nfds_t)settings->n_jobs, -1) > 0;) {
		for (int i = 0; i < settings->n_jobs; i++) {
			struct totals part;

			if (polls[i].fd < 0 || polls[i].revents == 0)
				continue;
			if (read(polls[i].fd, &part, sizeof(part)) == (ssize_t)sizeof(part))
				totals_merge(totals, &part);
			else
				is_whole = false;
			polls[i].fd = -1;
			left--;
		}
		if (settings->is_hunt && (totals->n_failed > 0 || !is_whole))
			break;
	}
	for (int i = 0; i < settings->n_jobs; i++) {
		if (polls[i].fd >= 0)
			(void)kill(pids[i], SIGKILL);
		(void)waitpid(pids[i], NULL, 0);
		(void)close(ends[i]);
	}
	return is_whole;
}

static int run_all(const struct settings *settings)
{
	double begin = elapsed();
	struct totals totals = {.storm = settings->storm};
	pid_t pids[JOBS_MAX];
	int ends[JOBS_MAX];
	bool is_whole = true;

	if (settings->n_jobs == 1) {
		run_job(settings, 0, &totals);
	} else {
		for (int i = 0; i < settings->n_jobs; i++)
			ends[i] = start_job(settings, i, &pids[i]);
		is_whole = gather(settings, ends, pids, &totals);
	}
	if (!settings->is_told)
		totals_print(&totals, elapsed() - begin, stdout);
	if (!is_whole)
		printf("a process did not come to its end\n");
	return totals.n_failed > 0 || !is_whole;
}

/* One flag and its value; false when there is no such flag. */
static bool parse(struct settings *settings, const char *flag, const char *value)
{
	if (strcmp(flag, "--seed") == 0) {
		settings->first = strtoull(value, NULL, 10);
		settings->n_seeds = 1;
	} else if (strcmp(flag, "--first") == 0) {
		settings->first = strtoull(value, NULL, 10);
	} else if (strcmp(flag, "--seeds") == 0) {
		settings->n_seeds = strtoull(value, NULL, 10);
	} else if (strcmp(flag, "--seconds") == 0 || strcmp(flag, "--hours") == 0) {
		settings->seconds = strtod(value, NULL) * (flag[2] == 'h' ? 3600 : 1);
		settings->n_seeds = UINT64_MAX;
	} else if (strcmp(flag, "--limit") == 0) {
		settings->limit = strtoull(value, NULL, 10);
	} else if (strcmp(flag, "--jobs") == 0) {
		settings->n_jobs = (int)strtol(value, NULL, 10);
	} else if (strcmp(flag, "--storm") == 0) {
		settings->storm = strtod(value, NULL);
		return settings->storm >= 1 && settings->storm <= 10;
	} else {
		return false;
	}
	return settings->n_jobs >= 1 && settings->n_jobs <= JOBS_MAX;
}

int main(int argc, char **argv)
{
	struct settings settings = {.first = 1, .n_seeds = 100, .n_jobs = 1};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--tell") == 0) {
			settings.is_told = true;
		} else if (strcmp(argv[i], "--hunt") == 0) {
			settings.is_hunt = true;
		} else if (strcmp(argv[i], "--brief") == 0) {
			settings.is_brief = true;
		} else if (i + 1 < argc && parse(&settings, argv[i], argv[i + 1])) {
			i++;
		} else {
			(void)fputs(usage, strcmp(argv[i], "--help") == 0 ? stdout : stderr);
			return strcmp(argv[i], "--help") == 0 ? 0 : 2;
		}
	}
	return run_all(&settings);
}

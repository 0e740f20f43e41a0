#include "agent/options.h"

#include "providers/wire/nearest.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX       65535
#define NAME_MAX_BYTES 64
#define KEEP_MIN_MS    3600000

enum kind {
	KIND_UNKNOWN,
	KIND_TEXT,
	KIND_TRUTH,
	KIND_PORT,
	KIND_LEVEL,
	KIND_ENCODING,
	KIND_ACCESS,
	KIND_KEEP,
	KIND_COPIES,
	/* What Flagger has and we do not: */
	KIND_IGNORED, /* any value, with a warning */
	KIND_IGNORED_TRUTH,
	KIND_REFUSED, /* any value but "" */
};

struct flag {
	const char *name;
	enum kind kind;
	size_t at; /* in struct options */
	const char *standard;
	const char *value_name;
	const char *help; /* of a refused one: why */
	const char *environment;
};

#define AT(member) offsetof(struct options, member)

static const struct flag flags[] = {
	{"kubeconfig", KIND_TEXT, AT(kubeconfig), "", "FILE",
         "kubeconfig; without it $KUBECONFIG, without that the pod's own service account"},
	{"context", KIND_TEXT, AT(context), "", "NAME",
         "context of the kubeconfig; without it its current one"},
	{"namespace", KIND_TEXT, AT(k8s_namespace), "", "NAME",
         "serve the canaries of one namespace only"},
	{"metrics-server", KIND_TEXT, AT(metrics_server), "http://prometheus:9090", "URL",
         "Prometheus, for checks that name no other"},
	{"event-webhook", KIND_TEXT, AT(event_webhook), "", "URL",
         "told each event of canaries without a hook of type event; $EVENT_WEBHOOK_URL wins",
         .environment = "EVENT_WEBHOOK_URL"},
	{"slack-url", KIND_TEXT, AT(slack_url), "", "URL",
         "told the alerts of canaries without analysis.alerts; $SLACK_URL wins",
         .environment = "SLACK_URL"},
	{"slack-token", KIND_TEXT, AT(slack_token), "", "TOKEN",
         "of the Slack app; $SLACK_TOKEN wins", .environment = "SLACK_TOKEN"},
	{"slack-proxy-url", KIND_TEXT, AT(slack_proxy_url), "", "URL",
         "Slack is reached through it; $SLACK_PROXY_URL wins", .environment = "SLACK_PROXY_URL"},
	{"slack-user", KIND_TEXT, AT(slack_user), "flagger", "NAME", "who alerts come from"},
	{"slack-channel", KIND_TEXT, AT(slack_channel), "", "NAME",
         "where they go; without it Slack is told nothing"},
	{"msteams-url", KIND_TEXT, AT(msteams_url), "", "URL",
         "told those alerts instead of Slack; $MSTEAMS_URL wins", .environment = "MSTEAMS_URL"},
	{"msteams-proxy-url", KIND_TEXT, AT(msteams_proxy_url), "", "URL",
         "Microsoft Teams is reached through it; $MSTEAMS_PROXY_URL wins",
         .environment = "MSTEAMS_PROXY_URL"},
	{"cluster-name", KIND_TEXT, AT(cluster_name), "", "NAME", "told with each alert"},
	{"mesh-provider", KIND_TEXT, AT(mesh_provider), "istio", "NAME",
         "provider of canaries that name none"},
	{"selector-labels", KIND_TEXT, AT(selector_labels), "app,name,app.kubernetes.io/name",
         "KEYS", "labels that tell a workload's pods, in order of preference"},
	{"include-label-prefix", KIND_TEXT, AT(include_label_prefix), "", "PREFIXES",
         "labels of a target that its primary has, too; * is all"},
	{"ingress-annotations-prefix", KIND_TEXT, AT(ingress_annotations_prefix),
         "nginx.ingress.kubernetes.io", "PREFIX", "of the annotations of ingress-nginx"},
	{"enable-config-tracking", KIND_TRUTH, AT(has_config_tracking), "true", "",
         "follow ConfigMaps and Secrets of the target"},
	{"config-copies", KIND_COPIES, AT(keeps_copy_names), "hash", "NAMES",
         "of the primary's copies of them: hash (each its own), or flagger (one, overwritten)"},
	{"observe", KIND_TRUTH, AT(observes), "false", "",
         "record splits of routes without a Canary where serin.dev/observe asks for it"},
	{"no-cross-namespace-refs", KIND_TRUTH, AT(blocks_refs), "false", "",
         "refuse canaries that name a MetricTemplate or AlertProvider of another namespace"},
	{"enable-leader-election", KIND_TRUTH, AT(has_leader_election), "false", "",
         "accepted as Flagger's; one lease always decides who writes"},
	{"leader-election-namespace", KIND_TEXT, AT(leader_election_namespace), "kube-system",
         "NAME", "where the lease is"},
	{"port", KIND_PORT, AT(port), "8080", "NUMBER",
         "of /metrics, /healthz, /readyz and the API"},
	{"api", KIND_ACCESS, AT(api), "token", "WHO",
         "may read the API: off, loopback, token (or loopback), strict (token) or open"},
	{"log-level", KIND_LEVEL, AT(log_level), "info", "LEVEL", "debug, info, warn or error"},
	{"zap-encoding", KIND_ENCODING, AT(log_form), "", "FORM",
         "json or console; without it, console on a terminal and json elsewhere"},
	{"history", KIND_TEXT, AT(history), "", "FILE",
         "SQLite file of the history; without it, in memory"},
	{"history-keep-samples", KIND_KEEP, AT(history_keep), "720h", "DURATION",
         "facts and raw answers stay so long in that file, at least 1h; 0: for ever"},
	{"state-dir", KIND_TEXT, AT(state_dir), "", "DIRECTORY",
         "for what should outlive the process; nothing breaks without it"},
	{"version", KIND_TRUTH, AT(is_version_wanted), "false", "", "print the version"},
	{"help", KIND_TRUTH, AT(is_help_wanted), "false", "", "print this"},

	{"kubeconfig-qps", KIND_IGNORED, .help = "idle canaries ask nothing"},
	{"kubeconfig-burst", KIND_IGNORED, .help = "idle canaries ask nothing"},
	{"control-loop-interval", KIND_IGNORED, .help = "canaries wake by themselves"},
	{"threadiness", KIND_IGNORED, .help = "one thread serves all canaries"},
	{"ingress-class", KIND_IGNORED, .help = "provider contour is not served yet"},
	{"zap-replace-globals", KIND_IGNORED_TRUTH, .help = "it has no visible effect"},
	{"v", KIND_IGNORED, .help = "see --log-level"},
	{"vmodule", KIND_IGNORED, .help = "see --log-level"},
	{"log_backtrace_at", KIND_IGNORED, .help = "the log goes to stderr"},
	{"log_dir", KIND_IGNORED, .help = "the log goes to stderr"},
	{"log_file", KIND_IGNORED, .help = "the log goes to stderr"},
	{"log_file_max_size", KIND_IGNORED, .help = "the log goes to stderr"},
	{"stderrthreshold", KIND_IGNORED, .help = "see --log-level"},
	{"logtostderr", KIND_IGNORED_TRUTH, .help = "the log goes to stderr"},
	{"alsologtostderr", KIND_IGNORED_TRUTH, .help = "the log goes to stderr"},
	{"legacy_stderr_threshold_behavior", KIND_IGNORED_TRUTH, .help = "the log goes to stderr"},
	{"add_dir_header", KIND_IGNORED_TRUTH, .help = "the log goes to stderr"},
	{"one_output", KIND_IGNORED_TRUTH, .help = "the log goes to stderr"},
	{"skip_headers", KIND_IGNORED_TRUTH, .help = "the log goes to stderr"},
	{"skip_log_headers", KIND_IGNORED_TRUTH, .help = "the log goes to stderr"},

	{"master", KIND_REFUSED, .help = "name the server in a kubeconfig"},
	{"kubeconfig-service-mesh", KIND_REFUSED, .help = "one cluster is served"},
};

static bool is_truth(const struct flag *flag)
{
	return flag->kind == KIND_TRUTH || flag->kind == KIND_IGNORED_TRUTH;
}

static const struct flag *find(const char *name)
{
	for (size_t i = 0; i < array_length(flags); i++)
		if (strcmp(flags[i].name, name) == 0)
			return &flags[i];
	return NULL;
}

static bool refuse_unknown(const char *name, struct err *err)
{
	const char *nearest = NULL;
	size_t distance = 0;

	for (size_t i = 0; i < array_length(flags); i++)
		nearest_consider(name, flags[i].name, &nearest, &distance);
	if (nearest)
		return err_set(err, ERR_INVALID, "--%.100s: no such flag; did you mean --%s?", name,
		               nearest);
	return err_set(err, ERR_INVALID, "--%.100s: no such flag; see --help", name);
}

/* Go's strconv.ParseBool. */
static bool parse_truth(const char *text, bool *ret)
{
	static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
	static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};

	for (size_t i = 0; i < array_length(yes); i++) {
		if (strcmp(text, yes[i]) != 0 && strcmp(text, no[i]) != 0)
			continue;
		*ret = strcmp(text, yes[i]) == 0;
		return true;
	}
	return false;
}

static bool set_truth(const struct flag *flag, const char *value, bool *ret, struct err *err)
{
	if (parse_truth(value, ret))
		return true;
	return err_set(err, ERR_INVALID, "--%s: expected true or false, got \"%.100s\"", flag->name,
	               value);
}

static bool set_port(const struct flag *flag, const char *value, int *ret, struct err *err)
{
	char *end;
	long port = strtol(value, &end, 10);

	if (!*value || *end || port < 0 || port > PORT_MAX)
		return err_set(err, ERR_INVALID, "--%s: expected a number to %d, got \"%.100s\"",
		               flag->name, PORT_MAX, value);
	*ret = (int)port;
	return true;
}

static bool set_encoding(const struct flag *flag, const char *value, enum log_form *ret,
                         struct err *err)
{
	if (strcmp(value, "json") == 0)
		*ret = LOG_FORM_JSON;
	else if (strcmp(value, "console") == 0)
		*ret = LOG_FORM_TEXT;
	else if (*value)
		return err_set(err, ERR_INVALID, "--%s: expected json or console, got \"%.100s\"",
		               flag->name, value);
	return true;
}

static bool set_copies(const struct flag *flag, const char *value, bool *ret, struct err *err)
{
	*ret = strcmp(value, "flagger") == 0;
	if (*ret || strcmp(value, "hash") == 0)
		return true;
	return err_set(err, ERR_INVALID, "--%s: expected hash or flagger, got \"%.100s\"",
	               flag->name, value);
}

static bool set_access(const struct flag *flag, const char *value, enum api_access *ret,
                       struct err *err)
{
	if (api_parse_access(value, ret))
		return true;
	return err_set(err, ERR_INVALID,
	               "--%s: expected off, loopback, token, strict or open, got \"%.100s\"",
	               flag->name, value);
}

static bool set_keep(const struct flag *flag, const char *value, int64_t *ret, struct err *err)
{
	struct span keep = {0};
	struct err reason = {0};

	if (!span_parse(value, &keep, &reason))
		return err_set(err, ERR_INVALID, "--%s: expected a duration, got \"%.100s\": %s",
		               flag->name, value, reason.text);
	if (keep.ms != 0 && keep.ms < KEEP_MIN_MS)
		return err_set(err, ERR_INVALID,
		               "--%s: expected 0 (for ever) or at least 1h, got \"%.100s\"",
		               flag->name, value);
	*ret = keep.ms;
	return true;
}

/* A warning that finds no room is one too many. */
static void warn(struct buf *warnings, const struct flag *flag)
{
	bool fits = buf_format(warnings, "--%s has no effect: %s\n", flag->name, flag->help);

	(void)fits;
}

static bool refuse(const struct flag *flag, const char *origin, struct err *err)
{
	return err_set(err, ERR_INVALID, "%s: %s", origin, flag->help);
}

/* The value of a secret flag is nobody's business: refusals do not show it. */
static bool set_refused(const struct flag *flag, const char *value, struct err *err)
{
	char origin[NAME_MAX_BYTES + 2];

	(void)snprintf(origin, sizeof(origin), "--%s", flag->name);
	return *value != '\0' ? refuse(flag, origin, err) : true;
}

static bool set(const struct flag *flag, const char *value, struct options *options,
                struct buf *warnings, struct err *err)
{
	void *at = (char *)options + flag->at;

	switch (flag->kind) {
	case KIND_TEXT:
		*(const char **)at = value;
		return true;
	case KIND_TRUTH:
		return set_truth(flag, value, at, err);
	case KIND_PORT:
		return set_port(flag, value, at, err);
	case KIND_LEVEL:
		*(enum log_level *)at = log_parse_level(value);
		return true;
	case KIND_ENCODING:
		return set_encoding(flag, value, at, err);
	case KIND_ACCESS:
		return set_access(flag, value, at, err);
	case KIND_KEEP:
		return set_keep(flag, value, at, err);
	case KIND_COPIES:
		return set_copies(flag, value, at, err);
	case KIND_IGNORED:
	case KIND_IGNORED_TRUTH:
		warn(warnings, flag);
		return true;
	case KIND_REFUSED:
		return set_refused(flag, value, err);
	case KIND_UNKNOWN:
		break;
	}
	assert(false);
	return false;
}

static void set_standards(struct options *options)
{
	*options = (struct options){0};
	for (size_t i = 0; i < array_length(flags); i++) {
		bool is_set = !flags[i].standard ||
		              set(&flags[i], flags[i].standard, options, NULL, NULL);

		assert(is_set);
	}
}

/* A variable wins over its flag, as in Flagger; most of those are refused. */
static bool read_environment(struct options *options, struct err *err)
{
	for (size_t i = 0; i < array_length(flags); i++) {
		const char *name = flags[i].environment;
		const char *value = name ? getenv(name) : NULL;

		if (!value || !*value)
			continue;
		if (!flags[i].standard)
			return refuse(&flags[i], name, err);
		if (!set(&flags[i], value, options, NULL, err))
			return false;
	}
	return true;
}

static bool refuse_word(const char *word, const char *before, struct err *err)
{
	bool truth;

	if (parse_truth(word, &truth) && before[0] == '-')
		return err_set(err, ERR_INVALID, "\"%s\": expected a flag; did you mean %s=%s?",
		               word, before, word);
	return err_set(err, ERR_INVALID, "\"%.100s\": expected a flag", word);
}

/* One flag at ARGV[*at], and its value, which may be the next word; *at moves to the last word
 * used. */
static bool parse_one(int argc, char *const argv[], int *at, struct options *options,
                      struct buf *warnings, struct err *err)
{
	const char *word = argv[*at];
	const char *name = word + (word[0] == '-' && word[1] == '-' ? 2 : 1);
	char bare[NAME_MAX_BYTES * 2];
	const char *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct flag *flag;

	if (word[0] != '-' || length == 0)
		return refuse_word(word, argv[*at - 1], err);
	(void)snprintf(bare, sizeof(bare), "%.*s", (int)length, name);
	flag = find(strcmp(bare, "h") == 0 ? "help" : bare);
	if (!flag)
		return refuse_unknown(bare, err);
	if (equals)
		return set(flag, equals + 1, options, warnings, err);
	if (is_truth(flag))
		return set(flag, "true", options, warnings, err);
	if (*at + 1 >= argc)
		return err_set(err, ERR_INVALID, "--%s: expected a value", flag->name);
	return set(flag, argv[++*at], options, warnings, err);
}

bool options_parse(int argc, char *const argv[], struct options *ret, struct buf *warnings,
                   struct err *err)
{
	struct options options;

	set_standards(&options);
	for (int i = 1; i < argc; i++)
		if (!parse_one(argc, argv, &i, &options, warnings, err))
			return false;
	if (!options.is_help_wanted && !options.is_version_wanted &&
	    !read_environment(&options, err))
		return false;
	if (options.leader_election_namespace[0] == '\0')
		return err_set(err, ERR_INVALID,
		               "--leader-election-namespace: expected the name of a namespace");
	*ret = options;
	return true;
}

void options_help(FILE *stream)
{
	(void)fprintf(stream, "Usage: serin agent [FLAG]...\n\n");
	for (size_t i = 0; i < array_length(flags); i++) {
		const struct flag *flag = &flags[i];
		char head[NAME_MAX_BYTES * 2];

		if (!flag->standard)
			continue;
		(void)snprintf(head, sizeof(head), "--%s%s%s", flag->name,
		               *flag->value_name ? " " : "", flag->value_name);
		(void)fprintf(stream, "  %-38s %s", head, flag->help);
		if (*flag->standard && strcmp(flag->standard, "false") != 0)
			(void)fprintf(stream, " (%s)", flag->standard);
		(void)fprintf(stream, "\n");
	}
}

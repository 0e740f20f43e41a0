/*
 * The command line of `serin agent`: Flagger's flags with Flagger's spellings and defaults (one
 * dash or two, "=" or a space before the value, "=" for truth values), and ours. Flags of Flagger
 * that are not served are accepted with a warning when that changes nothing, and refused when
 * somebody would miss what they do.
 */
#ifndef AGENT_OPTIONS_H
#define AGENT_OPTIONS_H

#include "agent/api.h"
#include "agent/log.h"
#include "analysis/base/buf.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define OPTIONS_WARNINGS_MAX 8192

/* Texts are borrowed from the command line, and never NULL. */
struct options {
	const char *kubeconfig;    /* "": the environment's KUBECONFIG, else the pod's own files */
	const char *context;       /* "": the kubeconfig's current one */
	const char *k8s_namespace; /* "": all */
	const char *metrics_server;
	const char *event_webhook; /* "": none */
	const char *slack_url;     /* "": none */
	const char *slack_token;
	const char *slack_proxy_url;
	const char *slack_user;
	const char *slack_channel;
	const char *msteams_url; /* "": none; else it wins over Slack's */
	const char *msteams_proxy_url;
	const char *cluster_name; /* told with each alert */
	const char *mesh_provider;
	const char *selector_labels;      /* as written: "app,name" */
	const char *include_label_prefix; /* as written; "": none */
	const char *ingress_annotations_prefix;
	bool has_config_tracking;
	bool keeps_copy_names; /* Flagger's, of copies of configs */
	bool blocks_refs;      /* across namespaces */
	bool observes;         /* splits without a Canary are recorded where that is asked for */
	bool has_leader_election;
	const char *leader_election_namespace;
	int port;            /* 0: the kernel chooses */
	enum api_access api; /* who may read the API */
	enum log_level log_level;
	enum log_form log_form;
	const char *history;   /* path of the SQLite file; "": in memory */
	int64_t history_keep;  /* ms: facts and raw answers in it; 0: for ever */
	const char *state_dir; /* a directory that outlives the process; "": there is none */
	bool is_version_wanted;
	bool is_help_wanted;
};

/*
 * Read ARGV[1…]; ARGV[0] is passed over. WARNINGS gets a line for each flag that does nothing; its
 * max is set. On failure err says which flag, what was expected, and the nearest flag there is:
 * print it and exit with 2.
 */
bool options_parse(int argc, char *const argv[], struct options *ret, struct buf *warnings,
                   struct err *err);

/* What there is, for --help. */
void options_help(FILE *stream);

#endif

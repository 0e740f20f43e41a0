/*
 * Runs a program that logs in, as kubectl does: its output is an ExecCredential, its stderr is
 * ours, its stdin ours too when it may ask. Waits for it; so only for commands, never for the
 * agent.
 */
#ifndef AGENT_CREDENTIALS_PLUGIN_H
#define AGENT_CREDENTIALS_PLUGIN_H

#include "agent/credentials_file.h"
#include "analysis/base/instant.h"
#include "providers/kube/kubeconfig.h"

#define CREDENTIALS_PLUGIN_OUTPUT_MAX  (1024 * 1024) /* bytes; longer is ERR_LIMIT */
#define CREDENTIALS_PLUGIN_SECONDS     60            /* that it may take */
#define CREDENTIALS_PLUGIN_ASK_SECONDS 300           /* when it may ask somebody */

/* One run. TOLD is the value of KUBERNETES_EXEC_INFO. */
struct credentials_plugin {
	const struct kube_kubeconfig_plugin *plugin;
	const char *told;
	bool is_interactive;  /* it gets our stdin */
	struct span patience; /* 0: as above */
};

/* *ret holds what it printed; the caller wipes it with credentials_file_fini. Errors name the
 * program and how it ended; a program that takes too long is killed. */
bool credentials_plugin_run(const struct credentials_plugin *run, struct credentials_file *ret,
                            struct err *err);

#endif

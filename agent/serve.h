/* `serin agent`: the real seams, one agent over them, and the way from SIGTERM to exit code 0. */
#ifndef AGENT_SERVE_H
#define AGENT_SERVE_H

struct options;

/* Run until a signal ends it; the process's exit code. */
int serve(const struct options *options);

#endif

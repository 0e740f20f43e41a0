/* `history --splits`: how routes that no Canary has divide requests, from a history file or the
 * agent's API; the cluster does not keep it. */
#ifndef AGENT_COMMAND_COMMAND_SPLITS_H
#define AGENT_COMMAND_COMMAND_SPLITS_H

#include "agent/command/command.h"

enum command_exit command_splits(struct command_call *call);

#endif

/* The settings of an agent that works in a cluster inside the process. */
#ifndef AGENT_DEMO_SIM_SETTINGS_H
#define AGENT_DEMO_SIM_SETTINGS_H

#include "agent/agent.h"

/* Flagger's defaults; IDENTITY must outlive the agent. */
struct agent_settings sim_settings(const char *identity);

#endif

/*
 * METRIC(name, kind, help, labels...): the one list of what /metrics shows. Names are written in
 * capitals here and lower case there. Those of Flagger keep its meaning: `name` and `workload` are
 * the target's name.
 *
 * NULL: no labels. No include guard: included once for each use of the list, for which METRIC is
 * defined before, and undefined here.
 */
#ifndef METRIC
struct metrics; /* so that this header compiles alone */
# define METRIC(name, kind, help, ...)
#endif

METRIC(FLAGGER_INFO, GAUGE, "The agent's version and default provider", "version", "mesh_provider")
METRIC(FLAGGER_CANARY_TOTAL, GAUGE, "Canaries served, by namespace", "namespace")
METRIC(FLAGGER_CANARY_STATUS, GAUGE, "Last known status: 0 running, 1 successful, 2 failed", "name",
       "namespace")
METRIC(FLAGGER_CANARY_WEIGHT, GAUGE, "Share of the traffic in percent, of primary and canary",
       "workload", "namespace")
METRIC(FLAGGER_CANARY_DURATION_SECONDS, HISTOGRAM,
       "Seconds from when a check was due until all its queries were answered", "name", "namespace")
METRIC(FLAGGER_CANARY_METRIC_ANALYSIS, GAUGE, "Last value of a metric of the analysis", "name",
       "namespace", "metric")
METRIC(FLAGGER_CANARY_SUCCESSES_TOTAL, COUNTER, "Runs that ended in a promotion", "name",
       "namespace", "deployment_strategy", "analysis_status")
METRIC(FLAGGER_CANARY_FAILURES_TOTAL, COUNTER, "Runs that were rolled back", "name", "namespace",
       "deployment_strategy", "analysis_status")
METRIC(SERIN_DECISIONS_TOTAL, COUNTER, "Decisions made", NULL)
METRIC(SERIN_CANARY_PHASE, GAUGE, "1 for the phase that a canary is in", "name", "namespace",
       "phase")
METRIC(SERIN_FOREIGN_EDITS_TOTAL, COUNTER, "Changes of the traffic object by another writer",
       "name", "namespace")
METRIC(SERIN_WATCH_RESTARTS_TOTAL, COUNTER, "Watches that had to be opened again", "resource")
METRIC(SERIN_HISTORY_QUEUE, GAUGE, "Records of the history that wait for the disk", NULL)
METRIC(SERIN_HISTORY_GAPS_TOTAL, COUNTER, "Rounds whose effects went ahead of the disk", NULL)
METRIC(SERIN_HISTORY_PRUNED_TOTAL, COUNTER, "Rounds whose facts retention removed", NULL)
METRIC(SERIN_LEASE_HELD, GAUGE, "1 while this agent is the one that writes", NULL)
METRIC(SERIN_SERIES_DROPPED_TOTAL, COUNTER, "Series not shown since there are too many", NULL)

#undef METRIC

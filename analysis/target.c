#include "analysis/target.h"

const char *target_kind_name(enum target_kind kind)
{
	return kind == TARGET_DAEMON_SET ? "DaemonSet" : "Deployment";
}

const char *target_kind_word(enum target_kind kind)
{
	return kind == TARGET_DAEMON_SET ? "daemonset" : "deployment";
}

#include "analysis/target.h"

#include <string.h>

static const struct {
	const char *name;
	const char *word;
} kinds[] = {
	[TARGET_DEPLOYMENT] = {"Deployment", "deployment"},
	[TARGET_DAEMON_SET] = {"DaemonSet", "daemonset"},
	[TARGET_SERVICE] = {"Service", "service"},
};

const char *target_kind_name(enum target_kind kind)
{
	return kinds[kind].name;
}

const char *target_kind_word(enum target_kind kind)
{
	return kinds[kind].word;
}

bool target_kind_parse(const char *name, enum target_kind *ret)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, name) == 0) {
			*ret = (enum target_kind)i;
			return true;
		}
	}
	return false;
}

#include "providers/kube/canary_warning.h"

void kube_canary_warning_add(struct kube_canary *canary, struct arena *arena,
                             const struct field *node, const char *text)
{
	struct err sentence;

	if (canary->n_warnings == KUBE_CANARY_WARNINGS_MAX)
		return;
	field_refuse(node, &sentence, ERR_NONE, "%s", text);
	canary->warnings[canary->n_warnings++] = arena_text(arena, sentence.text);
}

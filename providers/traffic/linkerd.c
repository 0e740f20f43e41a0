#include "providers/traffic/linkerd.h"

#include "providers/act_reply.h"
#include "providers/traffic/gateway_api.h"
#include "providers/traffic/gateway_check.h"
#include "providers/traffic/smi.h"
#include "providers/traffic/smi_split.h"

static bool has_splits(const struct canary_world *world)
{
	return world->options && world->options->has_splits;
}

/* What both objects can do: weights. Whoever wants more has provider gatewayapi. */
static bool check(const struct field *spec, struct arena *arena, struct kube_canary *canary,
                  struct err *err)
{
	return smi_check(spec, arena, canary, err) && gateway_check_rules(spec, arena, canary, err);
}

static struct kube_ref ref(const struct canary_world *world, struct arena *arena)
{
	return has_splits(world) ? smi_split_ref(world) : gateway_api_ref(world, arena);
}

static void look(const json_t *object, const struct canary_world *world, struct route_fact *ret)
{
	if (has_splits(world))
		smi_look(object, world, ret);
	else
		gateway_api_look(object, world, ret);
}

static enum talk_step weigh(struct act *act, const struct http_reply *reply, struct err *err)
{
	if (act->world->options->is_unsure)
		return act_reply_stop(
			act, ACT_FAILED, err,
			"it is not known yet whether the cluster serves TrafficSplits");
	return has_splits(act->world) ? smi_weigh(act, reply, err)
	                              : gateway_api_weigh(act, reply, err);
}

static enum talk_step remove_route(struct act *act, const struct http_reply *reply, struct err *err)
{
	return has_splits(act->world) ? smi_remove(act, reply, err)
	                              : gateway_api_remove(act, reply, err);
}

const struct traffic_provider traffic_provider_linkerd = {
	.name = "linkerd",
	.keeps_route = true,
	.ability = smi_ability,
	.check = check,
	.ref = ref,
	.read = look,
	.write = weigh,
	.remove = remove_route,
};

#include "agent/demo/apiserver_inside.h"

#include <stdlib.h>
#include <string.h>

/* Set a member that is not there; takes the reference. */
static void add(json_t *object, const char *key, json_t *value)
{
	if (json_object_get(object, key))
		json_decref(value);
	else
		json_object_set_new(object, key, value);
}

static void add_text(json_t *object, const char *key, const char *value)
{
	add(object, key, json_string(value));
}

/* Built-in resources do not keep nulls. */
static void drop_nulls(json_t *value)
{
	const char *key;
	json_t *member;
	void *next;
	size_t i;

	json_array_foreach(value, i, member)
	{
		drop_nulls(member);
	}
	json_object_foreach_safe(value, next, key, member)
	{
		if (json_is_null(member))
			json_object_del(value, key);
		else
			drop_nulls(member);
	}
}

/* A pull policy as the tag asks for it. */
static const char *pull_policy(const char *image)
{
	const char *slash = image ? strrchr(image, '/') : NULL;
	const char *tag = image ? strrchr(slash ? slash : image, ':') : NULL;

	return tag && strcmp(tag, ":latest") != 0 ? "IfNotPresent" : "Always";
}

static void fill_probe(json_t *probe)
{
	json_t *get = json_object_get(probe, "httpGet");

	if (!json_is_object(probe))
		return;
	add(probe, "timeoutSeconds", json_integer(1));
	add(probe, "periodSeconds", json_integer(10));
	add(probe, "successThreshold", json_integer(1));
	add(probe, "failureThreshold", json_integer(3));
	if (json_is_object(get)) {
		add_text(get, "path", "/");
		add_text(get, "scheme", "HTTP");
	}
}

static void fill_container(json_t *container)
{
	json_t *port;
	size_t i;

	if (!json_is_object(container))
		return;
	add(container, "resources", json_object());
	add_text(container, "terminationMessagePath", "/dev/termination-log");
	add_text(container, "terminationMessagePolicy", "File");
	add_text(container, "imagePullPolicy",
	         pull_policy(json_string_value(json_object_get(container, "image"))));
	json_array_foreach(json_object_get(container, "ports"), i, port)
	{
		add_text(port, "protocol", "TCP");
	}
	fill_probe(json_object_get(container, "livenessProbe"));
	fill_probe(json_object_get(container, "readinessProbe"));
	fill_probe(json_object_get(container, "startupProbe"));
}

static void fill_volume(json_t *volume)
{
	json_t *config = json_object_get(volume, "configMap");
	json_t *secret = json_object_get(volume, "secret");

	if (json_is_object(config))
		add(config, "defaultMode", json_integer(0644));
	if (json_is_object(secret))
		add(secret, "defaultMode", json_integer(0644));
}

static void fill_pod_spec(json_t *spec)
{
	json_t *item;
	size_t i;

	if (!json_is_object(spec))
		return;
	add_text(spec, "restartPolicy", "Always");
	add(spec, "terminationGracePeriodSeconds", json_integer(30));
	add_text(spec, "dnsPolicy", "ClusterFirst");
	add(spec, "securityContext", json_object());
	add_text(spec, "schedulerName", "default-scheduler");
	json_array_foreach(json_object_get(spec, "containers"), i, item)
	{
		fill_container(item);
	}
	json_array_foreach(json_object_get(spec, "initContainers"), i, item)
	{
		fill_container(item);
	}
	json_array_foreach(json_object_get(spec, "volumes"), i, item)
	{
		fill_volume(item);
	}
}

static void fill_deployment(json_t *object)
{
	json_t *spec = json_object_get(object, "spec");
	json_t *strategy;
	json_t *rolling;

	if (!json_is_object(spec))
		return;
	add(spec, "replicas", json_integer(1));
	add(spec, "strategy", json_object());
	add(spec, "revisionHistoryLimit", json_integer(10));
	add(spec, "progressDeadlineSeconds", json_integer(600));
	fill_pod_spec(json_object_get(json_object_get(spec, "template"), "spec"));
	strategy = json_object_get(spec, "strategy");
	add_text(strategy, "type", "RollingUpdate");
	if (strcmp(json_string_value(json_object_get(strategy, "type")), "RollingUpdate") != 0)
		return;
	add(strategy, "rollingUpdate", json_object());
	rolling = json_object_get(strategy, "rollingUpdate");
	add_text(rolling, "maxUnavailable", "25%");
	add_text(rolling, "maxSurge", "25%");
}

static void fill_daemon_set(json_t *object)
{
	json_t *spec = json_object_get(object, "spec");
	json_t *strategy;
	json_t *rolling;

	if (!json_is_object(spec))
		return;
	add(spec, "updateStrategy", json_object());
	add(spec, "revisionHistoryLimit", json_integer(10));
	fill_pod_spec(json_object_get(json_object_get(spec, "template"), "spec"));
	strategy = json_object_get(spec, "updateStrategy");
	add_text(strategy, "type", "RollingUpdate");
	if (strcmp(json_string_value(json_object_get(strategy, "type")), "RollingUpdate") != 0)
		return;
	add(strategy, "rollingUpdate", json_object());
	rolling = json_object_get(strategy, "rollingUpdate");
	add(rolling, "maxUnavailable", json_integer(1));
	add(rolling, "maxSurge", json_integer(0));
}

/* A Service keeps its address when an update leaves it out. */
static void fill_address(struct apiserver *server, const json_t *old, json_t *spec)
{
	json_t *before = json_object_get(json_object_get(old, "spec"), "clusterIP");
	char address[32];

	if (!json_object_get(spec, "clusterIP") && before)
		json_object_set(spec, "clusterIP", before);
	if (!json_object_get(spec, "clusterIP")) {
		uint32_t n = ++server->n_addresses;

		(void)snprintf(address, sizeof(address), "10.%u.%u.%u", 96 + (n >> 16 & 15),
		               n >> 8 & 255, n & 255);
		json_object_set_new(spec, "clusterIP", json_string(address));
	}
	if (!json_object_get(spec, "clusterIPs"))
		json_object_set_new(spec, "clusterIPs",
		                    json_pack("[O]", json_object_get(spec, "clusterIP")));
}

static void fill_service(struct apiserver *server, const json_t *old, json_t *object)
{
	json_t *spec = json_object_get(object, "spec");
	json_t *port;
	size_t i;

	add(object, "status", json_pack("{s:{}}", "loadBalancer"));
	if (!json_is_object(spec))
		return;
	json_array_foreach(json_object_get(spec, "ports"), i, port)
	{
		add_text(port, "protocol", "TCP");
		if (!json_object_get(port, "targetPort") && json_object_get(port, "port"))
			json_object_set(port, "targetPort", json_object_get(port, "port"));
	}
	add_text(spec, "sessionAffinity", "None");
	add_text(spec, "type", "ClusterIP");
	if (strcmp(json_string_value(json_object_get(spec, "type")), "ExternalName") == 0)
		return;
	fill_address(server, old, spec);
	add(spec, "ipFamilies", json_pack("[s]", "IPv4"));
	add_text(spec, "ipFamilyPolicy", "SingleStack");
	add_text(spec, "internalTrafficPolicy", "Cluster");
}

void apiserver_defaults_fill(struct apiserver *server, const struct apiserver_resource *resource,
                             const json_t *old, json_t *object)
{
	if (resource->is_custom)
		return;
	drop_nulls(object);
	if (strcmp(resource->plural, "deployments") == 0)
		fill_deployment(object);
	if (strcmp(resource->plural, "daemonsets") == 0)
		fill_daemon_set(object);
	if (strcmp(resource->plural, "services") == 0)
		fill_service(server, old, object);
	if (strcmp(resource->plural, "ingresses") == 0)
		add(object, "status", json_pack("{s:{}}", "loadBalancer"));
	if (strcmp(resource->plural, "secrets") == 0)
		add_text(object, "type", "Opaque");
	if (strcmp(resource->plural, "pods") == 0)
		fill_pod_spec(json_object_get(object, "spec"));
	if (resource->has_status)
		add(object, "status", json_object());
}

#include "providers/kube/service_port.h"

#include "analysis/base/text.h"
#include "providers/kube/tree.h"

#include <string.h>

/* A number or a name as Kubernetes takes it; 80.0 is 80. */
static json_t *port_value(const json_t *value)
{
	double number = json_real_value(value);

	if (json_is_real(value))
		return json_integer((json_int_t)number);
	return kube_tree_copy(value);
}

static bool is_unset(const json_t *target)
{
	const char *text = json_string_value(target);
	double number = json_number_value(target);

	if (!target)
		return true;
	return text ? text[0] == '\0' || strcmp(text, "0") == 0 : (json_int_t)number == 0;
}

/* What the Service's port leads to: targetPort, or port when it is unset. */
static json_t *target_of(const json_t *service)
{
	const json_t *target = kube_tree_find(service, "targetPort");

	return port_value(is_unset(target) ? kube_tree_find(service, "port") : target);
}

static json_t *main_port(const json_t *service)
{
	json_t *port = kube_tree_object();
	const char *name = kube_tree_text(service, "portName");
	const char *protocol = kube_tree_text(service, "appProtocol");

	kube_tree_set_text(port, "name", name[0] ? name : "http");
	kube_tree_set_text(port, "protocol", "TCP");
	kube_tree_set(port, "port", port_value(kube_tree_find(service, "port")));
	kube_tree_set(port, "targetPort", target_of(service));
	if (protocol[0])
		kube_tree_set_text(port, "appProtocol", protocol);
	return port;
}

static json_t *find_by_name(const json_t *ports, const char *name)
{
	for (size_t i = 0; i < json_array_size(ports); i++) {
		json_t *port = json_array_get(ports, i);

		if (strcmp(kube_tree_text(port, "name"), name) == 0)
			return port;
	}
	return NULL;
}

/* The container's port is the one that the main port leads to, or clashes with it. */
static bool is_main(const json_t *main, const json_t *declared, const char *name)
{
	const json_t *target = json_object_get(main, "targetPort");
	const json_t *number = json_object_get(declared, "containerPort");

	if (json_equal(target, number) || json_equal(json_object_get(main, "port"), number))
		return true;
	if (json_is_string(target) &&
	    strcmp(json_string_value(target), kube_tree_text(declared, "name")) == 0)
		return true;
	return strcmp(kube_tree_text(main, "name"), name) == 0;
}

static void discover(json_t *ports, const json_t *container)
{
	const char *owner = kube_tree_text(container, "name");
	const json_t *declared = kube_tree_find(container, "ports");
	const json_t *main = json_array_get(ports, 0);

	for (size_t i = 0; i < json_array_size(declared); i++) {
		const json_t *one = json_array_get(declared, i);
		const json_t *number = json_object_get(one, "containerPort");
		const char *protocol = kube_tree_text(one, "protocol");
		char name[128];
		json_t *port;

		text_copy(name, kube_tree_text(one, "name"));
		if (name[0] == '\0')
			text_format(name, sizeof(name), "tcp-%.80s-%zu", owner, i);
		if (is_main(main, one, name) || json_array_size(ports) > KUBE_SERVICE_PORTS_MAX)
			continue;
		port = find_by_name(ports, name);
		if (!port) {
			port = kube_tree_object();
			kube_tree_append(ports, port);
		}
		kube_tree_set_text(port, "name", name);
		kube_tree_set_text(port, "protocol", protocol[0] ? protocol : "TCP");
		kube_tree_set(port, "port", port_value(number));
		kube_tree_set(port, "targetPort", port_value(number));
	}
}

json_t *kube_service_port_list(const struct canary_world *world, const json_t *template)
{
	const json_t *service = kube_tree_find(world->object, "spec/service");
	const json_t *containers = kube_tree_find(template, "spec/containers");
	json_t *ports = kube_tree_list();

	kube_tree_append(ports, main_port(service));
	if (!json_is_true(kube_tree_find(service, "portDiscovery")))
		return ports;
	for (size_t i = 0; i < json_array_size(containers); i++) {
		const json_t *container = json_array_get(containers, i);
		const char *name = kube_tree_text(container, "name");

		if (strcmp(name, "istio-proxy") != 0 && strcmp(name, "envoy") != 0)
			discover(ports, container);
	}
	return ports;
}

void kube_service_port_keep(json_t *wanted, const json_t *live)
{
	for (size_t i = 0; i < json_array_size(live); i++) {
		const json_t *port = json_array_get(live, i);
		int number = kube_tree_whole(port, "nodePort", 0);
		json_t *same = find_by_name(wanted, kube_tree_text(port, "name"));

		if (number > 0 && same)
			kube_tree_set_whole(same, "nodePort", number);
	}
}

bool kube_service_port_is_same(const json_t *wanted, const json_t *live, bool is_part)
{
	if (!is_part && json_array_size(wanted) != json_array_size(live))
		return false;
	for (size_t i = 0; i < json_array_size(wanted); i++) {
		const json_t *port = json_array_get(wanted, i);
		const json_t *same = find_by_name(live, kube_tree_text(port, "name"));

		if (!json_equal(port, same))
			return false;
	}
	return true;
}

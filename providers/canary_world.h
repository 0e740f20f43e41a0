/*
 * Everything about one canary that requests are made from: its spec, its object, the names around
 * it. A plain value that the agent keeps per canary and hands to the functions of this ring.
 */
#ifndef PROVIDERS_CANARY_WORLD_H
#define PROVIDERS_CANARY_WORLD_H

#include "analysis/facts.h"
#include "analysis/spec.h"
#include "providers/notifier.h"

#include <jansson.h>

struct traffic_provider;

/* What the command line sets; the same for all canaries. Lists end with NULL. */
struct provider_options {
	const char *const *selector_labels; /* "app", "name", "app.kubernetes.io/name" */
	const char *const *label_prefixes;  /* labels of the target that its primary has, too; NULL:
	                                       none */
	const char *ingress_annotation_prefix; /* "nginx.ingress.kubernetes.io" */
	const char *default_provider;          /* of a Canary without spec.provider */
	const char *metrics_server;            /* of a Canary without spec.metricsServer */
	const char *event_webhook;             /* of a Canary without hooks of type event; NULL:
	                                          none */
	struct notifier_receiver notifier;     /* of alerts of a Canary that names nobody for them;
	                                          type NULL: none */
	const char *cluster_name;              /* told with each alert; NULL or "": none */
	const char *field_manager;             /* "serin": our name in managedFields */
	/* What the cluster was seen to serve when a canary first needed to know. */
	bool is_unsure;        /* it was not seen yet */
	bool has_old_routes;   /* HTTPRoute at v1beta1 only */
	bool has_splits;       /* TrafficSplit at v1alpha1 */
	bool blocks_refs;      /* a Canary may name nothing of another namespace */
	bool track_configs;    /* false: references to ConfigMaps and Secrets are left alone */
	bool keeps_copy_names; /* copies of configs have Flagger's names, and are overwritten */
};

#define SERVICE_NAME_MAX   64
#define TRAFFIC_BESIDE_MAX 2 /* objects that a route is made from or stands with */

/* How far the evidence reached: what a Release keeps of it as a witness. */
#define CANARY_ANCHOR_CHAIN_MAX 256
#define CANARY_ANCHOR_HASH_MAX  65
struct canary_anchor {
	char chain[CANARY_ANCHOR_CHAIN_MAX];
	int64_t seq;
	char hash[CANARY_ANCHOR_HASH_MAX];
};

/* An autoscaler as a Canary names it. */
struct canary_scaler {
	enum scaler_kind kind; /* SCALER_NONE: none */
	char name[NAME_MAX_K8S];
};

struct canary_world {
	const struct provider_options *options;
	const struct canary_spec *spec; /* the last valid one */
	const json_t *object;           /* the Canary that spec was read from, as served */
	char uid[UID_MAX];
	char apex[SERVICE_NAME_MAX]; /* Service names */
	char primary_service[SERVICE_NAME_MAX];
	char canary_service[SERVICE_NAME_MAX];
	const char *ingress;       /* spec.ingressRef.name, NULL for none */
	const char *ingress_clone; /* the canary Ingress's name, NULL without an Ingress */
	const struct traffic_provider *traffic;
	/* From the target's selector once it was observed, else "": `label: label_value` takes the
	 * canary's pods, `label: label_value-primary` the primary's. */
	char label[NAME_MAX_K8S + 64];
	char label_value[SERVICE_NAME_MAX];
	/* As last seen, borrowed; NULL: not seen, then what depends on it is not compared. */
	const json_t *target_template; /* spec.template of the target: service.portDiscovery */
	const json_t *scaler_object;   /* {spec} of the target's autoscaler */
	const json_t *route_object;    /* the route, of providers that keep it (keeps_route) */
	/* The objects beside the route, in the provider's order; null: there is none. */
	const json_t *beside[TRAFFIC_BESIDE_MAX];
	char beside_versions[TRAFFIC_BESIDE_MAX][24];
	/* From when on the present weight holds everywhere: queries of shares look no further back.
	 */
	struct instant weight_since;
	struct canary_scaler
		former_scaler;       /* that the Canary named before, and is not let go yet */
	struct canary_anchor anchor; /* seq 0: the evidence has none */
};

#endif

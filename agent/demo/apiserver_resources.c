#include "agent/demo/apiserver.h"

#define SPEC APISERVER_GENERATION_SPEC
#define BOTH APISERVER_GENERATION_SPEC_OR_ANNOTATIONS

const struct apiserver_resource apiserver_resources[] = {
	{"flagger.app", "v1beta1", "canaries", "Canary", true, true, true, false, true, SPEC, NULL},
	{"flagger.app", "v1beta1", "metrictemplates", "MetricTemplate", true, true, false, false,
         true, SPEC, NULL},
	{"flagger.app", "v1beta1", "alertproviders", "AlertProvider", true, true, false, false,
         true, SPEC, NULL},
	{"serin.dev", "v1alpha1", "releases", "Release", true, true, true, false, true, SPEC,
         "spec"},
	{"serin.dev", "v1alpha1", "actions", "Action", true, true, true, false, true, SPEC, "spec"},
	{"apps", "v1", "deployments", "Deployment", true, false, true, false, false, BOTH, NULL},
	{"apps", "v1", "daemonsets", "DaemonSet", true, false, true, false, false, SPEC, NULL},
	{"apps", "v1", "replicasets", "ReplicaSet", true, false, true, false, false, SPEC, NULL},
	{"", "v1", "namespaces", "Namespace", false, false, true, false, false, 0, NULL},
	{"", "v1", "nodes", "Node", false, false, true, false, false, 0, NULL},
	{"", "v1", "services", "Service", true, false, true, true, false, 0, NULL},
	{"", "v1", "events", "Event", true, false, false, true, false, 0, NULL},
	{"", "v1", "pods", "Pod", true, false, true, false, false, SPEC, NULL},
	{"", "v1", "configmaps", "ConfigMap", true, false, false, false, false, 0, NULL},
	{"", "v1", "secrets", "Secret", true, false, false, false, false, 0, NULL},
	{"networking.k8s.io", "v1", "ingresses", "Ingress", true, false, true, false, false, SPEC,
         NULL},
	{"networking.istio.io", "v1beta1", "virtualservices", "VirtualService", true, true, false,
         false, true, SPEC, NULL},
	{"networking.istio.io", "v1beta1", "destinationrules", "DestinationRule", true, true, false,
         false, true, SPEC, NULL},
	{"gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute", true, true, true, false,
         true, SPEC, NULL},
	{"gateway.networking.k8s.io", "v1", "grpcroutes", "GRPCRoute", true, true, true, false,
         true, SPEC, NULL},
	{"split.smi-spec.io", "v1alpha2", "trafficsplits", "TrafficSplit", true, true, false, false,
         true, SPEC, NULL},
	{"autoscaling", "v2", "horizontalpodautoscalers", "HorizontalPodAutoscaler", true, false,
         true, false, false, 0, NULL},
	{"keda.sh", "v1alpha1", "scaledobjects", "ScaledObject", true, true, true, false, true,
         SPEC, NULL},
	{"coordination.k8s.io", "v1", "leases", "Lease", true, false, false, true, true, 0, NULL},
	{"discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true, false, false, false,
         false, SPEC, NULL},
};

const size_t apiserver_n_resources = array_length(apiserver_resources);

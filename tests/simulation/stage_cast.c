/* Who plays on a stage: namespace shop's cart, as a Deployment or a DaemonSet, its Ingress, its
 * Canary. */
#include "analysis/base/text.h"
#include "tests/simulation/stage.h"

#define DEPLOYMENTS "/apis/apps/v1/namespaces/shop/deployments"
#define DAEMONS     "/apis/apps/v1/namespaces/shop/daemonsets"
#define CANARIES    "/apis/flagger.app/v1beta1/namespaces/shop/canaries"

/* KIND and what is its own of the spec, which ends in a comma. */
static void put_target(struct stage *stage, const char *url, const char *kind, const char *own,
                       const char *version)
{
	char body[1024];

	text_format(
		body, sizeof(body),
		"{\"apiVersion\":\"apps/v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"cart\",\"namespace\":"
		"\"shop\"},\"spec\":{%s\"selector\":{\"matchLabels\":{\"app\":\"cart\"}},\"template\":{"
		"\"metadata\":{\"labels\":{\"app\":\"cart\"}},\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":"
		"\"web:%s\"}]}}}}",
		kind, own, version);
	stage_write(stage, HTTP_POST, url, body);
	stage_write(
		stage, HTTP_POST, "/apis/networking.k8s.io/v1/namespaces/shop/ingresses",
		"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"Ingress\",\"metadata\":{\"name\":\"front\","
		"\"namespace\":\"shop\"},\"spec\":{\"ingressClassName\":\"nginx\",\"rules\":[{\"host\":\"shop.example\","
		"\"http\":{\"paths\":[{\"path\":\"/\",\"pathType\":\"Prefix\",\"backend\":{\"service\":{\"name\":\"cart\","
		"\"port\":{\"number\":80}}}}]}}]}}");
}

void stage_deploy(struct stage *stage, const char *version)
{
	put_target(stage, DEPLOYMENTS, "Deployment", "\"replicas\":2,", version);
}

void stage_deploy_daemon(struct stage *stage, const char *update, const char *version)
{
	char own[256];

	text_format(own, sizeof(own), "\"updateStrategy\":%s,", update);
	put_target(stage, DAEMONS, "DaemonSet", own, version);
}

/* OWN is what it has besides in its spec, which ends in a comma. */
static void put_canary(struct stage *stage, const char *kind, const char *own, const char *provider,
                       const char *analysis)
{
	char body[4096];

	text_format(
		body, sizeof(body),
		"{\"apiVersion\":\"flagger.app/v1beta1\",\"kind\":\"Canary\",\"metadata\":{\"name\":\"cart\","
		"\"namespace\":\"shop\"},\"spec\":{\"provider\":\"%s\",\"progressDeadlineSeconds\":60,\"targetRef\":{"
		"\"apiVersion\":\"apps/v1\",\"kind\":\"%s\",\"name\":\"cart\"},\"ingressRef\":{\"apiVersion\":"
		"\"networking.k8s.io/v1\",\"kind\":\"Ingress\",\"name\":\"front\"},%s\"service\":{\"port\":80,"
		"\"targetPort\":8080},\"analysis\":{\"interval\":\"10s\",\"threshold\":2,%s,\"metrics\":[{\"name\":"
		"\"request-success-rate\",\"thresholdRange\":{\"min\":99}},{\"name\":\"request-duration\","
		"\"thresholdRange\":{\"max\":500}}]}}}",
		provider, kind, own, analysis);
	stage_write(stage, HTTP_POST, CANARIES, body);
}

void stage_canary(struct stage *stage, const char *provider, const char *analysis)
{
	put_canary(stage, "Deployment", "", provider, analysis);
}

void stage_canary_of(struct stage *stage, const char *kind, const char *provider,
                     const char *analysis)
{
	put_canary(stage, kind, "", provider, analysis);
}

void stage_canary_scaled(struct stage *stage, const char *scaler, const char *provider,
                         const char *analysis)
{
	char own[128];

	text_format(own, sizeof(own),
	            "\"autoscalerRef\":{\"apiVersion\":\"x\",\"kind\":\"%s\",\"name\":\"load\"},",
	            scaler);
	put_canary(stage, "Deployment", own, provider, analysis);
}

static void put_image(struct stage *stage, const char *url, const char *version)
{
	char body[256];

	text_format(
		body, sizeof(body),
		"{\"spec\":{\"template\":{\"spec\":{\"containers\":[{\"name\":\"web\",\"image\":\"web:%s\"}]}}}}",
		version);
	stage_write(stage, HTTP_PATCH, url, body);
}

void stage_push(struct stage *stage, const char *version)
{
	put_image(stage, DEPLOYMENTS "/cart", version);
}

void stage_push_daemon(struct stage *stage, const char *version)
{
	put_image(stage, DAEMONS "/cart", version);
}

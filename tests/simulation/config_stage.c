#include "tests/simulation/config_stage.h"

#include "analysis/base/text.h"

#include <assert.h>
#include <string.h>

#define STEPS   "\"stepWeight\":20,\"maxWeight\":40"
#define SECRETS "/api/v1/namespaces/shop/secrets"

static const char template[] =
	"{\"spec\":{\"template\":{\"spec\":{\"volumes\":[{\"name\":\"v\",\"configMap\":{\"name\":\"settings\"}}],"
	"\"containers\":[{\"name\":\"web\",\"image\":\"web:%s\",\"envFrom\":[{\"configMapRef\":{\"name\":"
	"\"settings\"}},{\"configMapRef\":{\"name\":\"extra\",\"optional\":true}}],\"env\":[{\"name\":\"KEY\","
	"\"valueFrom\":{\"secretKeyRef\":{\"name\":\"keys\",\"key\":\"key\"}}}]}]}}}}";

void config_stage_push(struct stage *stage, const char *version)
{
	char body[1024];

	text_format(body, sizeof(body), template, version);
	stage_write(stage, HTTP_PATCH, DEPLOYMENT, body);
}

void config_stage_paint(struct stage *stage, const char *colour)
{
	char body[256];

	text_format(body, sizeof(body), "{\"data\":{\"colour\":\"%s\"}}", colour);
	stage_write(stage, HTTP_PATCH, SETTINGS, body);
}

void config_stage_make_settings(struct stage *stage)
{
	stage_write(
		stage, HTTP_POST, CONFIG_MAPS,
		"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"settings\","
		"\"namespace\":\"shop\"},\"data\":{\"colour\":\"red\"},\"binaryData\":{\"logo\":"
		"\"AAEC\"}}");
}

void config_stage_start_without(struct stage *stage)
{
	stage_deploy(stage, "v1");
	config_stage_push(stage, "v1");
	stage_write(
		stage, HTTP_POST, SECRETS,
		"{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"type\":\"Opaque\",\"metadata\":{\"name\":"
		"\"keys\",\"namespace\":\"shop\"},\"data\":{\"key\":\"" SECRET_DATA "\"}}");
	stage_start(stage, 0);
	stage_run(stage, 3);
}

void config_stage_start(struct stage *stage)
{
	config_stage_make_settings(stage);
	config_stage_start_without(stage);
}

void config_stage_make_canary(struct stage *stage)
{
	stage_canary(stage, "nginx", STEPS);
}

void config_stage_initialise(struct stage *stage)
{
	config_stage_start(stage);
	config_stage_make_canary(stage);
	assert(stage_run_to(stage, "Initialized", 60));
	stage_run(stage, 10);
}

void config_stage_paint_blue(struct stage *stage)
{
	config_stage_paint(stage, "blue");
}

const char *config_stage_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

const json_t *config_stage_metadata(const json_t *object)
{
	return json_object_get(object, "metadata");
}

const json_t *config_stage_spec(const json_t *object)
{
	return json_object_get(object, "spec");
}

const char *config_stage_mounted(struct stage *stage)
{
	const json_t *primary = stage_find(stage, "deployments", "cart-primary");
	const json_t *pods =
		config_stage_spec(json_object_get(config_stage_spec(primary), "template"));
	const json_t *volume = json_array_get(json_object_get(pods, "volumes"), 0);

	return config_stage_text(json_object_get(volume, "configMap"), "name");
}

const char *config_stage_colour(struct stage *stage, const char *name)
{
	return config_stage_text(json_object_get(stage_find(stage, "configmaps", name), "data"),
	                         "colour");
}

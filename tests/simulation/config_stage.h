/*
 * The usual cast with a target that refers to a ConfigMap "settings" (a volume, envFrom), another
 * that need not be there, and a Secret (env).
 */
#ifndef TESTS_SIMULATION_CONFIG_STAGE_H
#define TESTS_SIMULATION_CONFIG_STAGE_H

#include "tests/simulation/stage.h"

#define CONFIG_MAPS "/api/v1/namespaces/shop/configmaps"
#define DEPLOYMENT  "/apis/apps/v1/namespaces/shop/deployments/cart"
#define SETTINGS    CONFIG_MAPS "/settings"

#define SECRET_DATA "aHVudGVyMg==" /* of which nothing is to be found elsewhere */

/* Another image for the target; the colour in "settings", which begins with red. */
void config_stage_push(struct stage *stage, const char *version);
void config_stage_paint(struct stage *stage, const char *colour);
void config_stage_paint_blue(struct stage *stage);

/* "settings" alone; all but it, with an agent; all; the Canary; all of it, until it is initialised.
 */
void config_stage_make_settings(struct stage *stage);
void config_stage_start_without(struct stage *stage);
void config_stage_start(struct stage *stage);
void config_stage_make_canary(struct stage *stage);
void config_stage_initialise(struct stage *stage);

/* The ConfigMap that the primary's pods mount, as its template names it; the colour in one. */
const char *config_stage_mounted(struct stage *stage);
const char *config_stage_colour(struct stage *stage, const char *name);

/* Text, or ""; members of a Kubernetes object. */
const char *config_stage_text(const json_t *object, const char *key);
const json_t *config_stage_metadata(const json_t *object);
const json_t *config_stage_spec(const json_t *object);

#endif

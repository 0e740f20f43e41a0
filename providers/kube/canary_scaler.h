/* spec.autoscalerRef of a Canary; a part of canary.c. */
#ifndef PROVIDERS_KUBE_CANARY_SCALER_H
#define PROVIDERS_KUBE_CANARY_SCALER_H

#include "analysis/base/arena.h"
#include "analysis/base/err.h"
#include "analysis/spec.h"

struct field;

/* Read it from SPEC, the field "spec"; absent: there is none. ERR_INVALID names the path. */
bool kube_canary_scaler_read(const struct field *spec, struct arena *arena, struct canary_spec *ret,
                             struct err *err);

#endif

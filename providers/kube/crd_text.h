/* The files manifests/crd-*.yaml, byte by byte; made by embed.py when building. */
#ifndef PROVIDERS_KUBE_CRD_TEXT_H
#define PROVIDERS_KUBE_CRD_TEXT_H

#include <stddef.h>

extern const char kube_crd_text_canary[];
extern const size_t kube_crd_text_canary_length;
extern const char kube_crd_text_metrictemplate[];
extern const size_t kube_crd_text_metrictemplate_length;
extern const char kube_crd_text_alertprovider[];
extern const size_t kube_crd_text_alertprovider_length;

#endif

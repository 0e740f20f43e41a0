/* Why an exchange ended without an answer, in plain words: "connect to 10.0.0.1:443: refused". */
#ifndef AGENT_HTTP_FAULT_H
#define AGENT_HTTP_FAULT_H

#include "analysis/base/err.h"

#include <curl/curl.h>

/*
 * Fill *ret from what libcurl says of a transfer that failed with CODE. PEER is "host:port" (never
 * a whole URL: its query may hold a secret), DETAIL libcurl's own words, "" when it has none.
 */
void http_fault_explain(CURL *easy, CURLcode code, const char *peer, const char *detail,
                        struct err *ret);

#endif

#include "agent/http.h"

#include <assert.h>

void http_start(struct http *http, struct http_call *call, const struct http_request *request)
{
	assert(call->done);
	assert(!call->http);
	http->ops->start(http, call, request);
}

void http_cancel(struct http_call *call)
{
	if (call->http)
		call->http->ops->cancel(call->http, call);
}

#include "providers/http.h"

#include <assert.h>

void http_request_add(struct http_request *request, const char *name, const char *value)
{
	assert(request->n_headers < HTTP_HEADERS_MAX);
	request->headers[request->n_headers++] = (struct http_header){name, value};
}

const char *http_method_name(enum http_method method)
{
	switch (method) {
	case HTTP_GET:
		return "GET";
	case HTTP_POST:
		return "POST";
	case HTTP_PUT:
		return "PUT";
	case HTTP_PATCH:
		return "PATCH";
	case HTTP_DELETE:
		return "DELETE";
	case HTTP_METHOD_NONE:
		break;
	}
	return "";
}

#include "tests/agent/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_SECONDS 30

static void on_late(struct alarm *alarm)
{
	struct desk *desk = container_of(alarm, struct desk, alarm);

	desk->is_late = true;
	loop_ev_stop(desk->loop);
}

void desk_client(struct desk *desk, struct credentials *credentials)
{
	struct http_curl_settings settings = {
		.loop = desk->loop,
		.credentials = credentials,
		.user_agent = "serin/test",
	};

	http_curl_free(desk->http);
	desk->http = http_curl_new(&settings);
}

void desk_open(struct desk *desk, void (*serve)(struct visitor *visitor, const char *request))
{
	/* A proxy of the machine has no place between a test and itself. */
	(void)setenv("no_proxy", "*", 1);
	*desk = (struct desk){.loop = loop_ev_new(NULL), .alarm = {.ring = on_late}};
	desk_client(desk, NULL);
	desk->server.serve = serve;
	desk->server.user = desk;
	loopback_start(&desk->server, loop_ev_backend(desk->loop));
	alarm_start(loop_ev_seam(desk->loop), &desk->alarm, span_seconds(PATIENCE_SECONDS));
}

void desk_shut(struct desk *desk)
{
	http_curl_free(desk->http);
	loopback_stop(&desk->server);
	alarm_cancel(&desk->alarm);
	loop_ev_free(desk->loop);
}

struct http_request desk_request(const struct desk *desk, enum http_method method, const char *path,
                                 char url[256])
{
	struct http_request request = {
		.peer = HTTP_PEER_URL,
		.method = method,
		.timeout = span_seconds(5),
		.reply_max = 1000,
	};

	if (path[0] == '/')
		(void)snprintf(url, 256, "http://127.0.0.1:%d%s", desk->server.port, path);
	else
		(void)snprintf(url, 256, "%s", path);
	request.url = url;
	return request;
}

static void on_done(struct http_call *call, const struct http_reply *reply)
{
	struct asked *asked = container_of(call, struct asked, call);
	bool fits;

	asked->n_done++;
	asked->error = reply->error;
	asked->status = reply->status;
	asked->retry_after = reply->retry_after;
	if (reply->error.kind == ERR_NONE) {
		fits = buf_add(&asked->body, reply->body, reply->body_length);
		if (!fits)
			abort();
	}
	if (asked->cancels_on_done)
		http_cancel(&asked->cancels_on_done->call);
	if (asked->then)
		asked->then(asked);
	if (--asked->desk->n_waited == 0)
		loop_ev_stop(asked->desk->loop);
}

bool desk_on_bytes(struct http_call *call, const char *bytes, size_t length)
{
	struct asked *asked = container_of(call, struct asked, call);
	bool fits = buf_add(&asked->body, bytes, length);

	asked->n_bytes++;
	if (!fits)
		abort();
	if (asked->cancels_on_bytes)
		http_cancel(&asked->cancels_on_bytes->call);
	return !asked->is_refusing;
}

void desk_start(struct desk *desk, struct asked *asked, const struct http_request *request)
{
	asked->desk = desk;
	asked->call.done = on_done;
	asked->body.max = 1024 * 1024;
	desk->n_waited++;
	http_start(http_curl_seam(desk->http), &asked->call, request);
}

void desk_get(struct desk *desk, struct asked *asked, const char *path)
{
	char url[256];
	struct http_request request = desk_request(desk, HTTP_GET, path, url);

	desk_start(desk, asked, &request);
}

bool desk_wait(struct desk *desk)
{
	if (desk->n_waited > 0)
		loop_ev_run(desk->loop);
	return !desk->is_late;
}

void desk_forget(struct asked *asked)
{
	buf_fini(&asked->body);
}

/*
 * A connection whose answer is not there yet is suspended: libmicrohttpd does not look at it until
 * it is resumed, so a client that left is only noticed by the next bytes of its stream.
 */
#include "agent/server_exchange.h"

#include "agent/server.h"
#include "agent/server_inside.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define BLOCK 4096 /* bytes of a stream at once */

struct server_exchange {
	struct server_exchange *next;
	struct server_exchange *before;
	struct server_inside *inside;
	struct MHD_Connection *connection;
	struct MHD_Response *response; /* NULL: not answered, or given to libmicrohttpd */
	unsigned int status;
	char *path;
	struct buf pending; /* of a stream */
	bool is_suspended;
	bool is_answered;
	bool is_ended; /* nothing more is sent */
	bool is_cut;
	void (*gone)(void *user);
	void *user;
};

struct server_exchange *server_exchange_new(struct server_inside *inside,
                                            struct MHD_Connection *connection, const char *path)
{
	struct server_exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		abort();
	exchange->inside = inside;
	exchange->connection = connection;
	exchange->path = strdup(path);
	exchange->pending.max = SERVER_EXCHANGE_PENDING_MAX;
	if (!exchange->path)
		abort();
	exchange->next = inside->first;
	if (inside->first)
		inside->first->before = exchange;
	inside->first = exchange;
	return exchange;
}

void server_exchange_free(struct server_exchange *exchange)
{
	if (exchange->before)
		exchange->before->next = exchange->next;
	else
		exchange->inside->first = exchange->next;
	if (exchange->next)
		exchange->next->before = exchange->before;
	if (exchange->gone)
		exchange->gone(exchange->user);
	if (exchange->response)
		MHD_destroy_response(exchange->response);
	buf_fini(&exchange->pending);
	free(exchange->path);
	free(exchange);
}

static void wake(struct server_exchange *exchange)
{
	if (!exchange->is_suspended)
		return;
	exchange->is_suspended = false;
	MHD_resume_connection(exchange->connection);
	exchange->inside->stir(exchange->inside);
}

static void suspend(struct server_exchange *exchange)
{
	exchange->is_suspended = true;
	MHD_suspend_connection(exchange->connection);
}

void server_exchange_wake_all(struct server_inside *inside)
{
	for (struct server_exchange *exchange = inside->first; exchange;
	     exchange = exchange->next) {
		exchange->is_ended = true;
		wake(exchange);
	}
}

enum MHD_Result server_exchange_proceed(struct server_exchange *exchange)
{
	struct MHD_Response *response = exchange->response;
	enum MHD_Result result;

	if (!response && exchange->is_ended)
		return MHD_NO; /* the server ends */
	if (!response) {
		suspend(exchange);
		return MHD_YES;
	}
	exchange->response = NULL;
	result = MHD_queue_response(exchange->connection, exchange->status, response);
	MHD_destroy_response(response);
	return result;
}

/* The request -------------------------------------------------------------------------------- */

const char *server_exchange_path(const struct server_exchange *exchange)
{
	return exchange->path;
}

const char *server_exchange_query(const struct server_exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *server_exchange_header(const struct server_exchange *exchange, const char *name)
{
	return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

struct strangers {
	const char *const *names;
	const char *found;
};

static enum MHD_Result on_argument(void *user, enum MHD_ValueKind kind, const char *key,
                                   const char *value)
{
	struct strangers *strangers = user;

	for (size_t i = 0; strangers->names[i]; i++) {
		if (strcmp(strangers->names[i], key) == 0)
			return MHD_YES;
	}
	strangers->found = key;
	return MHD_NO;
}

const char *server_exchange_stranger(const struct server_exchange *exchange,
                                     const char *const *names)
{
	struct strangers strangers = {.names = names};

	(void)MHD_get_connection_values(exchange->connection, MHD_GET_ARGUMENT_KIND, on_argument,
	                                &strangers);
	return strangers.found;
}

/* 127.0.0.1 alone, not all of 127/8: the proxies of meshes use others of it. */
static bool is_loopback(const struct sockaddr *address)
{
	struct in6_addr mapped = {0};
	struct sockaddr_in four;
	struct sockaddr_in6 six;

	if (address->sa_family == AF_INET) {
		memcpy(&four, address, sizeof(four));
		return four.sin_addr.s_addr == htonl(INADDR_LOOPBACK);
	}
	if (address->sa_family != AF_INET6)
		return false;
	memcpy(&six, address, sizeof(six));
	mapped.s6_addr[10] = 0xff;
	mapped.s6_addr[11] = 0xff;
	mapped.s6_addr[12] = 127;
	mapped.s6_addr[15] = 1;
	return IN6_IS_ADDR_LOOPBACK(&six.sin6_addr) ||
	       memcmp(&six.sin6_addr, &mapped, sizeof(mapped)) == 0;
}

bool server_exchange_is_near(const struct server_exchange *exchange)
{
	const union MHD_ConnectionInfo *known =
		MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return known && known->client_addr && is_loopback(known->client_addr);
}

void server_exchange_own(struct server_exchange *exchange, void (*gone)(void *user), void *user)
{
	exchange->gone = gone;
	exchange->user = user;
}

/* The answer --------------------------------------------------------------------------------- */

static void set_response(struct server_exchange *exchange, struct MHD_Response *response,
                         unsigned int status, const char *type)
{
	assert(!exchange->is_answered);
	if (!response)
		abort();
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	(void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	exchange->response = response;
	exchange->status = status;
	exchange->is_answered = true;
	wake(exchange);
}

void server_exchange_answer(struct server_exchange *exchange,
                            const struct server_exchange_answer *answer)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(
		answer->body->length, answer->body->bytes, MHD_RESPMEM_MUST_FREE);
	char seconds[16];

	if (!response)
		abort();
	*answer->body = (struct buf){.max = answer->body->max};
	if (answer->link)
		(void)MHD_add_response_header(response, "Link", answer->link);
	(void)snprintf(seconds, sizeof(seconds), "%d", answer->retry_seconds);
	if (answer->retry_seconds > 0)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
	if (answer->status == MHD_HTTP_UNAUTHORIZED)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
	set_response(exchange, response, answer->status, answer->type);
}

static ssize_t on_read(void *user, uint64_t position, char *buffer, size_t size)
{
	struct server_exchange *exchange = user;
	size_t length = exchange->pending.length < size ? exchange->pending.length : size;

	if (exchange->is_cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (length > 0) {
		memcpy(buffer, exchange->pending.bytes, length);
		buf_drop(&exchange->pending, length);
		exchange->inside->give(exchange->inside, exchange->connection,
		                       SERVER_EXCHANGE_SECONDS);
		return (ssize_t)length;
	}
	if (exchange->is_ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	suspend(exchange);
	return 0;
}

void server_exchange_stream(struct server_exchange *exchange, const char *type)
{
	struct MHD_Response *response =
		MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, on_read, exchange, NULL);

	set_response(exchange, response, MHD_HTTP_OK, type);
}

bool server_exchange_send(struct server_exchange *exchange, const char *bytes, size_t length)
{
	exchange->is_cut = exchange->is_cut || !buf_add(&exchange->pending, bytes, length);
	wake(exchange);
	return !exchange->is_cut;
}

void server_exchange_end(struct server_exchange *exchange)
{
	exchange->is_ended = true;
	wake(exchange);
}

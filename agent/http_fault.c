#include "agent/http_fault.h"

#include <errno.h>
#include <string.h>

/* The short word people know for an errno, or the C library's. */
static const char *errno_word(long number)
{
	switch ((int)number) {
	case ECONNREFUSED:
		return "refused";
	case ECONNRESET:
		return "connection reset";
	case EPIPE:
		return "connection closed";
	case EHOSTUNREACH:
		return "no route to host";
	case ENETUNREACH:
		return "network unreachable";
	case ETIMEDOUT:
		return "timed out";
	default:
		return strerror((int)number);
	}
}

static long os_errno(CURL *easy)
{
	long number = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
	return number;
}

static void broken(CURL *easy, const char *verb, const char *peer, const char *detail,
                   struct err *ret)
{
	long number = os_errno(easy);

	if (number != 0)
		(void)err_set(ret, ERR_TRANSPORT, "%s %s: %s", verb, peer, errno_word(number));
	else
		(void)err_set(ret, ERR_TRANSPORT, "%s %s: %s", verb, peer, detail);
}

static void cut_off(CURL *easy, const char *peer, struct err *ret)
{
	curl_off_t length = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &length);
	(void)err_set(ret, ERR_TRANSPORT, "read from %s: the answer was cut off after %lld bytes",
	              peer, (long long)length);
}

void http_fault_explain(CURL *easy, CURLcode code, const char *peer, const char *detail,
                        struct err *ret)
{
	if (!*detail)
		detail = curl_easy_strerror(code);
	if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
		(void)err_set(ret, ERR_TRANSPORT, "resolve %s: no such host", peer);
	else if (code == CURLE_COULDNT_CONNECT)
		broken(easy, "connect to", peer, detail, ret);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		(void)err_set(ret, ERR_TRANSPORT, "connect to %s: timed out (%s)", peer, detail);
	else if (code == CURLE_PEER_FAILED_VERIFICATION)
		(void)err_set(ret, ERR_TRANSPORT, "certificate of %s: %s", peer, detail);
	else if (code == CURLE_SSL_CONNECT_ERROR)
		(void)err_set(ret, ERR_TRANSPORT, "TLS with %s: %s", peer, detail);
	else if (code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CACERT_BADFILE)
		(void)err_set(ret, ERR_INVALID, "credentials for %s: %s", peer, detail);
	else if (code == CURLE_GOT_NOTHING || code == CURLE_SEND_FAIL_REWIND)
		(void)err_set(ret, ERR_TRANSPORT, "read from %s: closed without an answer", peer);
	else if (code == CURLE_PARTIAL_FILE)
		cut_off(easy, peer, ret);
	else if (code == CURLE_SEND_ERROR)
		broken(easy, "send to", peer, detail, ret);
	else if (code == CURLE_RECV_ERROR)
		broken(easy, "read from", peer, detail, ret);
	else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_URL_MALFORMAT)
		(void)err_set(ret, ERR_INVALID, "url: %s", detail);
	else
		(void)err_set(ret, ERR_TRANSPORT, "%s: %s", peer, detail);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outgoing HTTP on the event loop of its thread, by libcurl: what a carrier, a lookup
 * or a webhook needs, and nothing of what they say. No redirects, no proxies, no
 * cookies, no retries: each call goes out once, and what is not known is said.
 *
 * Where a call may go is judged at the socket: the address that is about to be
 * connected, whatever name or number the URL had. So a name that means one address
 * when it is checked and another when it is used gains nothing. A connection is used
 * again by calls of the same client only.
 *
 * All addresses of a name are tried, each family beside the other (libcurl's way of RFC
 * 8305); one that is silent gets half of the time that is left for connecting.
 *
 * A client belongs to one thread. Its callers bound what is outstanding (calls_max).
 */
#ifndef WW_HTTP_CLIENT_H
#define WW_HTTP_CLIENT_H

#include "base/base.h"

struct event_base;
struct http_client;

enum { HTTP_CLIENT_HEADERS_MAX = 32 };

struct http_client_options {
	bool allow_http;     /* plain http:// as well */
	bool allow_private;  /* addresses for which address_is_private holds */
	const char *ca_file; /* PEM, in place of the system's; NULL: the system's */
	int64_t connect_timeout_ms; /* name, TCP and TLS together; 0: 10 s */
	int64_t calls_max;          /* outstanding at once; 0: 1000 */
	int64_t connections_max;    /* to one host; 0: calls_max */
};

/* Borrowed for the duration of http_client_send. */
struct http_client_call {
	const char *method; /* GET, POST, PUT, PATCH, DELETE */
	const char *url;    /* absolute, octets as they go out */
	const char *headers[HTTP_CLIENT_HEADERS_MAX]; /* "Name: value"; ends with NULL */
	struct span body;
	int64_t timeout_ms;    /* for all of it, also waiting for a connection; over 0 */
	size_t answer_len_max; /* octets of the answer's body */
};

enum http_client_kind {
	HTTP_CLIENT_ANSWERED, /* a whole answer came; `status` says which */
	HTTP_CLIENT_NOT_SENT, /* nothing of the request was written */
	HTTP_CLIENT_UNKNOWN,  /* it was written, wholly or in part, and no whole answer
				 came */
};

/* Borrowed for the duration of the callback. */
struct http_client_result {
	enum http_client_kind kind;
	int status; /* also with HTTP_CLIENT_UNKNOWN, when a status line came; else 0 */
	struct span body;      /* of HTTP_CLIENT_ANSWERED */
	int64_t retry_after_s; /* of Retry-After, a number or a date; 0: none or now */
	const char *reason;    /* for logs; holds nothing of the call; never NULL */
};

/* May send again; may not free the client. */
typedef void http_client_done_f(void *ctx, const struct http_client_result *result);

struct http_client *http_client_new(
    struct event_base *base, const struct http_client_options *options) MUST_CHECK;
/* Outstanding requests end first, each with its `done`. NULL is allowed. */
void http_client_free(struct http_client *c);
/*
 * ERR_INVALID: a method, URL or header that cannot be sent (see http_call_fault);
 * ERR_OVERLOADED: calls_max are outstanding. With OK `done` is called exactly once,
 * later on this thread. Body and answer are wiped when it has returned.
 */
enum err http_client_send(struct http_client *c, const struct http_client_call *call,
    http_client_done_f *done, void *ctx) MUST_CHECK;
size_t http_client_outstanding(const struct http_client *c);
/* Why a header of that name, with that value or template of one, cannot be sent (RFC 9110
 * 5.1, 5.5); NULL: it can, unless its values make it too long. */
const char *http_client_header_fault(const char *name, const char *value);
/* Whether the host of the URL, or of a template of one, is a private address, or
 * localhost. Another name may be one all the same. */
bool http_client_is_private(const char *url);
/* The words for a private address where allow_private is not set. */
#define HTTP_CLIENT_PRIVATE                                                              \
	"is a private address: nothing is sent there unless allow_private is true"
/* Why this client will not send to that URL, for a check at the start; NULL: it may.
 * An address behind a name is judged only when it is connected. */
const char *http_client_url_fault(
    const struct http_client_options *options, const char *url);
/* The same of a template (http_template.h), whose host must be the configuration's own,
 * whatever its values are. */
const char *http_client_template_fault(
    const struct http_client_options *options, const char *url);

#endif

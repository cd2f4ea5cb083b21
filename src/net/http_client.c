/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http_client.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <pthread.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/address.h"
#include "base/buf.h"

enum {
	CLIENT_MAGIC = 0x68747470,
	CALLS_MAX = 1000,
	CONNECT_TIMEOUT_MS = 10000,
	URL_LEN_MAX = 8192,
	HEADER_LEN_MAX = 8192,
	HEADER_NAME_LEN_MAX = 256,
	LOOK_MS = 100,   /* at those that connect */
	NAMES_KEPT_S = 1 /* for connections that are made together */
};

struct request {
	LIST_ENTRY(request) entry;
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	char *body;
	struct buf answer;
	http_client_done_f *done;
	void *ctx;
	bool refused; /* an address was not allowed */
	bool allowed; /* another one was */
	bool connecting;
};

struct http_client {
	unsigned magic;
	struct http_client_options options;
	char *ca_file;
	struct event_base *base;
	CURLM *multi;
	struct event *timer;
	struct event *look;
	LIST_HEAD(, request) requests;
	size_t outstanding;
	bool draining; /* inside the callbacks of those that ended */
};

#define SET(easy, option, value)                                                         \
	RESOURCE(curl_easy_setopt((easy), (option), (value)) == CURLE_OK)
#define SET_MULTI(multi, option, value)                                                  \
	RESOURCE(curl_multi_setopt((multi), (option), (value)) == CURLM_OK)

/* ---- memory: what libcurl frees is wiped ---- */

static void *
curl_calloc(size_t count, size_t size)
{
	return mem_array(count, size);
}

static char *
curl_strdup(const char *text)
{
	return mem_text(text);
}

static void
init_once(void)
{
	RESOURCE(curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_raw_alloc, mem_free,
		     mem_raw_resize, curl_strdup, curl_calloc) == CURLE_OK);
}

/* ---- the end of a request ---- */

static bool
was_written(const struct request *r)
{
	long octets = 0;

	INVARIANT(curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &octets) == CURLE_OK);
	return octets > 0;
}

static void
request_free(struct request *r)
{
	struct http_client *c = r->client;

	LIST_REMOVE(r, entry);
	c->outstanding--;
	INVARIANT(curl_multi_remove_handle(c->multi, r->easy) == CURLM_OK);
	curl_easy_cleanup(r->easy);
	curl_slist_free_all(r->headers);
	buf_fini(&r->answer);
	mem_free(r->body);
	mem_free(r);
}

static void
request_end(struct request *r, bool whole, const char *reason)
{
	struct http_client_result result = {.reason = reason};
	curl_off_t retry_after = 0;
	long status = 0;

	(void)curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(r->easy, CURLINFO_RETRY_AFTER, &retry_after);
	result.kind = whole ? HTTP_CLIENT_ANSWERED : HTTP_CLIENT_UNKNOWN;
	if (!whole && !was_written(r))
		result.kind = HTTP_CLIENT_NOT_SENT;
	if (result.kind != HTTP_CLIENT_NOT_SENT)
		result.status = (int)status;
	if (whole)
		result.body = buf_span(&r->answer);
	result.retry_after_s = retry_after > 0 ? retry_after : 0;
	r->done(r->ctx, &result);
	request_free(r);
}

static const char *
reason_of(const struct request *r, CURLcode code)
{
	if (r->answer.failed)
		return "the answer is too large";
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return "the connection was lost";
	if (r->refused && !r->allowed && code != CURLE_OK)
		return "the address is private";
	return code == CURLE_OK ? "answered" : curl_easy_strerror(code);
}

static void
drain(struct http_client *c)
{
	CURLMsg *m;
	int left;

	CHECK_OBJ(c, CLIENT_MAGIC);
	c->draining = true;
	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		CURLcode code = m->data.result;
		char *ptr = NULL;
		struct request *r;

		if (m->msg != CURLMSG_DONE)
			continue;
		INVARIANT(curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &ptr) ==
			  CURLE_OK);
		r = (struct request *)(void *)ptr;
		request_end(r, code == CURLE_OK, reason_of(r, code));
	}
	c->draining = false;
}

/* ---- the loop ---- */

static void
look_later(struct http_client *c)
{
	static const struct timeval wait = {0, LOOK_MS * 1000};

	if (!evtimer_pending(c->look, NULL))
		RESOURCE(event_add(c->look, &wait) == 0);
}

static void
act(struct http_client *c, curl_socket_t fd, int what)
{
	int running;

	RESOURCE(curl_multi_socket_action(c->multi, fd, what, &running) == CURLM_OK);
	drain(c);
}

static void
on_curl_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	int flags = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		    (what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	act(ctx, fd, flags);
}

static int
want_timer(CURLM *multi, long ms, void *ctx)
{
	struct http_client *c = ctx;
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	(void)multi;
	if (ms < 0)
		event_del(c->timer);
	else
		RESOURCE(event_add(c->timer, &tv) == 0);
	return 0;
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket)
{
	struct http_client *c = ctx;
	struct event *e = socket;
	short flags = (short)(EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
			      (what & CURL_POLL_OUT ? EV_WRITE : 0));

	(void)easy;
	if (e != NULL)
		event_free(e);
	if (what == CURL_POLL_REMOVE) {
		(void)curl_multi_assign(c->multi, fd, NULL);
		return 0;
	}
	e = event_new(c->base, fd, flags, on_socket, c);
	RESOURCE(e != NULL && event_add(e, NULL) == 0);
	RESOURCE(curl_multi_assign(c->multi, fd, e) == CURLM_OK);
	return 0;
}

/*
 * libcurl leaves an address that is silent after half of the time that is left, and goes
 * on to the next; but 7.88 does either only when something happens, and of a silent
 * address or of none nothing is heard. So all are looked at while one connects.
 */
static void
on_look(evutil_socket_t fd, short what, void *ctx)
{
	struct http_client *c = ctx;
	bool connecting = false;
	struct request *r;
	int running;

	(void)fd;
	(void)what;
	CHECK_OBJ(c, CLIENT_MAGIC);
	for (r = LIST_FIRST(&c->requests); r != NULL; r = LIST_NEXT(r, entry))
		connecting = connecting || r->connecting;
	if (!connecting)
		return;
	look_later(c);
	INVARIANT(curl_multi_socket_all(c->multi, &running) == CURLM_OK);
	drain(c);
}

/* ---- what libcurl asks on the way ---- */

/* Every address passes here, of a name or literal, before it is connected. */
static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct request *r = ctx;
	struct address address = address_of_sockaddr(&to->addr);

	(void)purpose;
	if (!r->client->options.allow_private && address_is_private(&address)) {
		r->refused = true;
		return CURL_SOCKET_BAD;
	}
	r->allowed = true;
	r->connecting = true;
	look_later(r->client);
	return socket(
	    to->family, to->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, to->protocol);
}

/*
 * libcurl sends a request again when a connection that was used before closes without
 * an answer. It may have been read all the same, and only our caller may decide.
 */
static int
before_request(void *ctx, char *to, char *from, int to_port, int from_port)
{
	struct request *r = ctx;

	r->connecting = false;
	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	return was_written(r) ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static size_t
take_answer(char *ptr, size_t size, size_t count, void *ctx)
{
	struct request *r = ctx;

	buf_add(&r->answer, ptr, size * count);
	return r->answer.failed ? 0 : size * count;
}

/* ---- sending ---- */

static bool
is_method(const char *method)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

	for (size_t i = 0; i < countof(methods); i++)
		if (strcmp(method, methods[i]) == 0)
			return true;
	return false;
}

static bool
has_control(const char *text, size_t len_max)
{
	size_t len = strnlen(text, len_max + 1);

	if (len > len_max)
		return true;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			return true;
	return false;
}

const char *
http_client_url_fault(const struct http_client_options *options, const char *url)
{
	const char *host = NULL;

	if (strncmp(url, "https://", 8) == 0)
		host = url + 8;
	else if (strncmp(url, "http://", 7) == 0)
		host = url + 7;
	if (host == NULL)
		return "must begin with https://";
	if (host == url + 7 && !options->allow_http)
		return "must begin with https://, or plain HTTP be allowed";
	if (host[0] == '\0' || host[0] == '/')
		return "has no host";
	if (has_control(url, URL_LEN_MAX) || strchr(url, ' ') != NULL)
		return "holds a space or a control character, or is too long";
	return NULL;
}

/* The host without its port, and without the brackets of an IPv6 address. */
static struct span
host_of(const char *url)
{
	const char *at = strstr(url, "://");
	struct span host = span_of(at == NULL ? url : at + 3);
	const char *user;

	host.len = strcspn(host.ptr, "/?#");
	user = memchr(host.ptr, '@', host.len);
	if (user != NULL)
		host = (struct span){user + 1, host.len - (size_t)(user + 1 - host.ptr)};
	if (host.len > 0 && host.ptr[0] == '[')
		return (struct span){host.ptr + 1, strcspn(host.ptr + 1, "]/?#")};
	host.len = strcspn(host.ptr, ":/?#");
	return host;
}

bool
http_client_is_private(const char *url)
{
	struct span host = host_of(url);
	struct address address;

	if (span_equal_nocase(host, "localhost"))
		return true;
	return address_parse(host, &address) && address_is_private(&address);
}

const char *
http_client_template_fault(const struct http_client_options *options, const char *url)
{
	const char *host = strstr(url, "://");
	size_t len = host == NULL ? 0 : strcspn(host + 3, "/?#");

	if (host != NULL && memchr(host + 3, '{', len) != NULL)
		return "a placeholder must not stand in the host";
	return http_client_url_fault(options, url);
}

/* The length of the token (RFC 9110 5.6.2) that the text begins with. */
static size_t
token_len(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* "Name: value" with a name and without a line's end in it. */
static bool
is_header(const char *text)
{
	size_t name = token_len(text);

	return name > 0 && text[name] == ':' && !has_control(text, HEADER_LEN_MAX);
}

const char *
http_client_header_fault(const char *name, const char *value)
{
	size_t len = token_len(name);

	if (len == 0 || name[len] != '\0')
		return "a header's name has letters, digits and hyphens";
	if (len > HEADER_NAME_LEN_MAX)
		return "a header's name is too long";
	if (has_control(value, HEADER_LEN_MAX - HEADER_NAME_LEN_MAX))
		return "a header's value holds a control character, or is too long";
	return NULL;
}

static bool
is_call(const struct http_client *c, const struct http_client_call *call)
{
	if (!is_method(call->method) || call->timeout_ms <= 0)
		return false;
	for (size_t i = 0; i < HTTP_CLIENT_HEADERS_MAX && call->headers[i] != NULL; i++)
		if (!is_header(call->headers[i]))
			return false;
	return http_client_url_fault(&c->options, call->url) == NULL;
}

static void
set_policy(struct request *r)
{
	const struct http_client *c = r->client;
	CURL *easy = r->easy;

	SET(easy, CURLOPT_PROTOCOLS_STR, c->options.allow_http ? "http,https" : "https");
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_PROXY, "");
	SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	/* a name that moves is followed with the next connection */
	SET(easy, CURLOPT_DNS_CACHE_TIMEOUT, (long)NAMES_KEPT_S);
	/* a name server that is silent must not hold up the loop when time is over */
	SET(easy, CURLOPT_QUICK_EXIT, 1L);
	SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (c->ca_file != NULL) {
		SET(easy, CURLOPT_CAINFO, c->ca_file);
		SET(easy, CURLOPT_CAPATH, NULL);
	}
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)c->options.connect_timeout_ms);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(easy, CURLOPT_OPENSOCKETDATA, r);
	SET(easy, CURLOPT_PREREQFUNCTION, before_request);
	SET(easy, CURLOPT_PREREQDATA, r);
	SET(easy, CURLOPT_WRITEFUNCTION, take_answer);
	SET(easy, CURLOPT_WRITEDATA, r);
}

static void
add_header(struct request *r, const char *text)
{
	struct curl_slist *list = curl_slist_append(r->headers, text);

	RESOURCE(list != NULL);
	r->headers = list;
}

static void
set_call(struct request *r, const struct http_client_call *call)
{
	CURL *easy = r->easy;
	bool has_body = call->body.len > 0 || strncmp(call->method, "P", 1) == 0;

	SET(easy, CURLOPT_URL, call->url);
	/* with TLS the handshake says whether a connection takes several at once; without
	 * it only the first answer would, and a slow one would hold up all others */
	SET(easy, CURLOPT_PIPEWAIT, strncmp(call->url, "https:", 6) == 0 ? 1L : 0L);
	SET(easy, CURLOPT_PATH_AS_IS, 1L);
	SET(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
	for (size_t i = 0; i < HTTP_CLIENT_HEADERS_MAX && call->headers[i] != NULL; i++)
		add_header(r, call->headers[i]);
	add_header(r, "Expect:");
	if (has_body) {
		r->body = mem_array(call->body.len + 1, 1);
		if (call->body.len > 0)
			memcpy(r->body, call->body.ptr, call->body.len);
		SET(easy, CURLOPT_POST, 1L);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
		SET(easy, CURLOPT_POSTFIELDS, r->body);
	}
	SET(easy, CURLOPT_CUSTOMREQUEST, call->method);
	SET(easy, CURLOPT_HTTPHEADER, r->headers);
}

enum err
http_client_send(struct http_client *c, const struct http_client_call *call,
    http_client_done_f *done, void *ctx)
{
	struct request *r;

	CHECK_OBJ(c, CLIENT_MAGIC);
	if (!is_call(c, call))
		return ERR_INVALID;
	if ((int64_t)c->outstanding >= c->options.calls_max)
		return ERR_OVERLOADED;
	r = mem_new(sizeof(*r));
	r->client = c;
	r->done = done;
	r->ctx = ctx;
	buf_init(&r->answer, call->answer_len_max);
	r->easy = curl_easy_init();
	RESOURCE(r->easy != NULL);
	SET(r->easy, CURLOPT_PRIVATE, r);
	set_policy(r);
	set_call(r, call);
	LIST_INSERT_HEAD(&c->requests, r, entry);
	c->outstanding++;
	RESOURCE(curl_multi_add_handle(c->multi, r->easy) == CURLM_OK);
	return OK;
}

size_t
http_client_outstanding(const struct http_client *c)
{
	return c->outstanding;
}

/* ---- life ---- */

static int64_t
given_or(int64_t value, int64_t otherwise)
{
	return value > 0 ? value : otherwise;
}

struct http_client *
http_client_new(struct event_base *base, const struct http_client_options *options)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct http_client *c = mem_new(sizeof(*c));

	INVARIANT(pthread_once(&once, init_once) == 0);
	c->magic = CLIENT_MAGIC;
	c->base = base;
	c->options = *options;
	c->ca_file = mem_text(options->ca_file);
	c->options.connect_timeout_ms =
	    given_or(options->connect_timeout_ms, CONNECT_TIMEOUT_MS);
	c->options.calls_max = given_or(options->calls_max, CALLS_MAX);
	c->options.connections_max =
	    given_or(options->connections_max, c->options.calls_max);
	c->timer = evtimer_new(base, on_curl_timer, c);
	c->look = evtimer_new(base, on_look, c);
	c->multi = curl_multi_init();
	RESOURCE(c->timer != NULL && c->look != NULL && c->multi != NULL);
	LIST_INIT(&c->requests);
	SET_MULTI(c->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	SET_MULTI(c->multi, CURLMOPT_SOCKETDATA, c);
	SET_MULTI(c->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	SET_MULTI(c->multi, CURLMOPT_TIMERDATA, c);
	SET_MULTI(c->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	SET_MULTI(
	    c->multi, CURLMOPT_MAX_HOST_CONNECTIONS, (long)c->options.connections_max);
	SET_MULTI(c->multi, CURLMOPT_MAXCONNECTS, (long)c->options.connections_max);
	return c;
}

void
http_client_free(struct http_client *c)
{
	if (c == NULL)
		return;
	CHECK_OBJ(c, CLIENT_MAGIC);
	INVARIANT(!c->draining);
	c->options.calls_max = 0; /* what ends now cannot send again */
	while (!LIST_EMPTY(&c->requests))
		request_end(LIST_FIRST(&c->requests), false, "the client was closed");
	INVARIANT(curl_multi_cleanup(c->multi) == CURLM_OK);
	event_free(c->timer);
	event_free(c->look);
	mem_free(c->ca_file);
	mem_free(c);
}

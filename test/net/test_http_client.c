/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client's results for each answer, fault and address. */
#include "net/http_client.h"

#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/answerer.h"
#include "unit/unit.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define HELLO OK_HEAD "Content-Length: 5\r\n\r\nhello"

struct seen {
	unsigned calls;
	enum http_client_kind kind;
	int status;
	int64_t retry_after_s;
	char body[256];
	char reason[128];
};

struct world {
	struct event_base *base;
	struct answerer answerer;
	struct http_client *client;
	struct seen seen;
};

static void
on_done(void *ctx, const struct http_client_result *r)
{
	struct seen *s = ctx;

	s->calls++;
	s->kind = r->kind;
	s->status = r->status;
	s->retry_after_s = r->retry_after_s;
	snprintf(s->body, sizeof(s->body), "%.*s", (int)r->body.len, r->body.ptr);
	snprintf(s->reason, sizeof(s->reason), "%s", r->reason);
}

static void
on_give_up(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	fail_msg("nothing happened for 10 seconds");
}

/* Runs the loop until the call is over. */
static void
await(struct world *w, const struct seen *s, unsigned calls)
{
	struct event *give_up = evtimer_new(w->base, on_give_up, NULL);
	struct timeval tv = {10, 0};

	event_add(give_up, &tv);
	while (s->calls < calls)
		event_base_loop(w->base, EVLOOP_ONCE);
	event_free(give_up);
	assert_int_equal(s->calls, calls);
}

static const struct http_client_options loopback = {
    .allow_http = true, .allow_private = true, .connect_timeout_ms = 2000};

static void
open_client(struct world *w, const struct http_client_options *options)
{
	http_client_free(w->client);
	w->client = http_client_new(w->base, options);
}

static void
send_to(struct world *w, const char *method, const char *url, struct span body)
{
	struct http_client_call call = {.method = method,
	    .url = url,
	    .headers = {"Content-Type: text/plain", "X-Test: yes"},
	    .body = body,
	    .timeout_ms = 500,
	    .answer_len_max = 100};

	w->seen = (struct seen){0};
	assert_int_equal(http_client_send(w->client, &call, on_done, &w->seen), OK);
	assert_int_equal(w->seen.calls, 0);
	await(w, &w->seen, 1);
	assert_int_equal(http_client_outstanding(w->client), 0);
}

static void
url_of(const struct answerer *a, char out[64])
{
	snprintf(out, 64, "http://127.0.0.1:%d/a?b=c", a->port);
}

/* A POST to the answerer. */
static void
post(struct world *w, enum answerer_way way, const char *answer)
{
	char url[64];

	w->answerer.way = way;
	w->answerer.answer = answer;
	url_of(&w->answerer, url);
	send_to(w, "POST", url, SPAN("the body"));
}

static int
setup(void **state)
{
	struct world *w = mem_new(sizeof(*w));

	w->base = event_base_new();
	answerer_start(&w->answerer, w->base);
	open_client(w, &loopback);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	http_client_free(w->client);
	answerer_stop(&w->answerer);
	event_base_free(w->base);
	mem_free(w);
	return 0;
}

static void
test_a_whole_answer(void **state)
{
	struct world *w = *state;

	post(w, ANSWERER_KEEP, HELLO);
	assert_int_equal(w->seen.kind, HTTP_CLIENT_ANSWERED);
	assert_int_equal(w->seen.status, 200);
	assert_string_equal(w->seen.body, "hello");
	assert_non_null(strstr(w->answerer.last, "POST /a?b=c HTTP/1.1\r\n"));
	assert_non_null(strstr(w->answerer.last, "\r\nX-Test: yes\r\n"));
	assert_non_null(strstr(w->answerer.last, "\r\nContent-Length: 8\r\n"));
	assert_non_null(strstr(w->answerer.last, "\r\n\r\nthe body"));
	assert_null(strstr(w->answerer.last, "Expect"));
}

static void
test_methods(void **state)
{
	static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
	struct world *w = *state;
	char url[64];

	w->answerer.answer = HELLO;
	url_of(&w->answerer, url);
	for (size_t i = 0; i < countof(methods); i++) {
		send_to(w, methods[i], url, SPAN(""));
		check_case(i, w->seen.kind == HTTP_CLIENT_ANSWERED);
		check_case(
		    i, strncmp(w->answerer.last, methods[i], strlen(methods[i])) == 0);
	}
}

static void
test_a_connection_is_used_again(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++)
		post(w, ANSWERER_KEEP, HELLO);
	assert_int_equal(w->answerer.requests, 5);
	assert_int_equal(w->answerer.connections, 1);
}

static void
test_errors_are_answers(void **state)
{
	struct world *w = *state;

	post(w, ANSWERER_KEEP,
	    "HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(w->seen.kind, HTTP_CLIENT_ANSWERED);
	assert_int_equal(w->seen.status, 429);
	assert_int_equal(w->seen.retry_after_s, 7);
	post(w, ANSWERER_KEEP, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(w->seen.status, 500);
	assert_int_equal(w->seen.retry_after_s, 0);
}

static void
test_a_redirect_is_an_answer_and_not_followed(void **state)
{
	struct world *w = *state;

	post(w, ANSWERER_KEEP,
	    "HTTP/1.1 307 Moved\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(w->seen.kind, HTTP_CLIENT_ANSWERED);
	assert_int_equal(w->seen.status, 307);
	assert_int_equal(w->answerer.requests, 1);
}

/* Each of these may have been taken. */
static void
test_what_is_unknown(void **state)
{
	static const struct {
		enum answerer_way way;
		const char *answer;
		int status;
	} cases[] = {
	    {ANSWERER_CLOSE, NULL, 0},
	    {ANSWERER_RESET, NULL, 0},
	    {ANSWERER_SILENT, NULL, 0},
	    {ANSWERER_CLOSE, "HTTP/1.1 20", 0},
	    {ANSWERER_CLOSE, OK_HEAD "Content-Length: 50\r\n\r\nhello", 200},
	    {ANSWERER_KEEP, OK_HEAD "Content-Length: 50\r\n\r\nhello", 200},
	    {ANSWERER_CLOSE, OK_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 200},
	    {ANSWERER_CLOSE, "SSH-2.0-OpenSSH\r\n", 0},
	    {ANSWERER_KEEP,
		OK_HEAD "Content-Length: 101\r\n\r\n"
			"01234567890123456789012345678901234567890123456789"
			"012345678901234567890123456789012345678901234567890",
		200},
	};
	struct world *w = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		post(w, cases[i].way, cases[i].answer);
		check_case(i, w->seen.kind == HTTP_CLIENT_UNKNOWN);
		check_case(i, w->seen.status == cases[i].status);
		check_case(i, w->seen.body[0] == '\0');
		check_case(i, w->answerer.requests == i + 1);
	}
}

/* libcurl would send it again by itself, and nobody would know. */
static void
test_a_lost_answer_on_a_used_connection_is_not_sent_twice(void **state)
{
	static const char *const methods[] = {"POST", "GET"};
	struct world *w = *state;
	char url[64];

	url_of(&w->answerer, url);
	for (size_t i = 0; i < countof(methods); i++) {
		w->answerer.requests = 0;
		post(w, ANSWERER_KEEP, HELLO);
		w->answerer.way = ANSWERER_CLOSE;
		w->answerer.answer = NULL;
		send_to(w, methods[i], url, SPAN(""));
		check_case(i, w->seen.kind == HTTP_CLIENT_UNKNOWN);
		check_case(i, w->answerer.requests == 2);
		assert_string_equal(w->seen.reason, "the connection was lost");
	}
}

static void
test_what_was_not_sent(void **state)
{
	struct world *w = *state;
	char url[64];

	url_of(&w->answerer, url);
	evconnlistener_free(w->answerer.listener);
	send_to(w, "POST", url, SPAN("x"));
	assert_int_equal(w->seen.kind, HTTP_CLIENT_NOT_SENT);
	send_to(w, "POST", "http://no-such-host.invalid/", SPAN("x"));
	assert_int_equal(w->seen.kind, HTTP_CLIENT_NOT_SENT);
	answerer_start(&w->answerer, w->base);
}

static void
test_private_addresses_are_refused_in_every_form(void **state)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]",
	    "[::ffff:127.0.0.1]", "2130706433", "0x7f000001", "0177.0.0.1", "127.1",
	    "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254",
	    "100.64.0.1", "[fe80::1]", "[fd00::1]", "[::]", "224.0.0.1",
	    "[64:ff9b::7f00:1]"};
	struct http_client_options options = loopback;
	struct world *w = *state;
	char url[64];

	options.allow_private = false;
	open_client(w, &options);
	for (size_t i = 0; i < countof(hosts); i++) {
		snprintf(url, sizeof(url), "http://%s:%d/", hosts[i], w->answerer.port);
		send_to(w, "POST", url, SPAN("x"));
		check_case(i, w->seen.kind == HTTP_CLIENT_NOT_SENT);
		check_case(i, strcmp(w->seen.reason, "the address is private") == 0);
	}
	assert_int_equal(w->answerer.connections, 0);
}

static void
test_what_cannot_be_sent_is_refused_at_once(void **state)
{
	static const struct http_client_call cases[] = {
	    {.method = "get", .url = "http://a/", .timeout_ms = 1},
	    {.method = "GET", .url = "http://a/", .timeout_ms = 0},
	    {.method = "GET", .url = "ftp://a/", .timeout_ms = 1},
	    {.method = "GET", .url = "file:///etc/passwd", .timeout_ms = 1},
	    {.method = "GET", .url = "http:///", .timeout_ms = 1},
	    {.method = "GET", .url = "http://a/\r\nX: y", .timeout_ms = 1},
	    {.method = "GET", .url = "http://a/ b", .timeout_ms = 1},
	    {.method = "GET", .url = "http://a/", .headers = {"a"}, .timeout_ms = 1},
	    {.method = "GET", .url = "http://a/", .headers = {": b"}, .timeout_ms = 1},
	    {.method = "GET",
		.url = "http://a/",
		.headers = {"a: b\r\nc: d"},
		.timeout_ms = 1},
	    {.method = "GET", .url = "http://a/", .headers = {"a b: c"}, .timeout_ms = 1},
	};
	struct http_client_options strict = {0};
	struct http_client_call plain = {
	    .method = "GET", .url = "http://a/", .timeout_ms = 1};
	struct world *w = *state;

	for (size_t i = 0; i < countof(cases); i++)
		check_case(i, http_client_send(w->client, &cases[i], on_done, &w->seen) ==
				  ERR_INVALID);
	open_client(w, &strict);
	assert_int_equal(
	    http_client_send(w->client, &plain, on_done, &w->seen), ERR_INVALID);
	assert_int_equal(w->seen.calls, 0);
}

static void
test_no_more_than_calls_max_are_outstanding(void **state)
{
	struct http_client_options options = loopback;
	struct world *w = *state;
	char url[64];
	struct http_client_call call = {.method = "GET", .url = url, .timeout_ms = 5000};

	options.calls_max = 2;
	open_client(w, &options);
	url_of(&w->answerer, url);
	assert_int_equal(http_client_send(w->client, &call, on_done, &w->seen), OK);
	assert_int_equal(http_client_send(w->client, &call, on_done, &w->seen), OK);
	assert_int_equal(
	    http_client_send(w->client, &call, on_done, &w->seen), ERR_OVERLOADED);
	http_client_free(w->client);
	w->client = NULL;
	assert_int_equal(w->seen.calls, 2);
	assert_int_equal(w->seen.kind, HTTP_CLIENT_NOT_SENT);
}

static void
test_the_end_of_a_client_ends_what_was_written_as_unknown(void **state)
{
	struct world *w = *state;
	char url[64];
	struct http_client_call call = {.method = "GET", .url = url, .timeout_ms = 5000};

	url_of(&w->answerer, url);
	w->answerer.way = ANSWERER_SILENT;
	assert_int_equal(http_client_send(w->client, &call, on_done, &w->seen), OK);
	while (w->answerer.requests == 0)
		event_base_loop(w->base, EVLOOP_ONCE);
	http_client_free(w->client);
	w->client = NULL;
	assert_int_equal(w->seen.calls, 1);
	assert_int_equal(w->seen.kind, HTTP_CLIENT_UNKNOWN);
}

static void
test_a_proxy_of_the_environment_is_not_asked(void **state)
{
	struct world *w = *state;

	setenv("http_proxy", "http://127.0.0.1:9", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:9", 1);
	post(w, ANSWERER_KEEP, HELLO);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_int_equal(w->seen.kind, HTTP_CLIENT_ANSWERED);
}

static void
test_certificates_are_always_verified(void **state)
{
	char path[] = "/tmp/ww-http-client-XXXXXX";
	struct http_client_options options = loopback;
	struct world *w = *state;
	struct answerer tls;
	char url[64];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
	answerer_start_tls(&tls, w->base, path);
	tls.answer = HELLO;
	snprintf(url, sizeof(url), "https://localhost:%d/", tls.port);
	send_to(w, "POST", url, SPAN("x"));
	assert_int_equal(w->seen.kind, HTTP_CLIENT_NOT_SENT);
	options.ca_file = path;
	open_client(w, &options);
	send_to(w, "POST", url, SPAN("x"));
	assert_int_equal(w->seen.kind, HTTP_CLIENT_ANSWERED);
	/* the right authority and the wrong name */
	snprintf(url, sizeof(url), "https://127.0.0.1:%d/", tls.port);
	send_to(w, "POST", url, SPAN("x"));
	assert_int_equal(w->seen.kind, HTTP_CLIENT_NOT_SENT);
	assert_int_equal(tls.requests, 1);
	unlink(path);
	open_client(w, &loopback);
	answerer_stop(&tls);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	    CASE(test_a_whole_answer),
	    CASE(test_methods),
	    CASE(test_a_connection_is_used_again),
	    CASE(test_errors_are_answers),
	    CASE(test_a_redirect_is_an_answer_and_not_followed),
	    CASE(test_what_is_unknown),
	    CASE(test_a_lost_answer_on_a_used_connection_is_not_sent_twice),
	    CASE(test_what_was_not_sent),
	    CASE(test_private_addresses_are_refused_in_every_form),
	    CASE(test_what_cannot_be_sent_is_refused_at_once),
	    CASE(test_no_more_than_calls_max_are_outstanding),
	    CASE(test_the_end_of_a_client_ends_what_was_written_as_unknown),
	    CASE(test_a_proxy_of_the_environment_is_not_asked),
	    CASE(test_certificates_are_always_verified),
	};

	/* as the program does; OpenSSL 3.5 writes once more to who hung up */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

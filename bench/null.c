/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The null handler: our own HTTP listener over an api that answers every request with the
 * octets of a send, at once, and knows nothing. The rest of a send's cost, when this is
 * taken away, is ours to lower. It stands in place of the api room, whose functions it
 * defines.
 *
 * usage: null DIR PORT (the directory is for the other servers' sake)
 */
#include <signal.h>
#include <stdio.h>

#include "base/secret.h"
#include "http/http.h"

struct call {
	void (*done)(struct call *, void *);
	void *ctx;
	struct call_request request;
	struct call_response response;
};

static const char answer[] = "{\"pinId\":\"01A20AF7AE9B990C0A1FF1F7FD22EF8B\","
			     "\"to\":\"41793026727\",\"ncStatus\":\"NC_NOT_CONFIGURED\","
			     "\"smsStatus\":\"MESSAGE_SENT\"}";

struct call *
call_new(
    struct api *api, struct queue *loop, void (*done)(struct call *, void *), void *ctx)
{
	struct call *c = mem_new(sizeof(*c));

	(void)api;
	(void)loop;
	c->done = done;
	c->ctx = ctx;
	buf_init(&c->response.body, 4096);
	return c;
}

void
call_free(struct call *c)
{
	if (c == NULL)
		return;
	buf_fini(&c->response.body);
	mem_free(c);
}

struct call_request *
call_request(struct call *c)
{
	return &c->request;
}

struct call_response *
call_response(struct call *c)
{
	return &c->response;
}

void
api_start(struct call *c)
{
	c->response.status = 200;
	c->response.content_type = "application/json";
	buf_add(&c->response.body, answer, sizeof(answer) - 1);
	c->done(c, c->ctx);
}

void
api_refuse(struct call *c, enum err e, const char *why)
{
	(void)e;
	(void)why;
	c->response.status = 400;
}

int
main(int argc, char **argv)
{
	char address[64];
	char why[256] = "";
	struct http_listener listener = {address, NULL};
	struct http_options o = {.listeners = &listener,
	    .listener_count = 1,
	    .clock = &clock_system,
	    .threads = 1,
	    .connections_max = 16384,
	    .body_max = 65536,
	    .header_timeout_ms = 10000,
	    .body_timeout_ms = 20000,
	    .idle_timeout_ms = 60000};
	struct http *http;
	sigset_t signals;
	int got;

	snprintf(address, sizeof(address), "127.0.0.1:%s", argc == 3 ? argv[2] : "0");
	secret_init();
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (http_open(&o, why, &http) != OK)
		panic("null: %s", why);
	if (http_start(http, why) != OK)
		panic("null: %s", why);
	puts("listening");
	fflush(stdout);
	sigwait(&signals, &got);
	http_stop(http, 1000);
	http_free(http);
	return 0;
}

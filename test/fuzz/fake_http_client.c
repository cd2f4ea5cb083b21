/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_http_client.h"

struct http_client {
	int unused;
};

static struct http_client client;
static struct http_client_result next;
static http_client_done_f *waiting;
static void *waiting_ctx;

void
fake_http_answer(const struct http_client_result *result)
{
	next = *result;
}

unsigned
fake_http_run(void)
{
	http_client_done_f *done = waiting;

	waiting = NULL;
	if (done == NULL)
		return 0;
	done(waiting_ctx, &next);
	return 1;
}

struct http_client *
http_client_new(struct event_base *base, const struct http_client_options *options)
{
	(void)base;
	(void)options;
	return &client;
}

void
http_client_free(struct http_client *c)
{
	(void)c;
}

enum err
http_client_send(struct http_client *c, const struct http_client_call *call,
    http_client_done_f *done, void *ctx)
{
	(void)c;
	(void)call;
	INVARIANT(waiting == NULL);
	waiting = done;
	waiting_ctx = ctx;
	return OK;
}

size_t
http_client_outstanding(const struct http_client *c)
{
	(void)c;
	return waiting != NULL;
}

const char *
http_client_url_fault(const struct http_client_options *options, const char *url)
{
	(void)options;
	(void)url;
	return NULL;
}

const char *
http_client_template_fault(const struct http_client_options *options, const char *url)
{
	(void)options;
	(void)url;
	return NULL;
}

const char *
http_client_header_fault(const char *name, const char *value)
{
	(void)name;
	(void)value;
	return NULL;
}

bool
http_client_is_private(const char *url)
{
	(void)url;
	return false;
}

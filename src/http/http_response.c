/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_response.h"

#include "http/http_status.h"

/* A longer body is written from where it stands. */
enum { COPIED_MAX = 16 * 1024 };

/* RFC 9110 5.6.7, made once a second. */
static const char *
date_now(struct http_loop *l)
{
	int64_t now_ms = l->options->clock->wall_ms(l->options->clock);
	int64_t now_s = now_ms / 1000;

	if (now_s != l->date_s || l->date[0] == '\0') {
		l->date_s = now_s;
		clock_format_http(now_ms, l->date, sizeof(l->date));
	}
	return l->date;
}

static void
put_content(struct buf *out, const struct call_response *r, size_t len)
{
	if (len > 0) {
		buf_add_text(out, "Content-Type: ");
		buf_add_text(out, r->content_type);
		buf_add_text(out, "\r\n");
	}
	if (r->status != 204)
		buf_printf(out, "Content-Length: %zu\r\n", len);
}

static void
put_fields(struct buf *out, const struct call_response *r)
{
	buf_printf(out, "X-Request-ID: %llu\r\n", (unsigned long long)r->request_id);
	if (r->reason != NULL)
		buf_printf(out, "X-Watchword-Reason: %s\r\n", r->reason);
	if (r->allow != NULL)
		buf_printf(out, "Allow: %s\r\n", r->allow);
	if (r->retry_after_s > 0)
		buf_printf(out, "Retry-After: %lld\r\n", (long long)r->retry_after_s);
	for (unsigned i = 0; i < r->header_count; i++)
		buf_printf(out, "%s: %s\r\n", r->headers[i].name, r->headers[i].value);
}

static void
put_connection(struct buf *out, const struct http_response_terms *terms)
{
	if (!terms->keep_alive)
		buf_add_text(out, "Connection: close\r\n");
	else if (terms->is_old)
		buf_add_text(out, "Connection: keep-alive\r\n");
}

struct span
http_response_put(struct http_loop *loop, const struct call_response *r,
    const struct http_response_terms *terms, struct buf *out)
{
	struct span body = r->fixed.len > 0 ? r->fixed : buf_span(&r->body);
	struct span none = {NULL, 0};

	buf_printf(out, "HTTP/1.1 %d %s\r\nDate: %s\r\n", r->status,
	    http_status_text(r->status), date_now(loop));
	put_content(out, r, body.len);
	put_fields(out, r);
	put_connection(out, terms);
	buf_add_text(out, "\r\n");
	if (terms->is_head)
		return none;
	if (body.len > COPIED_MAX)
		return body;
	buf_add(out, body.ptr, body.len);
	return none;
}

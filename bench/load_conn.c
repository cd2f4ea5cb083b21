/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the load generator: a request out, its answer in. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "load.h"

void
conn_open(struct conn *c, const struct target *t)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)t->port)};
	int on = 1;

	if (c->fd >= 0)
		close(c->fd);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	INVARIANT(c->fd >= 0 && inet_pton(AF_INET, t->host, &to.sin_addr) == 1);
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0 &&
	    errno != EINPROGRESS)
		panic("connect: %s", strerror(errno));
	c->in_len = 0;
}

/* ---- requests ---- */

struct values {
	const char *id;
	const char *pin;
	char to[24];
};

/* A text with its {to}, {id} and {pin} filled in; its length. */
static size_t
fill(char *out, size_t room, const char *text, const struct values *v)
{
	size_t len = 0;

	while (*text != '\0') {
		const char *value = NULL;
		size_t skip = 1;

		if (strncmp(text, "{to}", 4) == 0) {
			value = v->to;
			skip = 4;
		} else if (strncmp(text, "{id}", 4) == 0) {
			value = v->id;
			skip = 4;
		} else if (strncmp(text, "{pin}", 5) == 0) {
			value = v->pin;
			skip = 5;
		}
		INVARIANT(len + 64 < room);
		if (value == NULL)
			out[len++] = *text;
		else
			len += (size_t)snprintf(out + len, room - len, "%s", value);
		text += skip;
	}
	return len;
}

static void
make(struct conn *c, const struct target *t, const char *path, const char *body,
    const struct values *v)
{
	char filled_path[256];
	char filled_body[1024];
	size_t path_len = fill(filled_path, sizeof(filled_path), path, v);
	size_t body_len = fill(filled_body, sizeof(filled_body), body, v);

	c->out_len = (size_t)snprintf(c->out, OUT_MAX,
	    "POST %.*s HTTP/1.1\r\n%sContent-Length: %zu\r\n\r\n%.*s", (int)path_len,
	    filled_path, t->headers, body_len, (int)body_len, filled_body);
	INVARIANT(c->out_len < OUT_MAX);
	c->out_sent = 0;
	c->in_len = 0;
	c->state = CONN_SENDING;
}

void
conn_request(
    struct conn *c, const struct target *t, const struct pin *pin, uint64_t random)
{
	struct values v = {"", "", ""};

	if (pin != NULL) {
		memcpy(c->pin_id, pin->id, sizeof(c->pin_id));
		v.id = c->pin_id;
		v.pin = pin->code;
	}
	switch (c->kind) {
	case KIND_RIGHT:
		make(c, t, t->verify_path, t->verify_body, &v);
		return;
	case KIND_WRONG:
		v.pin = "x";
		make(c, t, t->verify_path, t->verify_body, &v);
		return;
	case KIND_RESEND:
		make(c, t, t->resend_path, t->resend_body, &v);
		return;
	case KIND_FLOW:
	case KIND_SEND:
	case KIND_COUNT:
		break;
	}
	if (c->kind == KIND_FLOW && c->second) {
		make(c, t, t->verify_path, t->verify_body, &v);
		return;
	}
	snprintf(v.to, sizeof(v.to), "4917%09llu",
	    (unsigned long long)(random % UINT64_C(1000000000)));
	make(c, t, t->send_path, t->send_body, &v);
}

/* ---- answers ---- */

static bool
take_id(struct conn *c, const char *body, size_t len)
{
	const char *at = memmem(body, len, "\"pinId\":\"", 9);

	if (at == NULL || (size_t)(body + len - at) < 9 + PIN_ID_LEN)
		return false;
	memcpy(c->pin_id, at + 9, PIN_ID_LEN);
	c->pin_id[PIN_ID_LEN] = '\0';
	return true;
}

/* Is the whole answer there? */
static bool
is_whole(struct conn *c, int *status_out, bool *retry_after_out)
{
	const char *end = memmem(c->in, c->in_len, "\r\n\r\n", 4);
	const char *length;
	size_t head;
	size_t body = 0;

	if (end == NULL || c->in_len < 12)
		return false;
	head = (size_t)(end - c->in) + 4;
	length = memmem(c->in, head, "Content-Length: ", 16);
	if (length == NULL)
		length = memmem(c->in, head, "content-length: ", 16);
	if (length != NULL)
		body = strtoul(length + 16, NULL, 10);
	if (c->in_len < head + body)
		return false;
	*status_out = (int)strtol(c->in + 9, NULL, 10);
	*retry_after_out = memmem(c->in, head, "Retry-After: ", 13) != NULL;
	if (c->kind == KIND_FLOW && !c->second)
		(void)take_id(c, c->in + head, body);
	return true;
}

static enum conn_step
send_on(struct conn *c)
{
	while (c->out_sent < c->out_len) {
		ssize_t n = send(
		    c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN ? CONN_MORE : CONN_BROKEN;
		c->out_sent += (size_t)n;
	}
	c->state = CONN_READING;
	return CONN_MORE;
}

enum conn_step
conn_drive(struct conn *c, int *status_out, bool *retry_after_out)
{
	ssize_t n;

	if (c->state == CONN_SENDING)
		return send_on(c);
	if (c->state != CONN_READING)
		return CONN_MORE;
	n = recv(c->fd, c->in + c->in_len, IN_MAX - 1 - c->in_len, 0);
	if (n == 0 || (n < 0 && errno != EAGAIN))
		return CONN_BROKEN;
	if (n < 0)
		return CONN_MORE;
	c->in_len += (size_t)n;
	c->in[c->in_len] = '\0';
	return is_whole(c, status_out, retry_after_out) ? CONN_ANSWER : CONN_MORE;
}

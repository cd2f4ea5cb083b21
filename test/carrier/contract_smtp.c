/* SPDX-License-Identifier: Apache-2.0 */
/* The carrier over SMTP at a relay that does with a mail what it is told. */
#include "carrier/contract.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <stdio.h>

#include "carrier/smtp_session.h"

enum { LINKS_MAX = 16 };

struct smtp_peer {
	struct event_base *base;
	struct evconnlistener *listener;
	struct bufferevent *links[LINKS_MAX];
	bool in_mail[LINKS_MAX];
	size_t count;
	enum contract_way way;
	unsigned mails; /* that came whole */
	char relay[40];
	const char *relays[1];
};

static struct smtp_peer *
peer_of(struct contract *c)
{
	return c->state;
}

static size_t
place_of(const struct smtp_peer *p, const struct bufferevent *link)
{
	size_t i = 0;

	while (p->links[i] != link)
		i++;
	return i;
}

static void
say(struct bufferevent *link, const char *line)
{
	assert_int_equal(bufferevent_write(link, line, strlen(line)), 0);
}

static void
hang_up(struct smtp_peer *p, size_t i)
{
	bufferevent_free(p->links[i]);
	p->links[i] = NULL;
}

/* The mail is whole. */
static void
end_mail(struct smtp_peer *p, size_t i)
{
	static const char *const replies[WAY_COUNT] = {
	    [WAY_ACCEPT] = "250 2.0.0 queued\r\n",
	    [WAY_REFUSE] = "554 5.6.0 no\r\n",
	    [WAY_BUSY] = "452 4.3.1 no room\r\n",
	};

	p->mails++;
	p->in_mail[i] = false;
	if (p->way == WAY_CLOSE)
		hang_up(p, i);
	else if (replies[p->way] != NULL)
		say(p->links[i], replies[p->way]);
}

static void
on_line(struct smtp_peer *p, size_t i, const char *line)
{
	struct bufferevent *link = p->links[i];

	if (p->in_mail[i] && strcmp(line, ".") == 0) {
		end_mail(p, i);
	} else if (p->in_mail[i]) {
		return;
	} else if (strncmp(line, "EHLO", 4) == 0) {
		say(link, "250-relay\r\n250 PIPELINING\r\n");
	} else if (strncmp(line, "MAIL", 4) == 0 && p->way == WAY_THROTTLE) {
		say(link, "450 4.7.0 slower\r\n");
	} else if (strncmp(line, "DATA", 4) == 0) {
		p->in_mail[i] = true;
		say(link, "354 go on\r\n");
	} else {
		say(link, "250 ok\r\n");
	}
}

static void
on_read(struct bufferevent *link, void *ctx)
{
	struct smtp_peer *p = ctx;
	size_t i = place_of(p, link);
	char *line;

	while (p->links[i] == link && (line = evbuffer_readln(bufferevent_get_input(link),
					   NULL, EVBUFFER_EOL_CRLF)) != NULL) {
		on_line(p, i, line);
		mem_free(line);
	}
}

static void
on_link(struct bufferevent *link, short what, void *ctx)
{
	struct smtp_peer *p = ctx;

	(void)what;
	hang_up(p, place_of(p, link));
}

static void
on_accept(
    struct evconnlistener *listener, int fd, struct sockaddr *from, int len, void *ctx)
{
	struct smtp_peer *p = ctx;
	struct bufferevent *link = bufferevent_socket_new(
	    p->base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);

	(void)listener;
	(void)from;
	(void)len;
	assert_true(p->count < LINKS_MAX);
	p->links[p->count++] = link;
	bufferevent_setcb(link, on_read, NULL, on_link, p);
	bufferevent_enable(link, EV_READ | EV_WRITE);
	say(link, "220 relay\r\n");
}

static void
behave(struct contract *c, enum contract_way way)
{
	struct smtp_peer *p = peer_of(c);

	p->way = way;
	if (way != WAY_DOWN)
		return;
	evconnlistener_free(p->listener);
	p->listener = NULL;
}

static void
listen_at(struct smtp_peer *p)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(to);
	struct sockaddr *any = (struct sockaddr *)(void *)&to;

	p->listener = evconnlistener_new_bind(
	    p->base, on_accept, p, LEV_OPT_CLOSE_ON_FREE, -1, any, sizeof(to));
	assert_non_null(p->listener);
	assert_int_equal(getsockname(evconnlistener_get_fd(p->listener), any, &len), 0);
	snprintf(p->relay, sizeof(p->relay), "127.0.0.1:%d", ntohs(to.sin_port));
}

static void
start(struct contract *c)
{
	struct smtp_peer *p = mem_new(sizeof(*p));

	c->base = event_base_new();
	c->state = p;
	p->base = c->base;
	listen_at(p);
	p->relays[0] = p->relay;
	c->config = (struct carrier_config){
	    .name = "test", .type = "smtp", .options = &c->options};
	c->options.smtp =
	    (struct carrier_smtp_options){.relays = {.count = 1, .items = p->relays},
		.tls = SMTP_TLS_OFF,
		.connections = 10,
		.connect_timeout_ms = 500,
		.response_timeout_ms = 500,
		.data_timeout_ms = 500,
		.idle_ms = 10000};
	c->window = &c->options.smtp.connections;
}

static unsigned
submits(struct contract *c)
{
	return peer_of(c)->mails;
}

static void
stop(struct contract *c)
{
	struct smtp_peer *p = peer_of(c);

	for (size_t i = 0; i < p->count; i++)
		if (p->links[i] != NULL)
			bufferevent_free(p->links[i]);
	if (p->listener != NULL)
		evconnlistener_free(p->listener);
	event_base_free(c->base);
	mem_free(p);
}

const struct contract_peer contract_smtp = {
    .name = "smtp",
    .ways = 1u << WAY_ACCEPT | 1u << WAY_REFUSE | 1u << WAY_THROTTLE | 1u << WAY_BUSY |
	    1u << WAY_SILENT | 1u << WAY_CLOSE | 1u << WAY_DOWN,
    .channels = CHANNEL_BIT(CHANNEL_EMAIL),
    .start = start,
    .behave = behave,
    .submits = submits,
    .stop = stop,
};

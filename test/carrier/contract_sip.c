/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A trunk of a few lines on UDP, and sound of a fiftieth of a second in the place of
 * speech. A call that is answered says all of it and reports that by itself.
 */
#include "carrier/contract.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "speech/speech.h"

enum { MESSAGE_LEN_MAX = 4096, CALLS_MAX = 64, ID_LEN = 64, SAMPLES = 160 };

struct trunk {
	int fd;
	struct event *event;
	enum contract_way way;
	char calls[CALLS_MAX][ID_LEN];
	unsigned call_count;
};

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\n"
			  "c=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";

/* ---- in the place of speech ---- */

void
speech_say(
    struct speech *s, const struct content_voice *voice, speech_done_f *done, void *ctx)
{
	struct speech_answer a = {.err = OK,
	    .reason = "",
	    .count = SAMPLES,
	    .round = SAMPLES,
	    .pin_end = SAMPLES};

	(void)s;
	(void)voice;
	a.samples = mem_array(SAMPLES, sizeof(*a.samples));
	done(ctx, &a);
}

void
speech_cancel(struct speech *s, const void *ctx)
{
	(void)s;
	(void)ctx;
}

/* ---- the trunk ---- */

/* The lines of a request that begin so, with their ends. */
static void
copy_lines(const char *request, const char *name, char *out)
{
	for (const char *line = request; line != NULL && line[0] != '\0';) {
		const char *end = strstr(line, "\r\n");

		if (end == NULL || end == line)
			return;
		if (strncmp(line, name, strlen(name)) == 0)
			strncat(out, line, (size_t)(end + 2 - line));
		line = end + 2;
	}
}

static void
respond(struct trunk *t, const struct sockaddr_in *to, const char *request,
    const char *status)
{
	bool answer =
	    strncmp(status, "200", 3) == 0 && strncmp(request, "INVITE", 6) == 0;
	char out[MESSAGE_LEN_MAX];
	size_t len;

	snprintf(out, sizeof(out), "SIP/2.0 %s\r\n", status);
	copy_lines(request, "Via:", out);
	copy_lines(request, "From:", out);
	copy_lines(request, "To:", out);
	len = strlen(out) - 2;
	if (strstr(request, ";tag=x\r\n") == NULL)
		snprintf(out + len, sizeof(out) - len, ";tag=x\r\n");
	copy_lines(request, "Call-ID:", out);
	copy_lines(request, "CSeq:", out);
	len = strlen(out);
	snprintf(out + len, sizeof(out) - len,
	    "Contact: <sip:trunk@127.0.0.1:%d>\r\n%s%sContent-Length: %zu\r\n\r\n%s",
	    ntohs(to->sin_port), answer ? "Content-Type: application/sdp\r\n" : "",
	    t->way == WAY_THROTTLE ? "Retry-After: 1\r\n" : "",
	    answer ? sizeof(sdp) - 1 : 0, answer ? sdp : "");
	sendto(t->fd, out, strlen(out), 0, (const struct sockaddr *)to, sizeof(*to));
}

/* Those that come again are one. */
static void
count_call(struct trunk *t, const char *request)
{
	char id[MESSAGE_LEN_MAX] = "";

	copy_lines(request, "Call-ID:", id);
	id[ID_LEN - 1] = '\0';
	for (unsigned i = 0; i < t->call_count; i++)
		if (strcmp(t->calls[i], id) == 0)
			return;
	assert_true(t->call_count < CALLS_MAX);
	memcpy(t->calls[t->call_count++], id, ID_LEN);
}

static void
on_request(evutil_socket_t fd, short what, void *ctx)
{
	static const char *const invites[WAY_COUNT] = {[WAY_ACCEPT] = "200 OK",
	    [WAY_REFUSE] = "404 Not Found",
	    [WAY_THROTTLE] = "503 Service Unavailable",
	    [WAY_BUSY] = "500 Server Internal Error"};
	struct trunk *t = ctx;
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	char request[MESSAGE_LEN_MAX];
	ssize_t n = recvfrom(
	    fd, request, sizeof(request) - 1, 0, (struct sockaddr *)&from, &from_len);

	(void)what;
	if (n <= 0)
		return;
	request[n] = '\0';
	if (strncmp(request, "INVITE", 6) == 0) {
		count_call(t, request);
		if (invites[t->way] != NULL)
			respond(t, &from, request, invites[t->way]);
	} else if (strncmp(request, "ACK", 3) != 0) {
		respond(t, &from, request, "200 OK");
	}
}

/* ---- a row of the contract ---- */

static void
start(struct contract *c)
{
	struct trunk *t = mem_new(sizeof(*t));
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(at);

	t->fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(t->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(t->fd, (struct sockaddr *)&at, &len), 0);
	c->state = t;
	c->base = event_base_new();
	t->event = event_new(c->base, t->fd, EV_READ | EV_PERSIST, on_request, t);
	event_add(t->event, NULL);
	c->options.sip = (struct carrier_sip_options){.host = "127.0.0.1",
	    .port = ntohs(at.sin_port),
	    .number_prefix = "+",
	    .calls_max = 20,
	    .response_timeout_ms = 400,
	    .ring_timeout_ms = 400,
	    .answer_timeout_ms = 500,
	    .call_max_ms = 5000,
	    .repeat_wait_ms = 100,
	    .rtp_port_min = 20000,
	    .rtp_port_max = 29999};
	c->config = (struct carrier_config){
	    .name = "test", .type = "sip", .options = &c->options};
	c->window = &c->options.sip.calls_max;
}

static void
behave(struct contract *c, enum contract_way way)
{
	((struct trunk *)c->state)->way = way;
}

/* The call's end is the receipt, and the person heard all of it. */
static void
report(struct contract *c, const char *message_id)
{
	(void)c;
	(void)message_id;
}

static unsigned
submits(struct contract *c)
{
	return ((struct trunk *)c->state)->call_count;
}

static void
stop(struct contract *c)
{
	struct trunk *t = c->state;

	event_free(t->event);
	close(t->fd);
	mem_free(t);
	event_base_free(c->base);
}

const struct contract_peer contract_sip = {.name = "sip",
    .ways = 1u << WAY_ACCEPT | 1u << WAY_REFUSE | 1u << WAY_THROTTLE | 1u << WAY_BUSY |
	    1u << WAY_SILENT,
    .channels = CHANNEL_BIT(CHANNEL_VOICE),
    .start = start,
    .behave = behave,
    .report = report,
    .submits = submits,
    .stop = stop};

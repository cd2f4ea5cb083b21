/* SPDX-License-Identifier: Apache-2.0 */
/* The load generator: options, the schedule, the loop, and what came out as JSON. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "load.h"

enum {
	EVENTS = 512,
	SPIN_MS = 1,
	PINS_US = 1000,
	PREPARE_WAIT_S = 60,
	PREPARE_CONNECTIONS = 64,
	OPEN_AT_ONCE = 64,
	OPEN_PAUSE_US = 2000,
	BACKLOG_MAX = 1 << 20,
	WARM_UP_PART = 10 /* of the time */
};

static const char *const kind_names[KIND_COUNT] = {
    "send", "right", "wrong", "resend", "flow"};

/* Connections that are free, and requests that wait for one. */
struct lane {
	struct conn *free;
	int64_t *backlog; /* due times, a ring */
	uint64_t first;
	uint64_t len;
};

struct load {
	struct target target;
	const char *pins_path;
	size_t connections;
	size_t in_use; /* of them, in this phase */
	bool apart;    /* every kind has connections of its own, by its weight */
	double seconds;
	double rate;         /* requests a second; 0: closed loop */
	int64_t patience_us; /* who has waited longer for a connection gives up */
	uint64_t prepare;    /* sends before, so that there are PINs */
	unsigned weights[KIND_COUNT];
	unsigned weight_all;
	int epoll_fd;
	struct pins *pins;
	int64_t pins_us; /* when they were read last */
	struct conn *conns;
	struct lane lanes[KIND_COUNT]; /* one alone unless apart */
	uint64_t random;
	int64_t begin_us; /* of what counts */
	int64_t end_us;
	double due_next_us;
	uint64_t given_up;
	uint64_t reconnects;
	double prepared_s; /* CPU time before the run that counts */
	struct tally tallies[KIND_COUNT];
};

static int64_t
now_us(void)
{
	struct timespec ts;

	INVARIANT(clock_gettime(CLOCK_MONOTONIC, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* An additive sequence, mixed: fast, and different for every run of the process. */
static uint64_t
next_random(struct load *l)
{
	uint64_t x = l->random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

/* ---- one request ---- */

static enum kind
choose(struct load *l)
{
	unsigned at = (unsigned)(next_random(l) % l->weight_all);

	for (enum kind k = 0; k < KIND_COUNT; k++) {
		if (at < l->weights[k])
			return k;
		at -= l->weights[k];
	}
	return KIND_SEND;
}

static void
watch(struct load *l, struct conn *c, uint32_t events, int op)
{
	struct epoll_event e = {.events = events, .data.ptr = c};

	INVARIANT(epoll_ctl(l->epoll_fd, op, c->fd, &e) == 0);
}

static void drive(struct load *l, struct conn *c);

static void
begin(struct load *l, struct conn *c, int64_t due_us)
{
	const struct pin *pin = NULL;

	c->due_us = due_us;
	c->begun_us = now_us();
	c->kind = l->apart ? c->own : choose(l);
	c->second = false;
	if (c->kind != KIND_SEND && c->kind != KIND_FLOW)
		pin = pins_any(l->pins, next_random(l));
	conn_request(c, &l->target, pin, next_random(l));
	drive(l, c);
}

static void
put_free(struct load *l, struct conn *c)
{
	struct lane *lane = &l->lanes[c->own];

	c->state = CONN_IDLE;
	c->next_free = lane->free;
	lane->free = c;
}

/* The oldest that still waits for a connection, or -1. */
static int64_t
from_backlog(struct load *l, struct lane *lane, int64_t now)
{
	while (lane->len > 0) {
		int64_t due = lane->backlog[lane->first++ % BACKLOG_MAX];

		lane->len--;
		if (now - due <= l->patience_us)
			return due;
		l->given_up++;
	}
	return -1;
}

static void
next(struct load *l, struct conn *c)
{
	int64_t now = now_us();
	int64_t due = now;

	if (l->rate > 0)
		due = from_backlog(l, &l->lanes[c->own], now);
	if (now >= l->end_us || due < 0)
		put_free(l, c);
	else
		begin(l, c, due);
}

static void
count(struct load *l, struct conn *c, int status, bool retry_after)
{
	struct tally *t = &l->tallies[c->kind];
	int64_t now = now_us();

	if (now < l->begin_us || now >= l->end_us)
		return;
	if (status >= 200 && status < 300) {
		hist_add(&t->latency, now - c->due_us);
		hist_add(&t->service, now - c->begun_us);
	}
	t->by_status[status / 100 % STATUS_COUNT]++;
	t->unavailable += status == 503;
	t->without_retry_after += (status == 503 || status == 429) && !retry_after;
}

/* A flow has its send answered: the verify follows when the PIN has come. */
static void
flow_on(struct load *l, struct conn *c)
{
	const struct pin *pin = pins_find(l->pins, c->pin_id);

	c->state = CONN_WAITS_FOR_PIN;
	if (pin == NULL)
		return;
	c->second = true;
	conn_request(c, &l->target, pin, 0);
	drive(l, c);
}

static void
broken(struct load *l, struct conn *c)
{
	if (c->state == CONN_SENDING || c->state == CONN_READING)
		count(l, c, 0, false);
	l->reconnects++;
	conn_open(c, &l->target);
	watch(l, c, EPOLLIN | EPOLLOUT | EPOLLET, EPOLL_CTL_ADD);
	next(l, c);
}

static void
drive(struct load *l, struct conn *c)
{
	int status = 0;
	bool retry_after = false;
	enum conn_step s;

	s = conn_drive(c, &status, &retry_after);
	if (s == CONN_MORE)
		return;
	if (s == CONN_BROKEN) {
		broken(l, c);
		return;
	}
	if (c->kind == KIND_FLOW && !c->second && status == 200) {
		flow_on(l, c);
		return;
	}
	count(l, c, status, retry_after);
	next(l, c);
}

/* ---- the loop ---- */

static void
more_pins(struct load *l)
{
	pins_read(l->pins);
	if (l->weights[KIND_FLOW] == 0)
		return;
	for (size_t i = 0; i < l->connections; i++)
		if (l->conns[i].state == CONN_WAITS_FOR_PIN)
			flow_on(l, &l->conns[i]);
}

static void
on_due(struct load *l, int64_t due)
{
	struct lane *lane = &l->lanes[l->apart ? choose(l) : 0];
	struct conn *c = lane->free;

	if (c != NULL) {
		lane->free = c->next_free;
		begin(l, c, due);
	} else if (lane->len < BACKLOG_MAX) {
		lane->backlog[(lane->first + lane->len++) % BACKLOG_MAX] = due;
	} else {
		l->given_up++;
	}
}

/* Sends the requests that are due; how long none will be. */
static int
arrivals(struct load *l)
{
	int64_t now = now_us();

	if (l->rate == 0)
		return 100;
	while (l->due_next_us <= (double)now && now < l->end_us) {
		on_due(l, (int64_t)l->due_next_us);
		l->due_next_us += 1e6 / l->rate;
	}
	return SPIN_MS;
}

/* To be woken for each PIN would cost the server its core: they are looked for now and
 * then, unless a flow waits for one. */
static void
turn(struct load *l, int wait_ms)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(l->epoll_fd, events, EVENTS, wait_ms);

	for (int i = 0; i < n; i++)
		if (events[i].data.ptr != NULL)
			drive(l, events[i].data.ptr);
	if (pins_fd(l->pins) >= 0 &&
	    (l->weights[KIND_FLOW] > 0 || now_us() - l->pins_us >= PINS_US)) {
		l->pins_us = now_us();
		more_pins(l);
	}
}

static void
run(struct load *l, double seconds, double warm_up)
{
	int64_t start = now_us();

	l->begin_us = start + (int64_t)(warm_up * 1e6);
	l->end_us = start + (int64_t)(seconds * 1e6);
	l->due_next_us = (double)start;
	for (size_t i = 0; i < KIND_COUNT; i++)
		l->lanes[i].free = NULL;
	for (size_t i = 0; i < l->in_use; i++)
		if (l->conns[i].state == CONN_IDLE)
			next(l, &l->conns[i]);
	while (now_us() < l->end_us)
		turn(l, arrivals(l));
}

/* Requests under way are waited for, so that the next phase begins with none. */
static bool
is_quiet(const struct load *l)
{
	for (size_t i = 0; i < l->connections; i++)
		if (l->conns[i].state == CONN_SENDING ||
		    l->conns[i].state == CONN_READING)
			return false;
	return true;
}

static void
settle(struct load *l)
{
	int64_t until = now_us() + 10 * 1000000;

	while (!is_quiet(l) && now_us() < until)
		turn(l, 10);
}

static void
prepare(struct load *l)
{
	unsigned weights[KIND_COUNT];
	unsigned all = l->weight_all;
	double rate = l->rate;
	bool apart = l->apart;
	int64_t until = now_us() + (int64_t)PREPARE_WAIT_S * 1000000;

	memcpy(weights, l->weights, sizeof(weights));
	memset(l->weights, 0, sizeof(l->weights));
	l->weights[KIND_SEND] = l->weight_all = 1;
	l->rate = 0;
	l->apart = false;
	l->in_use =
	    l->connections < PREPARE_CONNECTIONS ? l->connections : PREPARE_CONNECTIONS;
	while (pins_count(l->pins) < l->prepare) {
		if (now_us() > until)
			panic("only %llu of %llu PINs came out of the pipe",
			    (unsigned long long)pins_count(l->pins),
			    (unsigned long long)l->prepare);
		run(l, 0.05, 0.05);
	}
	settle(l);
	memcpy(l->weights, weights, sizeof(weights));
	l->weight_all = all;
	l->rate = rate;
	l->apart = apart;
	l->in_use = l->connections;
	memset(l->tallies, 0, sizeof(l->tallies));
}

/* The kind that connection i is for, so that each has its weight's part of them. */
static enum kind
kind_of_share(const struct load *l, size_t i)
{
	size_t at = i * l->weight_all / l->connections;

	for (enum kind k = 0; k < KIND_COUNT; k++) {
		if (at < l->weights[k])
			return k;
		at -= l->weights[k];
	}
	return KIND_SEND;
}

static void
open_all(struct load *l)
{
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	l->conns = mem_array(l->connections, sizeof(*l->conns));
	l->in_use = l->connections;
	for (size_t i = 0; i < KIND_COUNT; i++)
		l->lanes[i].backlog = mem_array(BACKLOG_MAX, sizeof(int64_t));
	for (size_t i = 0; i < l->connections; i++) {
		l->conns[i].own = l->apart ? kind_of_share(l, i) : 0;
		l->conns[i].fd = -1;
		conn_open(&l->conns[i], &l->target);
		watch(l, &l->conns[i], EPOLLIN | EPOLLOUT | EPOLLET, EPOLL_CTL_ADD);
		if (i % OPEN_AT_ONCE == OPEN_AT_ONCE - 1)
			usleep(OPEN_PAUSE_US); /* a full backlog costs a second */
	}
	if (pins_fd(l->pins) >= 0 && l->weights[KIND_FLOW] > 0) {
		struct epoll_event e = {.events = EPOLLIN};

		INVARIANT(
		    epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, pins_fd(l->pins), &e) == 0);
	}
}

/* ---- what came out ---- */

/* CPU time of the generator itself. */
static double
used_s(void)
{
	struct rusage own;

	INVARIANT(getrusage(RUSAGE_SELF, &own) == 0);
	return (double)(own.ru_utime.tv_sec + own.ru_stime.tv_sec) +
	       (double)(own.ru_utime.tv_usec + own.ru_stime.tv_usec) / 1e6;
}

static void
print_tally(const struct load *l, enum kind k, double seconds)
{
	const struct tally *t = &l->tallies[k];

	printf("\"%s\": {\"per_second\": %.1f, \"p50_us\": %lld, \"p99_us\": %lld, "
	       "\"p999_us\": %lld, \"max_us\": %lld, \"service_p50_us\": %lld, "
	       "\"service_p99_us\": %lld, \"ok\": %llu, \"broken\": %llu, "
	       "\"status_4xx\": %llu, \"status_5xx\": %llu, \"unavailable\": %llu, "
	       "\"without_retry_after\": %llu}",
	    kind_names[k], (double)t->latency.count / seconds,
	    (long long)hist_at(&t->latency, 0.5), (long long)hist_at(&t->latency, 0.99),
	    (long long)hist_at(&t->latency, 0.999), (long long)t->latency.max_us,
	    (long long)hist_at(&t->service, 0.5), (long long)hist_at(&t->service, 0.99),
	    (unsigned long long)t->by_status[2], (unsigned long long)t->by_status[0],
	    (unsigned long long)t->by_status[4], (unsigned long long)t->by_status[5],
	    (unsigned long long)t->unavailable,
	    (unsigned long long)t->without_retry_after);
}

static void
print(const struct load *l)
{
	double seconds = (double)(l->end_us - l->begin_us) / 1e6;
	uint64_t given_up = l->given_up;

	for (size_t i = 0; i < KIND_COUNT; i++)
		given_up += l->lanes[i].len;
	printf("{\"seconds\": %.3f, \"generator_cpu_s\": %.3f, \"given_up\": %llu, "
	       "\"reconnects\": %llu, \"kinds\": {",
	    seconds, used_s() - l->prepared_s, (unsigned long long)given_up,
	    (unsigned long long)l->reconnects);
	for (enum kind k = 0, first = 1; k < KIND_COUNT; k++) {
		if (l->weights[k] == 0)
			continue;
		if (!first)
			printf(", ");
		first = 0;
		print_tally(l, k, seconds);
	}
	printf("}}\n");
}

/* ---- options ---- */

/* "send=70,right=20,resend=10" */
static void
read_mix(struct load *l, char *text)
{
	char *rest = text;
	char *part;

	while ((part = strsep(&rest, ",")) != NULL) {
		char *name = strsep(&part, "=");
		enum kind k = 0;

		while (k < KIND_COUNT && strcmp(kind_names[k], name) != 0)
			k++;
		if (k == KIND_COUNT || part == NULL)
			panic("a mix is made of send, right, wrong, resend, flow");
		l->weights[k] = (unsigned)strtoul(part, NULL, 10);
		l->weight_all += l->weights[k];
	}
}

enum option_number {
	OPTION_HOST = 1,
	OPTION_PORT,
	OPTION_HEADERS,
	OPTION_PATHS, /* and the six after it, in the order of struct target */
	OPTION_PINS = OPTION_PATHS + 6,
	OPTION_CONNECTIONS,
	OPTION_SECONDS,
	OPTION_RATE,
	OPTION_PATIENCE,
	OPTION_PREPARE,
	OPTION_APART,
	OPTION_MIX
};

static const struct option options[] = {
    {"host", required_argument, NULL, OPTION_HOST},
    {"port", required_argument, NULL, OPTION_PORT},
    {"headers", required_argument, NULL, OPTION_HEADERS},
    {"send-path", required_argument, NULL, OPTION_PATHS},
    {"send-body", required_argument, NULL, OPTION_PATHS + 1},
    {"verify-path", required_argument, NULL, OPTION_PATHS + 2},
    {"verify-body", required_argument, NULL, OPTION_PATHS + 3},
    {"resend-path", required_argument, NULL, OPTION_PATHS + 4},
    {"resend-body", required_argument, NULL, OPTION_PATHS + 5},
    {"pins", required_argument, NULL, OPTION_PINS},
    {"connections", required_argument, NULL, OPTION_CONNECTIONS},
    {"seconds", required_argument, NULL, OPTION_SECONDS},
    {"rate", required_argument, NULL, OPTION_RATE},
    {"patience-ms", required_argument, NULL, OPTION_PATIENCE},
    {"prepare", required_argument, NULL, OPTION_PREPARE},
    {"apart", no_argument, NULL, OPTION_APART},
    {"mix", required_argument, NULL, OPTION_MIX},
    {0},
};

static void
set_option(struct load *l, int number, char *value)
{
	const char **texts[] = {&l->target.send_path, &l->target.send_body,
	    &l->target.verify_path, &l->target.verify_body, &l->target.resend_path,
	    &l->target.resend_body};

	if (number >= OPTION_PATHS && number < OPTION_PINS)
		*texts[number - OPTION_PATHS] = value;
	else if (number == OPTION_HOST)
		l->target.host = value;
	else if (number == OPTION_PORT)
		l->target.port = (int)strtol(value, NULL, 10);
	else if (number == OPTION_HEADERS)
		l->target.headers = value;
	else if (number == OPTION_PINS)
		l->pins_path = value;
	else if (number == OPTION_CONNECTIONS)
		l->connections = strtoul(value, NULL, 10);
	else if (number == OPTION_SECONDS)
		l->seconds = strtod(value, NULL);
	else if (number == OPTION_RATE)
		l->rate = strtod(value, NULL);
	else if (number == OPTION_PATIENCE)
		l->patience_us = strtol(value, NULL, 10) * 1000;
	else if (number == OPTION_PREPARE)
		l->prepare = strtoul(value, NULL, 10);
	else if (number == OPTION_APART)
		l->apart = true;
	else
		read_mix(l, value);
}

int
main(int argc, char **argv)
{
	struct load *l = mem_new(sizeof(*l));
	int number;

	l->target = (struct target){.host = "127.0.0.1",
	    .headers = "",
	    .send_path = "/",
	    .send_body = "",
	    .verify_path = "/",
	    .verify_body = "",
	    .resend_path = "/",
	    .resend_body = ""};
	l->connections = 64;
	l->seconds = 10;
	l->patience_us = 1000000;
	l->random = (uint64_t)now_us() * 2654435761u;
	while ((number = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (number == '?')
			return EXIT_FAILURE;
		set_option(l, number, optarg);
	}
	if (l->weight_all == 0 || l->target.port == 0)
		panic("--port and --mix are needed");
	l->pins = pins_open(l->pins_path);
	open_all(l);
	if (l->prepare > 0)
		prepare(l);
	l->prepared_s = used_s();
	printf("{\"prepared\": %llu}\n", (unsigned long long)pins_count(l->pins));
	fflush(stdout); /* whoever takes the server's measure begins now */
	run(l, l->seconds, l->seconds / WARM_UP_PART);
	print(l);
	return EXIT_SUCCESS;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* All addresses of a name are tried: beside a name server and listeners that are dead,
 * silent or gone, each on an address of loopback of its own. */
#include "net/connector.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "unit/unit.h"

enum { TYPE_A = 1, TYPE_AAAA = 28, FILLERS = 4, DEADLINE_S = 20, HEAD_LEN = 12 };

/* The name server's answers for any name. */
struct zone {
	const char *four[4];
	const char *six[4];
	bool silent_for_six;
	bool no_such_name;
};

struct world {
	struct event_base *base;
	int port; /* of the SMSC, whichever address it is on */
	int dns;
	int dns_port;
	struct event *dns_event;
	struct zone zone;
	unsigned asked;
	int fds[16]; /* closed at the end */
	size_t fd_count;
	struct connector *connector;
	bool done;
	int fd;
	char why[512];
	char peer[64];
	int64_t began_ms;
	int64_t took_ms;
};

/* ---- listeners ---- */

static int
keep(struct world *w, int fd)
{
	assert_true(fd >= 0 && w->fd_count < countof(w->fds));
	w->fds[w->fd_count++] = fd;
	return fd;
}

static socklen_t
address(const char *text, int port, struct sockaddr_storage *out)
{
	struct sockaddr_in6 *six = (void *)out;
	struct sockaddr_in *four = (void *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)port);
		return sizeof(*four);
	}
	assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)port);
	return sizeof(*six);
}

static int
bound(struct world *w, int type, const char *text, int port)
{
	struct sockaddr_storage at;
	socklen_t len = address(text, port, &at);
	int fd = keep(w, socket(at.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
	return fd;
}

static int
port_of(int fd)
{
	struct sockaddr_in at;
	socklen_t len = sizeof(at);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	return ntohs(at.sin_port);
}

static void
listen_at(struct world *w, const char *text)
{
	assert_int_equal(listen(bound(w, SOCK_STREAM, text, w->port), 16), 0);
}

/* A queue that is full: what comes now is dropped, as by a firewall. */
static void
black_hole(struct world *w, const char *text)
{
	struct sockaddr_storage at;
	socklen_t len = address(text, w->port, &at);

	assert_int_equal(listen(bound(w, SOCK_STREAM, text, w->port), 0), 0);
	for (int i = 0; i < FILLERS; i++) {
		int fd = keep(w, socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));

		(void)!connect(fd, (struct sockaddr *)&at, len);
	}
}

/* ---- the name server ---- */

static size_t
put_answer(uint8_t *out, int type, const void *octets, size_t len)
{
	const uint8_t head[] = {
	    0xc0, HEAD_LEN, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, (uint8_t)len};

	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), octets, len);
	return sizeof(head) + len;
}

static size_t
put_all(const char *const *texts, int type, uint8_t *out, uint8_t *count)
{
	size_t len = 0;

	for (size_t i = 0; i < 4 && texts[i] != NULL; i++) {
		uint8_t octets[16];
		int family = type == TYPE_A ? AF_INET : AF_INET6;

		assert_int_equal(inet_pton(family, texts[i], octets), 1);
		len += put_answer(out + len, type, octets, family == AF_INET ? 4 : 16);
		++*count;
	}
	return len;
}

/* RFC 1035 4.1: the question comes back, what follows it was EDNS and is dropped. */
static void
on_question(evutil_socket_t fd, short what, void *ctx)
{
	struct world *w = ctx;
	uint8_t packet[1024] = {0};
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, packet, 512, 0, (struct sockaddr *)&from, &from_len);
	size_t end = HEAD_LEN;
	int type;

	(void)what;
	assert_true(n > HEAD_LEN);
	w->asked++;
	while (packet[end] != 0)
		end += packet[end] + 1u;
	type = packet[end + 2];
	end += 5;
	if (type == TYPE_AAAA && w->zone.silent_for_six)
		return;
	packet[2] = 0x81;
	packet[3] = w->zone.no_such_name ? 0x83 : 0x80;
	memset(packet + 6, 0, 6);
	if (!w->zone.no_such_name)
		end += put_all(type == TYPE_A ? w->zone.four : w->zone.six, type,
		    packet + end, &packet[7]);
	sendto(fd, packet, end, 0, (struct sockaddr *)&from, from_len);
}

/* ---- connecting ---- */

static void
on_done(void *ctx, int fd, const char *why)
{
	struct world *w = ctx;
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);

	assert_false(w->done);
	w->done = true;
	w->fd = fd;
	w->took_ms = clock_system.steady_ms(&clock_system) - w->began_ms;
	snprintf(w->why, sizeof(w->why), "%s", why);
	w->peer[0] = '\0';
	if (fd >= 0) {
		assert_int_equal(getpeername(fd, (struct sockaddr *)&peer, &len), 0);
		inet_ntop(peer.ss_family,
		    peer.ss_family == AF_INET
			? (void *)&((struct sockaddr_in *)&peer)->sin_addr
			: (void *)&((struct sockaddr_in6 *)&peer)->sin6_addr,
		    w->peer, sizeof(w->peer));
		close(fd);
	}
	connector_free(w->connector);
	w->connector = NULL;
}

static void
start(struct world *w, const char *host, const char *servers, unsigned first)
{
	struct connector_target to = {.host = host,
	    .port = w->port,
	    .timeout_ms = 3000,
	    .first = first,
	    .servers = servers};

	w->done = false;
	w->began_ms = clock_system.steady_ms(&clock_system);
	w->connector = connector_new(w->base, &to, on_done, w);
	assert_false(w->done);
}

static void
run(struct world *w)
{
	int64_t until_ms = w->began_ms + DEADLINE_S * 1000;

	while (!w->done) {
		assert_true(clock_system.steady_ms(&clock_system) < until_ms);
		event_base_loop(w->base, EVLOOP_ONCE);
	}
}

static const char *
own_server(struct world *w)
{
	static char text[64];

	snprintf(text, sizeof(text), "127.0.0.1:%d", w->dns_port);
	return text;
}

static void
reach(struct world *w, const char *host)
{
	start(w, host, own_server(w), 0);
	run(w);
}

static int
setup(void **state)
{
	struct world *w = mem_new(sizeof(*w));

	w->base = event_base_new();
	w->port = port_of(bound(w, SOCK_STREAM, "127.0.0.9", 0));
	w->dns = bound(w, SOCK_DGRAM, "127.0.0.1", 0);
	w->dns_port = port_of(w->dns);
	w->dns_event = event_new(w->base, w->dns, EV_READ | EV_PERSIST, on_question, w);
	event_add(w->dns_event, NULL);
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	connector_free(w->connector);
	event_free(w->dns_event);
	for (size_t i = 0; i < w->fd_count; i++)
		close(w->fds[i]);
	event_base_free(w->base);
	mem_free(w);
	return 0;
}

/* ---- cases ---- */

static void
an_address_is_no_name(void **state)
{
	struct world *w = *state;

	listen_at(w, "127.0.0.2");
	reach(w, "127.0.0.2");
	assert_string_equal(w->peer, "127.0.0.2");
	listen_at(w, "::1");
	reach(w, "::1");
	assert_string_equal(w->peer, "::1");
	assert_int_equal(w->asked, 0);
}

static void
localhost_is_both_of_its_addresses(void **state)
{
	static const char *const names[] = {"localhost", "LocalHost.", "smsc.localhost"};
	struct world *w = *state;

	for (size_t i = 0; i < countof(names); i++) {
		reach(w, names[i]);
		assert_non_null(strstr(w->why, "::1: Connection refused, 127.0.0.1: "));
	}
	listen_at(w, "127.0.0.1");
	for (size_t i = 0; i < countof(names); i++) {
		reach(w, names[i]);
		assert_string_equal(w->peer, "127.0.0.1");
	}
	assert_int_equal(w->asked, 0);
	reach(w, "notlocalhost");
	assert_true(w->asked > 0);
}

static void
the_first_that_answers_has_it(void **state)
{
	static const struct {
		struct zone zone;
		const char *peer;
	} rows[] = {
	    {{.four = {"127.0.0.3", "127.0.0.2"}}, "127.0.0.2"},
	    {{.four = {"127.0.0.2"}, .six = {"::1"}}, "127.0.0.2"},
	    {{.four = {"127.0.0.4", "127.0.0.2", "127.0.0.3"}, .six = {"::1"}},
		"127.0.0.2"},
	    {{.four = {"127.0.0.5", "127.0.0.2"}, .silent_for_six = true}, "127.0.0.2"},
	};
	struct world *w = *state;

	listen_at(w, "127.0.0.2");
	black_hole(w, "127.0.0.5");
	for (size_t i = 0; i < countof(rows); i++) {
		w->zone = rows[i].zone;
		reach(w, "smsc.test.");
		assert_string_equal(w->peer, rows[i].peer);
	}
}

static void
a_black_hole_costs_a_moment_alone(void **state)
{
	struct world *w = *state;

	listen_at(w, "127.0.0.2");
	black_hole(w, "127.0.0.3");
	black_hole(w, "127.0.0.4");
	w->zone = (struct zone){.four = {"127.0.0.3", "127.0.0.4", "127.0.0.2"}};
	reach(w, "smsc.test.");
	assert_string_equal(w->peer, "127.0.0.2");
	assert_true(w->took_ms >= 500 && w->took_ms < 2500);
}

static void
nothing_waits_for_longer_than_was_said(void **state)
{
	struct world *w = *state;

	black_hole(w, "127.0.0.3");
	black_hole(w, "127.0.0.4");
	w->zone = (struct zone){.four = {"127.0.0.3", "127.0.0.4", "127.0.0.6"}};
	reach(w, "smsc.test.");
	assert_int_equal(w->fd, -1);
	assert_true(w->took_ms >= 2990 && w->took_ms < 6000);
	assert_non_null(strstr(w->why, "127.0.0.3: no answer in time"));
	assert_non_null(strstr(w->why, "127.0.0.4: no answer in time"));
	assert_non_null(strstr(w->why, "127.0.0.6: Connection refused"));
}

static void
the_families_take_turns(void **state)
{
	struct world *w = *state;
	const char *six;
	const char *four;

	w->zone = (struct zone){.four = {"127.0.0.3", "127.0.0.4"}, .six = {"::1"}};
	reach(w, "smsc.test.");
	assert_int_equal(w->fd, -1);
	six = strstr(w->why, "::1: Connection refused");
	four = strstr(
	    w->why, "127.0.0.3: Connection refused, 127.0.0.4: Connection refused");
	assert_true(six != NULL && four != NULL && six < four);
}

static void
an_address_that_led_to_nothing_goes_last(void **state)
{
	struct world *w = *state;

	listen_at(w, "127.0.0.2");
	listen_at(w, "127.0.0.3");
	w->zone = (struct zone){.four = {"127.0.0.2", "127.0.0.3"}};
	for (unsigned i = 0; i < 4; i++) {
		start(w, "smsc.test.", own_server(w), i);
		run(w);
		assert_string_equal(w->peer, i % 2 == 0 ? "127.0.0.2" : "127.0.0.3");
	}
}

static void
a_name_that_moves_is_followed(void **state)
{
	struct world *w = *state;

	listen_at(w, "127.0.0.2");
	listen_at(w, "127.0.0.3");
	w->zone = (struct zone){.four = {"127.0.0.2"}};
	reach(w, "smsc.test.");
	assert_string_equal(w->peer, "127.0.0.2");
	w->zone = (struct zone){.four = {"127.0.0.3"}};
	reach(w, "smsc.test.");
	assert_string_equal(w->peer, "127.0.0.3");
}

static void
a_name_server_that_is_dead_or_silent_is_passed_by(void **state)
{
	struct world *w = *state;
	char servers[96];
	int silent = port_of(bound(w, SOCK_DGRAM, "127.0.0.7", 0));

	listen_at(w, "127.0.0.2");
	w->zone = (struct zone){.four = {"127.0.0.2"}};
	snprintf(servers, sizeof(servers), "127.0.0.8:%d,127.0.0.1:%d", w->dns_port,
	    w->dns_port);
	start(w, "smsc.test.", servers, 0);
	run(w);
	assert_string_equal(w->peer, "127.0.0.2");
	snprintf(
	    servers, sizeof(servers), "127.0.0.7:%d,127.0.0.1:%d", silent, w->dns_port);
	start(w, "smsc.test.", servers, 0);
	run(w);
	assert_string_equal(w->peer, "127.0.0.2");
	assert_true(w->took_ms < 2900);
}

static void
what_became_of_the_name_is_said(void **state)
{
	struct world *w = *state;
	char servers[64];

	w->zone.no_such_name = true;
	reach(w, "smsc.test.");
	assert_string_equal(w->why, "smsc.test.: has no address");
	w->zone.no_such_name = false;
	reach(w, "smsc.test.");
	assert_string_equal(w->why, "smsc.test.: has no address");
	snprintf(servers, sizeof(servers), "127.0.0.7:%d",
	    port_of(bound(w, SOCK_DGRAM, "127.0.0.7", 0)));
	start(w, "smsc.test.", servers, 0);
	run(w);
	assert_int_equal(w->fd, -1);
	assert_non_null(strstr(w->why, "smsc.test.: "));
	assert_true(w->took_ms < 6000);
	start(w, "smsc.test.", "nonsense", 0);
	run(w);
	assert_int_equal(w->fd, -1);
}

static void
it_can_be_called_off_at_any_time(void **state)
{
	struct world *w = *state;

	black_hole(w, "127.0.0.3");
	listen_at(w, "127.0.0.2");
	w->zone = (struct zone){.four = {"127.0.0.3", "127.0.0.2"}};
	for (int turns = 0; turns < 12 && !w->done; turns++) {
		start(w, "smsc.test.", own_server(w), 0);
		for (int i = 0; i < turns && !w->done; i++)
			event_base_loop(w->base, EVLOOP_ONCE);
		connector_free(w->connector);
		w->connector = NULL;
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(an_address_is_no_name),
	    CASE(localhost_is_both_of_its_addresses),
	    CASE(the_first_that_answers_has_it),
	    CASE(a_black_hole_costs_a_moment_alone),
	    CASE(nothing_waits_for_longer_than_was_said),
	    CASE(the_families_take_turns),
	    CASE(an_address_that_led_to_nothing_goes_last),
	    CASE(a_name_that_moves_is_followed),
	    CASE(a_name_server_that_is_dead_or_silent_is_passed_by),
	    CASE(what_became_of_the_name_is_said),
	    CASE(it_can_be_called_off_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

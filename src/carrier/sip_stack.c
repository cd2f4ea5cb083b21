/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_stack.h"

#include <stdio.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/log.h"
#include "carrier/sip_identity.h"
#include "carrier/sip_register.h"

enum {
	SIP_STACK_MAGIC = 0x73697073,
	HASH_SIZE = 256,
	TURN_MS = 50, /* while there is a call */
	DOMAIN_LEN = 300,
	LINGER_MS = 500, /* for answers to our BYE and CANCEL, at the end */
	STOP_SLACK_MS = 1000
};

struct sip_stack {
	unsigned magic;
	const struct carrier_config *config;
	const struct carrier_sip_options *options;
	struct carrier_env env;
	struct carrier_thread *thread;
	struct sip_calls calls;
	struct sip_register registration;
	struct sip *sip;
	struct tls *tls;
	struct sip_lsnr *requests;
	struct sip_lsnr *responses;
	int timer_fd; /* of what is due next */
	bool quitting;
	bool told_up;
	int64_t quit_ms;
	char domain[DOMAIN_LEN];
};

/* On its way from the loop. */
struct found {
	struct task task;
	struct sip_stack *stack;
	size_t count;
	struct sip_peers_address list[SIP_PEERS_MAX];
};

static int64_t
now_of(const struct sip_stack *s)
{
	return s->env.clock->steady_ms(s->env.clock);
}

/* ---- the link ---- */

static void
tell_up(struct sip_stack *s, const char *why)
{
	bool up = sip_peers_any_good(&s->calls.peers) &&
		  (!s->options->registers || s->registration.registered) && !s->quitting;

	if (up == s->told_up)
		return;
	s->told_up = up;
	log_event(up ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, up ? "sip_up" : "sip_down",
	    LOG_TEXT("carrier", s->config->name), LOG_TEXT("reason", up ? NULL : why));
	carrier_thread_tell_up(s->thread, up);
}

static void turn(struct sip_stack *s);

static void
on_peers_changed(void *ctx)
{
	struct sip_stack *s = ctx;

	tell_up(s, "no address of the server answers");
	turn(s);
}

static void
on_registration(void *ctx, const char *why)
{
	struct sip_stack *s = ctx;

	tell_up(s, why == NULL ? "not registered" : why);
	turn(s);
}

static void
on_calls_changed(void *ctx)
{
	turn(ctx);
}

/* The address from which that one is reached, where none was given. */
static bool
find_local(const struct sip_stack *s, const struct sa *to, struct sa *local)
{
	const char *given = s->options->local_address;

	if (given != NULL && sa_set_str(local, given, 0) == 0 &&
	    sa_af(local) == sa_af(to))
		return true;
	return sip_re_source(to, local);
}

static bool
on_ready(void *ctx, const struct sa *to, struct sa *local_out)
{
	struct sip_stack *s = ctx;
	enum sip_transp transport = s->calls.leg.transport;
	struct sa local;

	if (sip_transp_laddr(s->sip, local_out, transport, to) == 0 &&
	    sa_af(local_out) == sa_af(to))
		return true;
	if (!find_local(s, to, &local))
		return false;
	sa_set_port(&local, (uint16_t)s->options->local_port);
	return sip_transp_add(s->sip, transport, &local, s->tls) == 0 &&
	       sip_transp_laddr(s->sip, local_out, transport, to) == 0;
}

static int
on_credentials(char **user, char **password, const char *realm, void *ctx)
{
	const struct carrier_sip_options *o = ((const struct sip_stack *)ctx)->options;

	(void)realm;
	if (o->username == NULL)
		return EAUTH;
	return str_dup(user, o->username) |
	       str_dup(password, o->password == NULL ? "" : o->password);
}

/* ---- what comes in ---- */

static bool
on_request(const struct sip_msg *msg, void *ctx)
{
	struct sip_stack *s = ctx;

	if (sip_leg_take_request(&s->calls.leg, msg))
		return true;
	if (pl_strcmp(&msg->met, "ACK") == 0)
		return true;
	if (pl_isset(&msg->to.tag))
		(void)sip_treply(NULL, s->sip, msg, 481, "Call Does Not Exist");
	else if (pl_strcmp(&msg->met, "OPTIONS") == 0)
		(void)sip_treply(NULL, s->sip, msg, 200, "OK");
	else if (pl_strcmp(&msg->met, "INVITE") == 0)
		(void)sip_treply(NULL, s->sip, msg, 603, "Decline");
	else
		(void)sip_treply(NULL, s->sip, msg, 405, "Method Not Allowed");
	return true;
}

static bool
on_response(const struct sip_msg *msg, void *ctx)
{
	(void)sip_leg_take_response(&((struct sip_stack *)ctx)->calls.leg, msg);
	return true; /* or libre says that nobody wanted it */
}

static void
on_found(struct task *task)
{
	struct found *found = container_of(task, struct found, task);
	struct sip_stack *s = found->stack;

	sip_peers_set(&s->calls.peers, found->list, found->count);
	mem_free(found);
}

/* ---- the timer ---- */

static void
set_timer(struct sip_stack *s, int64_t ms)
{
	struct itimerspec at = {.it_value = {ms / 1000, (ms % 1000) * 1000000}};

	if (ms == 0)
		at.it_value.tv_nsec = 1;
	if (ms < 0)
		at = (struct itimerspec){{0, 0}, {0, 0}};
	RESOURCE(timerfd_settime(s->timer_fd, 0, &at, NULL) == 0);
}

static int64_t
sooner(int64_t a, int64_t b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

/* When it looks next; the looking itself is the timer's. */
static void
turn(struct sip_stack *s)
{
	set_timer(s, 0);
}

static bool
is_over(const struct sip_stack *s)
{
	return TAILQ_EMPTY(&s->calls.list) &&
	       (TAILQ_EMPTY(&s->calls.leg.legs) || now_of(s) >= s->quit_ms);
}

static void
on_timer(int flags, void *ctx)
{
	struct sip_stack *s = ctx;
	int64_t next_ms = -1;
	uint64_t ticks;

	(void)flags;
	(void)!read(s->timer_fd, &ticks, sizeof(ticks));
	sip_call_turn(&s->calls);
	if (s->quitting && is_over(s)) {
		re_cancel();
		return;
	}
	next_ms = sooner(next_ms, sip_peers_turn(&s->calls.peers));
	if (s->options->registers && s->calls.peers.count > 0 && !s->quitting)
		next_ms = sooner(next_ms, sip_register_turn(&s->registration));
	if (!TAILQ_EMPTY(&s->calls.list) || s->quitting)
		next_ms = sooner(next_ms, TURN_MS);
	set_timer(s, next_ms);
}

/* ---- the thread ---- */

static void
on_in(int flags, void *ctx)
{
	struct sip_stack *s = ctx;

	(void)flags;
	carrier_thread_turn(s->thread);
}

static void
open_stack(struct sip_stack *s)
{
	sip_re_enter();
	RESOURCE(sip_alloc(&s->sip, NULL, HASH_SIZE, HASH_SIZE, HASH_SIZE, "Watchword",
		     NULL, NULL) == 0);
	RESOURCE(sip_listen(&s->requests, s->sip, true, on_request, s) == 0);
	RESOURCE(sip_listen(&s->responses, s->sip, false, on_response, s) == 0);
	s->calls.leg.sip = s->sip;
	TAILQ_INIT(&s->calls.leg.legs);
	TAILQ_INIT(&s->calls.list);
	sip_media_line_init(&s->calls.media);
	sip_peers_init(&s->calls.peers, &s->calls.leg, s->env.clock, s->domain);
	s->calls.peers.changed = on_peers_changed;
	s->calls.peers.ctx = s;
	sip_register_init(&s->registration);
	s->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	RESOURCE(s->timer_fd >= 0);
	RESOURCE(fd_listen(s->timer_fd, FD_READ, on_timer, s) == 0);
	RESOURCE(fd_listen(carrier_thread_fd(s->thread), FD_READ, on_in, s) == 0);
}

static void
close_stack(struct sip_stack *s)
{
	sip_register_fini(&s->registration);
	sip_peers_fini(&s->calls.peers);
	sip_close(s->sip, true); /* ends what still waits for an answer */
	sip_media_line_fini(&s->calls.media);
	fd_close(carrier_thread_fd(s->thread));
	fd_close(s->timer_fd);
	close(s->timer_fd);
	mem_deref(s->requests);
	mem_deref(s->responses);
	mem_deref(s->sip);
	sip_re_leave();
}

static void
run(void *ctx)
{
	struct sip_stack *s = ctx;

	CHECK_OBJ(s, SIP_STACK_MAGIC);
	open_stack(s);
	RESOURCE(re_main(NULL) == 0);
	close_stack(s);
}

static void
on_submit(void *ctx, struct carrier_job *job)
{
	struct sip_stack *s = ctx;

	sip_call_new(&s->calls, job);
}

static void
on_stop(void *ctx, int64_t within_ms)
{
	struct sip_stack *s = ctx;
	int64_t ms = within_ms - STOP_SLACK_MS;

	sip_call_stop(&s->calls, ms < 0 ? 0 : ms);
	turn(s);
}

static void
on_quit(void *ctx)
{
	struct sip_stack *s = ctx;

	s->quitting = true;
	s->quit_ms = now_of(s) + LINGER_MS;
	sip_call_quit(&s->calls);
	turn(s);
}

/* ---- on the loop ---- */

static void
init_calls(struct sip_stack *s)
{
	const struct carrier_sip_options *o = s->options;
	struct sip_calls *c = &s->calls;

	c->config = s->config;
	c->options = o;
	c->clock = s->env.clock;
	c->speech = s->env.speech;
	c->thread = s->thread;
	c->ready = on_ready;
	c->changed = on_calls_changed;
	c->ctx = s;
	c->leg = (struct sip_leg_line){.transport = (enum sip_transp)o->transport,
	    .contact = o->username != NULL ? o->username : "watchword",
	    .public_address = o->public_address,
	    .credentials = on_credentials,
	    .credentials_ctx = s};
	c->media = (struct sip_media_line){.codec = (enum sip_media_codec)o->codec,
	    .srtp = (enum sip_media_srtp)o->srtp,
	    .port_min = (uint16_t)o->rtp_port_min,
	    .port_max = (uint16_t)o->rtp_port_max,
	    .public_address = o->public_address};
	s->registration = (struct sip_register){.line = &c->leg,
	    .peers = &c->peers,
	    .clock = s->env.clock,
	    .user = c->leg.contact,
	    .domain = s->domain,
	    .expires_ms = o->register_expires_ms,
	    .wait_ms = o->response_timeout_ms,
	    .changed = on_registration,
	    .ready = on_ready,
	    .ctx = s};
}

static enum err
open_tls(struct sip_stack *s, char why[256])
{
	const struct carrier_sip_options *o = s->options;
	struct sip_re_tls ask = {.ca = o->tls_ca,
	    .certificate = o->tls_certificate,
	    .key = o->tls_key,
	    .name = o->tls_name != NULL ? o->tls_name : o->host};

	if (o->transport != SIP_TRANSP_TLS)
		return OK;
	s->tls = sip_re_tls_new(&ask, why);
	return s->tls == NULL ? ERR_IO : OK;
}

enum err
sip_stack_new(const struct carrier_config *config, const struct carrier_env *env,
    char why[256], struct sip_stack **out)
{
	struct carrier_thread_user user = {.name = "sip",
	    .run = run,
	    .submit = on_submit,
	    .stop = on_stop,
	    .quit = on_quit};
	struct sip_stack *s = mem_new(sizeof(*s));
	enum err e;

	s->magic = SIP_STACK_MAGIC;
	s->config = config;
	s->options = config->options;
	s->env = *env;
	e = open_tls(s, why);
	if (e != OK) {
		mem_free(s);
		return e;
	}
	sip_identity_domain(config, s->domain, sizeof(s->domain));
	user.ctx = s;
	s->thread = carrier_thread_new(config, env, (size_t)s->options->calls_max, &user);
	init_calls(s);
	carrier_thread_start(s->thread);
	*out = s;
	return OK;
}

void
sip_stack_find(struct sip_stack *s, const struct sip_stack_address *list, size_t count)
{
	struct found *found = mem_new(sizeof(*found));

	found->task.run = on_found;
	found->stack = s;
	for (size_t i = 0; i < count && i < SIP_PEERS_MAX; i++) {
		struct sip_peers_address *a = &found->list[found->count];
		char text[ADDRESS_TEXT_LEN];

		a->priority = list[i].priority;
		a->weight = list[i].weight;
		if (sa_set_str(&a->at, address_text(&list[i].at, text), list[i].port) ==
		    0)
			found->count++;
	}
	carrier_thread_post(s->thread, &found->task);
}

struct carrier_thread *
sip_stack_thread(struct sip_stack *s)
{
	return s->thread;
}

void
sip_stack_free(struct sip_stack *s)
{
	CHECK_OBJ(s, SIP_STACK_MAGIC);
	carrier_thread_free(s->thread);
	mem_deref(s->tls);
	mem_free(s);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The carrier over SIP: calls on a trunk, in which the PIN is said. On delivery's loop
 * are its configuration and the trunk's addresses; all else is on the stack's thread.
 */
#include <stdio.h>

#include "carrier/options.h"
#include "carrier/sip_stack.h"
#include "carrier/sip_trunk.h"
#include "carrier/types.h"

enum { CARRIER_SIP_MAGIC = 0x73697063 };

struct carrier_sip {
	struct carrier carrier;
	unsigned magic;
	struct sip_stack *stack;
	struct carrier_thread *thread;
	struct sip_trunk *trunk;
};

static struct carrier_sip *
carrier_sip_of(const struct carrier *c)
{
	struct carrier_sip *s = (struct carrier_sip *)(uintptr_t)c;

	CHECK_OBJ(s, CARRIER_SIP_MAGIC);
	return s;
}

/* ---- configuration ---- */

static const char *
check_address(const char *name, const char *text, char why[256])
{
	struct address a;

	if (text == NULL || address_parse(span_of(text), &a))
		return NULL;
	snprintf(why, 256, "must be an IP address");
	return name;
}

static const char *
check_ports(const struct carrier_sip_options *o, char why[256])
{
	if (o->rtp_port_max < o->rtp_port_min) {
		snprintf(why, 256, "is less than rtp_port_min");
		return "rtp_port_max";
	}
	if ((o->rtp_port_max - o->rtp_port_min + 1) / 2 >= o->calls_max)
		return NULL;
	snprintf(why, 256, "calls need two ports each: %d calls, %d ports",
	    (int)o->calls_max, (int)(o->rtp_port_max - o->rtp_port_min + 1));
	return "rtp_port_max";
}

static const char *
check_certificate(const struct carrier_sip_options *o, char why[256])
{
	struct sip_re_tls ask = {.ca = o->tls_ca,
	    .certificate = o->tls_certificate,
	    .key = o->tls_key,
	    .name = o->host};
	struct tls *tls;

	if ((o->tls_certificate == NULL) != (o->tls_key == NULL)) {
		snprintf(why, 256, "is missing: a certificate and its key go together");
		return o->tls_key == NULL ? "tls_key" : "tls_certificate";
	}
	if (o->transport != SIP_TRANSP_TLS) {
		snprintf(why, 256, "is given without transport: tls");
		return o->tls_ca != NULL            ? "tls_ca"
		       : o->tls_certificate != NULL ? "tls_certificate"
						    : NULL;
	}
	tls = sip_re_tls_new(&ask, why);
	mem_deref(tls);
	return tls != NULL                  ? NULL
	       : o->tls_certificate != NULL ? "tls_certificate"
					    : "tls_ca";
}

static const char *
check_times(const struct carrier_sip_options *o, char why[256])
{
	if (o->answer_timeout_ms >= o->ring_timeout_ms)
		return NULL;
	snprintf(why, 256, "is less than ring_timeout, which is a part of it");
	return "answer_timeout";
}

static const char *
carrier_sip_check(const struct carrier_config *config, char why[256])
{
	const struct carrier_sip_options *o = config->options;
	const char *field = check_address("local_address", o->local_address, why);

	if (field == NULL)
		field = check_address("public_address", o->public_address, why);
	if (field == NULL)
		field = check_ports(o, why);
	if (field == NULL)
		field = check_times(o, why);
	if (field == NULL)
		field = check_certificate(o, why);
	if (field != NULL || !o->registers || o->username != NULL)
		return field;
	snprintf(why, 256, "is missing: a registration has a user");
	return "username";
}

static void
carrier_sip_warn(const struct carrier_config *config, carrier_warn_f *say, void *ctx)
{
	const struct carrier_sip_options *o = config->options;

	if (o->srtp != SIP_MEDIA_CLEAR && o->transport != SIP_TRANSP_TLS)
		say(ctx, "srtp",
		    "its keys go over a connection that anybody on the way reads: take "
		    "transport: tls");
	if (o->password != NULL && o->username == NULL)
		say(ctx, "password", "is of no use without a username");
}

/* A trunk shows some number in its place, or refuses. */
static bool
carrier_sip_needs_sender(const struct carrier_config *config)
{
	(void)config;
	return true;
}

static bool
carrier_sip_speaks(const struct carrier_config *config)
{
	(void)config;
	return true;
}

/* ---- calls ---- */

static enum err
carrier_sip_open(const struct carrier_config *config, const struct carrier_env *env,
    char why[256], struct carrier **out)
{
	struct sip_stack *stack = NULL;
	struct carrier_sip *s;
	enum err e = sip_stack_new(config, env, why, &stack);

	if (e != OK)
		return e;
	s = mem_new(sizeof(*s));
	s->magic = CARRIER_SIP_MAGIC;
	s->stack = stack;
	s->thread = sip_stack_thread(stack);
	s->trunk = sip_trunk_new(config, env, stack);
	*out = &s->carrier;
	return OK;
}

static void
carrier_sip_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx)
{
	struct carrier_sip *s = carrier_sip_of(c);

	sip_trunk_used(s->trunk);
	carrier_thread_submit(s->thread, m, done, ctx);
}

static bool
carrier_sip_is_up(const struct carrier *c)
{
	return carrier_thread_is_up(carrier_sip_of(c)->thread);
}

static bool
carrier_sip_has_room(const struct carrier *c)
{
	return carrier_thread_has_room(carrier_sip_of(c)->thread);
}

static bool
carrier_sip_is_busy(const struct carrier *c)
{
	return carrier_thread_is_busy(carrier_sip_of(c)->thread);
}

static void
carrier_sip_stop(struct carrier *c, int64_t within_ms)
{
	carrier_thread_stop(carrier_sip_of(c)->thread, within_ms);
}

static void
carrier_sip_free(struct carrier *c)
{
	struct carrier_sip *s = carrier_sip_of(c);

	sip_trunk_free(s->trunk);
	sip_stack_free(s->stack);
	mem_free(s);
}

const struct carrier_ops carrier_sip_ops = {
    .type = "sip",
    .channels = CHANNEL_BIT(CHANNEL_VOICE),
    .options_size = sizeof(struct carrier_sip_options),
    .check = carrier_sip_check,
    .warn = carrier_sip_warn,
    .needs_sender = carrier_sip_needs_sender,
    .speaks = carrier_sip_speaks,
    .open = carrier_sip_open,
    .submit = carrier_sip_submit,
    .is_up = carrier_sip_is_up,
    .has_room = carrier_sip_has_room,
    .is_busy = carrier_sip_is_busy,
    .stop = carrier_sip_stop,
    .free = carrier_sip_free,
};

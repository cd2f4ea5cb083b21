/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls by the carrier `sip` alone, for tests that look at what goes over the wire: the
 * sound is a file of theirs in the place of speech, and each outcome and receipt is a
 * line of JSON on standard output.
 *
 * usage: caller NAME=VALUE... : options of the carrier by their names in the struct, and
 *   to, from, keys (of repeatDTMF), pcm (a file of 16 bit samples), round, pin_end,
 *   calls, gap_ms (between two), life_ms, stop_ms (after which it stops, 0: when all is
 *   over), within_ms (of that stop), wait_ms (at most, for all of it)
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/secret.h"
#include "carrier/any_options.h"
#include "carrier/carrier.h"
#include "speech/speech.h"

enum { CALLS_MAX = 2048 };

static struct carrier_sip_options options = {.number_prefix = "+",
    .register_expires_ms = 60000,
    .calls_max = 400,
    .response_timeout_ms = 2000,
    .ring_timeout_ms = 5000,
    .answer_timeout_ms = 8000,
    .call_max_ms = 60000,
    .repeat_wait_ms = 2000,
    .rtp_port_min = 20000,
    .rtp_port_max = 29999};

static struct {
	const char *to;
	const char *from;
	const char *keys;
	const char *pcm;
	int64_t round;
	int64_t pin_end;
	int64_t calls;
	int64_t gap_ms;
	int64_t life_ms;
	int64_t stop_ms;
	int64_t within_ms;
	int64_t wait_ms;
} asked = {.to = "41793026727",
    .from = "41445551234",
    .calls = 1,
    .life_ms = 60000,
    .within_ms = 3000,
    .wait_ms = 30000};

#define TEXT(name)                                                                       \
	{                                                                                \
#name, &options.name, NULL                                               \
	}
#define NUMBER(name)                                                                     \
	{                                                                                \
#name, NULL, &options.name                                               \
	}
#define ASKED_TEXT(name)                                                                 \
	{                                                                                \
#name, &asked.name, NULL                                                 \
	}
#define ASKED_NUMBER(name)                                                               \
	{                                                                                \
#name, NULL, &asked.name                                                 \
	}

static const struct {
	const char *name;
	const char **text;
	int64_t *number;
} names[] = {TEXT(host), NUMBER(port), NUMBER(transport), TEXT(tls_ca), TEXT(tls_name),
    TEXT(tls_certificate), TEXT(tls_key), TEXT(username), TEXT(password), TEXT(domain),
    NUMBER(register_expires_ms), TEXT(number_prefix), NUMBER(calls_max),
    NUMBER(response_timeout_ms), NUMBER(ring_timeout_ms), NUMBER(answer_timeout_ms),
    NUMBER(call_max_ms), NUMBER(repeat_wait_ms), NUMBER(codec), NUMBER(srtp),
    TEXT(local_address), NUMBER(local_port), TEXT(public_address), NUMBER(rtp_port_min),
    NUMBER(rtp_port_max), ASKED_TEXT(to), ASKED_TEXT(from), ASKED_TEXT(keys),
    ASKED_TEXT(pcm), ASKED_NUMBER(round), ASKED_NUMBER(pin_end), ASKED_NUMBER(calls),
    ASKED_NUMBER(gap_ms), ASKED_NUMBER(life_ms), ASKED_NUMBER(stop_ms),
    ASKED_NUMBER(within_ms), ASKED_NUMBER(wait_ms)};

static struct event_base *base;
static struct carrier *carrier;
static struct event *next_call;
static int64_t began_ms;
static int64_t made;
static int64_t answers;
static int64_t receipts_due;
static bool stopping;
static int16_t *samples;
static size_t sample_count;

/* ---- in the place of speech ---- */

void
speech_say(
    struct speech *s, const struct content_voice *voice, speech_done_f *done, void *ctx)
{
	struct speech_answer a = {.err = OK, .reason = "", .count = sample_count};

	(void)s;
	(void)voice;
	a.samples = mem_array(sample_count, sizeof(*samples));
	memcpy(a.samples, samples, sample_count * sizeof(*samples));
	a.round = asked.round > 0 ? (size_t)asked.round : sample_count;
	a.pin_end = asked.pin_end > 0 ? (size_t)asked.pin_end : sample_count;
	done(ctx, &a);
}

void
speech_cancel(struct speech *s, const void *ctx)
{
	(void)s;
	(void)ctx;
}

/* ---- what comes out ---- */

static int64_t
since(void)
{
	return clock_system.steady_ms(&clock_system) - began_ms;
}

static const char *
status_name(enum report_status s)
{
	const struct report_status_row *row = report_status_find(s);

	return row == NULL ? "" : row->name;
}

static const char *
error_name(enum report_error e)
{
	const struct report_error_row *row = report_error_find(e);

	return row == NULL ? "" : row->name;
}

static void
end_if_over(void)
{
	bool over = made == asked.calls && answers == made && receipts_due == 0;

	if (stopping ? answers == made && !carrier_is_busy(carrier)
		     : over && asked.stop_ms == 0 && !carrier_is_busy(carrier))
		event_base_loopbreak(base);
}

static void
on_done(void *ctx, const struct carrier_outcome *o)
{
	answers++;
	if (o->result == CARRIER_ACCEPTED)
		receipts_due++;
	printf(
	    "{\"event\":\"outcome\",\"call\":%d,\"ms\":%d,\"result\":\"%s\",\"code\":%u,"
	    "\"reason\":\"%s\",\"id\":\"%s\",\"status\":\"%s\",\"error\":\"%s\","
	    "\"untried\":%d,\"elsewhere\":%d,\"throttled\":%d,\"final\":%d}\n",
	    (int)(intptr_t)ctx, (int)since(), carrier_result_name(o->result),
	    (unsigned)o->code, o->reason, o->message_id == NULL ? "" : o->message_id,
	    status_name(o->status), error_name(o->error), o->untried, o->elsewhere,
	    o->throttled, o->final);
	fflush(stdout);
	end_if_over();
}

static void
on_receipt(
    void *ctx, const struct carrier_config *config, const struct carrier_receipt *r)
{
	(void)ctx;
	(void)config;
	receipts_due--;
	printf("{\"event\":\"receipt\",\"ms\":%d,\"id\":\"%s\",\"status\":\"%s\","
	       "\"error\":\"%s\"}\n",
	    (int)since(), r->message_id, status_name(r->status), error_name(r->error));
	fflush(stdout);
	r->taken(r->taken_ctx, true);
	end_if_over();
}

static void
call(void)
{
	struct carrier_message m = {.pin_id = "00000000000000000000000000000001",
	    .application_id = "00000000000000000000000000000002",
	    .reference = "00000000000000000000000000000001-0",
	    .to = asked.to,
	    .from = asked.from[0] == '\0' ? NULL : asked.from,
	    .content = {.channel = CHANNEL_VOICE,
		.voice = {.text = SPAN("Your PIN is 1207"), .repeat_dtmf = asked.keys}},
	    .validity_ms = asked.life_ms};
	intptr_t i = made++;

	carrier_submit(carrier, &m, on_done, (void *)i);
}

/* All of them, a gap apart; not before it is up, for two seconds at most. */
static void
on_next(evutil_socket_t fd, short what, void *ctx)
{
	struct timeval soon = {0, 5000};
	struct timeval gap = {asked.gap_ms / 1000, asked.gap_ms % 1000 * 1000};

	(void)fd;
	(void)what;
	(void)ctx;
	if (!carrier_is_up(carrier) && since() < 2000) {
		event_add(next_call, &soon);
		return;
	}
	call();
	if (made < asked.calls && !stopping)
		event_add(next_call, &gap);
}

static void
on_changed(void *ctx)
{
	(void)ctx;
	if (carrier != NULL)
		end_if_over();
}

static void
on_stop(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	stopping = true;
	printf("{\"event\":\"stop\",\"ms\":%d}\n", (int)since());
	carrier_stop(carrier, asked.within_ms);
	end_if_over();
}

static void
on_wait(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	event_base_loopbreak(base);
}

/* ---- arguments ---- */

static void
take_argument(char *argument)
{
	char *value = strchr(argument, '=');

	if (value == NULL)
		exit(2);
	*value++ = '\0';
	if (strcmp(argument, "registers") == 0)
		options.registers = true;
	else if (strcmp(argument, "asserted_identity") == 0)
		options.asserted_identity = true;
	else
		for (size_t i = 0; i < countof(names); i++)
			if (strcmp(names[i].name, argument) != 0)
				continue;
			else if (names[i].text != NULL)
				*names[i].text = value;
			else
				*names[i].number = atoll(value);
}

/* A second of silence where there is no file. */
static void
read_samples(void)
{
	FILE *file = asked.pcm == NULL ? NULL : fopen(asked.pcm, "rb");

	sample_count = SPEECH_HZ;
	if (file != NULL) {
		fseek(file, 0, SEEK_END);
		sample_count = (size_t)ftell(file) / sizeof(*samples);
		rewind(file);
	}
	samples = mem_array(sample_count, sizeof(*samples));
	if (file != NULL && fread(samples, sizeof(*samples), sample_count, file) == 0)
		exit(2);
	if (file != NULL)
		fclose(file);
}

static void
after(event_callback_fn run, int64_t ms)
{
	struct timeval tv = {ms / 1000, ms % 1000 * 1000};

	event_base_once(base, -1, EV_TIMEOUT, run, NULL, &tv);
}

static void
say_use(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	printf(
	    "{\"event\":\"end\",\"ms\":%d,\"cpu_ms\":%d,\"rss_kb\":%d,\"answers\":%d}\n",
	    (int)since(),
	    (int)(use.ru_utime.tv_sec * 1000 + use.ru_utime.tv_usec / 1000 +
		  use.ru_stime.tv_sec * 1000 + use.ru_stime.tv_usec / 1000),
	    (int)use.ru_maxrss, (int)answers);
}

int
main(int argc, char **argv)
{
	struct carrier_config config = {
	    .name = "trunk", .type = "sip", .options = &options};
	struct carrier_env env = {.clock = &clock_system,
	    .entropy = &entropy_system,
	    .data_dir = "/tmp",
	    .changed = on_changed,
	    .receipt = on_receipt};
	char why[256] = "";
	const char *field;

	for (int i = 1; i < argc; i++)
		take_argument(argv[i]);
	secret_init();
	read_samples();
	base = env.base = event_base_new();
	began_ms = clock_system.steady_ms(&clock_system);
	field = carrier_check(&config, why);
	if (field != NULL || carrier_open(&config, &env, why, &carrier) != OK) {
		printf("{\"event\":\"fault\",\"field\":\"%s\",\"why\":\"%s\"}\n",
		    field == NULL ? "" : field, why);
		return 1;
	}
	next_call = evtimer_new(base, on_next, NULL);
	on_next(-1, 0, NULL);
	if (asked.stop_ms > 0)
		after(on_stop, asked.stop_ms);
	after(on_wait, asked.wait_ms);
	event_base_dispatch(base);
	carrier_free(carrier);
	say_use();
	event_free(next_call);
	event_base_free(base);
	mem_free(samples);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server: puts the rooms together, waits for a signal, takes them apart again.
 * This thread does nothing else but the housekeeping.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "conf/routing.h"
#include "server/auth_log.h"
#include "server/command.h"
#include "delivery/delivery_loop.h"
#include "server/first_start.h"
#include "server/housekeeping.h"
#include "http/http.h"
#include "server/listeners.h"
#include "server/readiness.h"
#include "server/signals.h"
#include "http/tls.h"
#include "server/reporter.h"
#include "speech/speech.h"
#include "store/access.h"
#include "store/keyring.h"
#include "store/outbox.h"
#include "store/outgoing.h"
#include "store/store.h"

enum {
	STOP_MS = 10000,     /* all of stopping, of which are kept free */
	STOP_SLACK_MS = 500, /* for the threads to end */
	STOP_STORE_MS = 1000,
	STOP_REPORTER_MS = 500,
	STOP_HTTP_MS = 6000,   /* the most that callers get of it, or with a longer */
	STOP_CALLER_MS = 1000, /* accept_wait that and this */
	THROTTLES_MAX = 64,
	RECOVERY_CHUNK = 1000,
	THREADS_MAX = 8,
	DESCRIPTORS_SPARE = 128,
	STRICT_TTL_MS = 10 * 60 * 1000,
	STRICT_ATTEMPTS = 5,
	STRICT_LENGTH = 6,
	STRICT_FAILURES = 20
};

struct server {
	struct conf conf;
	struct store *store;
	struct speech *speech; /* NULL: no carrier speaks */
	struct delivery_loop *delivery;
	struct reporter *reporter;
	struct api *api;
	struct auth_log *auth_log;
	struct listeners listeners;
	struct readiness readiness;
	struct http *http;
	int lock_fd;
	bool fresh; /* the first key was made by this start */
};

/* ---- the data directory is ours alone ---- */

static enum err
take_lock(struct server *s)
{
	char path[4096];

	if (file_make_folder(s->conf.data) != OK) {
		cli_fail("%s: %s", s->conf.data, strerror(errno));
		return ERR_IO;
	}
	if (snprintf(path, sizeof(path), "%s/lock", s->conf.data) >= (int)sizeof(path)) {
		cli_fail("the path of the data directory is too long");
		return ERR_INVALID;
	}
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd >= 0 && flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return OK;
	if (s->lock_fd >= 0 && errno == EWOULDBLOCK)
		cli_fail("another watchword serves %s", s->conf.data);
	else
		cli_fail("%s: %s", path, strerror(errno));
	return ERR_BUSY;
}

/* ---- putting together ---- */

/* Once each, when the accounts of the store are known too. */
static enum err
log_warnings(struct server *s)
{
	enum err e = cli_warn_accounts(&s->conf, s->store);

	if (e != OK)
		cli_fail("looking accounts up: %s", err_text(e));
	for (const struct conf_warning *w = s->conf.warnings; w != NULL; w = w->next)
		log_event(LOG_LEVEL_WARNING, "configuration", LOG_TEXT("field", w->field),
		    LOG_INT("line", w->line), LOG_TEXT("reason", w->what));
	return e;
}

static void
access_changed(void *ctx, const struct access *access)
{
	struct server *s = ctx;

	api_access_changed(s->api, access);
}

static void
session_changed(void *ctx, const struct session_job *j)
{
	struct server *s = ctx;

	api_session_changed(s->api, j);
}

static void
reports_owed(void *ctx)
{
	struct server *s = ctx;

	reporter_wake(s->reporter);
}

static enum err
open_reporter(struct server *s)
{
	char why[256] = "";
	enum err e = reporter_open(&s->conf, s->store, why, &s->reporter);

	if (e != OK)
		cli_fail("%s", why);
	return e;
}

static enum err
open_store(struct server *s)
{
	struct store_options o = {.data_dir = s->conf.data,
	    .queue_max = (size_t)s->conf.queue_max,
	    .batch_max = (size_t)s->conf.batch_max,
	    .key_rotation_ms = s->conf.key_rotation_ms,
	    .clock = &clock_system,
	    .entropy = &entropy_system,
	    .access_changed = access_changed,
	    .session_changed = session_changed,
	    .reports_owed = reports_owed,
	    .ctx = s};
	char why[256] = "";
	int64_t key_id;
	int64_t now_ms;
	enum err e = store_open(&o, why, &s->store);

	if (e != OK) {
		cli_fail("%s", why);
		return e;
	}
	/* the first PIN shall not be the one that finds out whether a key can be made */
	now_ms = store_now_ms(s->store);
	e = keyring_current(store_keyring(s->store), now_ms, now_ms, &key_id);
	if (e != OK)
		cli_fail("the keyring in %s: %s", s->conf.data, err_text(e));
	return e;
}

static struct application_caps
strict_caps(void)
{
	return (struct application_caps){.strict = true,
	    .ttl_ms_max = STRICT_TTL_MS,
	    .attempts_max = STRICT_ATTEMPTS,
	    .pin_length_min = STRICT_LENGTH};
}

/* The rules of the options, and one of a part of an operation. */
struct throttling {
	struct throttle_rule rules[THROTTLES_MAX];
	char verifications_all[32];
};

static size_t
throttles(const struct conf *conf, struct throttling *t)
{
	struct text_pair pairs[THROTTLES_MAX];
	size_t n = conf_throttles(conf, pairs, THROTTLES_MAX - 1);

	for (size_t i = 0; i < n; i++)
		t->rules[i] = (struct throttle_rule){pairs[i].name, pairs[i].value};
	snprintf(t->verifications_all, sizeof(t->verifications_all), "%lld/1m",
	    (long long)conf->verifications_all);
	t->rules[n] =
	    (struct throttle_rule){"limits.verifications_all", t->verifications_all};
	return n + 1;
}

static void
make_api(struct server *s)
{
	struct throttling throttling;
	bool strict = s->conf.profile == CONF_PROFILE_STRICT;
	struct api_options o = {.store = s->store,
	    .clock = &clock_system,
	    .entropy = &entropy_system,
	    .logins_per_address = s->conf.logins_per_address,
	    .logins_per_user = s->conf.logins_per_user,
	    .logins_hash_share = s->conf.logins_hash_share,
	    .signed_in = auth_log_signed_in,
	    .log = s->auth_log,
	    .deliver = delivery_loop_take,
	    .receive = delivery_loop_receive,
	    .ready = readiness_ask,
	    .readiness = &s->readiness,
	    .explain = s->conf.route_explain ? delivery_loop_explain : NULL,
	    .ctx = s->delivery,
	    .create_application_status =
		(enum created_status)s->conf.create_application_status,
	    .answers_max = s->conf.answers_max,
	    .throttles = throttling.rules,
	    .throttle_count = throttles(&s->conf, &throttling),
	    .cors_v2 = s->conf.cors_v2,
	    .template_placeholder_required = s->conf.template_placeholder_required,
	    .resends_per_pin = s->conf.resends_per_pin,
	    .resend_interval_ms = s->conf.resend_interval_ms,
	    .channels = routing_channels(&s->conf),
	    .failures_max = strict ? STRICT_FAILURES : 0};

	if (strict)
		o.caps = strict_caps();
	s->api = api_new(&o);
}

static bool
some_carrier_speaks(const struct conf *c)
{
	for (size_t i = 0; i < c->carrier_count; i++)
		if (carrier_speaks(&c->carriers[i]))
			return true;
	return false;
}

static enum err
open_speech(struct server *s)
{
	char why[256] = "";
	enum err e = OK;

	if (some_carrier_speaks(&s->conf))
		e = speech_open(&s->conf.speech, s->conf.data, why, &s->speech);
	if (e != OK)
		cli_fail("speech: %s", why);
	return e;
}

static enum err
open_delivery(struct server *s)
{
	struct delivery_loop_options o = {.conf = &s->conf,
	    .store = s->store,
	    .speech = s->speech,
	    .clock = &clock_system,
	    .entropy = &entropy_system};
	char why[256] = "";
	enum err e = delivery_loop_open(&o, why, &s->delivery);

	if (e != OK)
		cli_fail("%s", why);
	return e;
}

/* The first of a chain, or NULL. */
static void
hand_on(struct server *s, struct outgoing_message *first)
{
	struct task *t = first == NULL ? NULL : &first->task;

	while (t != NULL) {
		struct task *next = t->next;

		delivery_loop_take(
		    s->delivery, container_of(t, struct outgoing_message, task));
		t = next;
	}
}

/*
 * The lock on the data directory says that the last owner is gone, so what it left open
 * is ours.
 */
static enum err
take_over(struct server *s)
{
	struct arena arena;
	struct lease_job j = {.job = {.verb = VERB_LEASE, .arena = &arena}};
	enum err e;

	arena_init(&arena);
	e = store_run(s->store, &j.job);
	arena_fini(&arena);
	if (e != OK)
		cli_fail("taking over open messages: %s", err_text(e));
	return e;
}

/* Messages that were committed and not sent when the last run ended go to delivery first.
 */
static enum err
recover(struct server *s)
{
	struct open_messages_job j;
	struct arena arena;
	size_t all = 0;
	enum err e = OK;
	struct ident pin = {{0}};
	unsigned seq = 0;

	do {
		arena_init(&arena);
		j = (struct open_messages_job){
		    .job = {.verb = VERB_OPEN_MESSAGES, .arena = &arena},
		    .after_pin = pin,
		    .after_seq = seq,
		    .limit = RECOVERY_CHUNK};
		e = store_run(s->store, &j.job);
		hand_on(s, j.first);
		pin = j.after_pin;
		seq = j.after_seq;
		all += j.count;
		arena_fini(&arena);
	} while (e == OK && j.count == RECOVERY_CHUNK);
	if (e != OK)
		cli_fail("reading open messages: %s", err_text(e));
	else if (all > 0)
		log_event(LOG_LEVEL_INFO, "recovered", LOG_INT("messages", (int64_t)all));
	return e;
}

static unsigned
thread_count(const struct conf *conf)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN) / 2;

	if (conf->http_threads > 0)
		return (unsigned)conf->http_threads;
	return cores < 1 ? 1 : cores > THREADS_MAX ? THREADS_MAX : (unsigned)cores;
}

/* As many connections as are allowed need as many descriptors. */
static int64_t
connections_max(const struct conf *conf)
{
	struct rlimit l;
	int64_t most = conf->connections_max;

	if (getrlimit(RLIMIT_NOFILE, &l) != 0)
		return most;
	l.rlim_cur = l.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &l);
	if (l.rlim_cur == RLIM_INFINITY ||
	    (int64_t)l.rlim_cur - DESCRIPTORS_SPARE >= most)
		return most;
	most = (int64_t)l.rlim_cur > 2 * DESCRIPTORS_SPARE
		   ? (int64_t)l.rlim_cur - DESCRIPTORS_SPARE
		   : (int64_t)l.rlim_cur / 2;
	log_event(LOG_LEVEL_WARNING, "connections_limited", LOG_INT("connections", most),
	    LOG_TEXT("reason", "the limit on open files (RLIMIT_NOFILE)"));
	return most;
}

/* The texts were checked when they were read. */
static struct forwarded_rules
trusted(struct conf *conf)
{
	const struct text_list *texts = &conf->trusted_proxies;
	struct address_net *nets =
	    arena_alloc(&conf->arena, (texts->count + 1) * sizeof(*nets));

	for (size_t i = 0; i < texts->count; i++)
		INVARIANT(address_net_parse(span_of(texts->items[i]), &nets[i]));
	return (struct forwarded_rules){
	    nets, texts->count, (enum forwarded_header)conf->forwarded_header};
}

static enum err
open_http(struct server *s)
{
	struct http_options o = {.listeners = s->listeners.items,
	    .listener_count = s->listeners.count,
	    .proxies = trusted(&s->conf),
	    .api = s->api,
	    .clock = &clock_system,
	    .threads = thread_count(&s->conf),
	    .log = (enum http_log)s->conf.log_requests,
	    .connections_max = connections_max(&s->conf),
	    .body_max = s->conf.body_max,
	    .header_timeout_ms = s->conf.header_timeout_ms,
	    .body_timeout_ms = s->conf.body_timeout_ms,
	    .idle_timeout_ms = s->conf.idle_timeout_ms};
	char why[256] = "";
	enum err e = http_open(&o, why, &s->http);

	if (e != OK)
		cli_fail("%s", why);
	return e;
}

static enum err
server_open(struct server *s)
{
	enum err e = take_lock(s);

	readiness_init(&s->readiness, &clock_system);
	conf_trial_carrier(&s->conf, isatty(STDOUT_FILENO) == 1);
	if (e == OK)
		e = listeners_init(
		    &s->conf, clock_system.wall_ms(&clock_system), &s->listeners);
	if (e == OK)
		e = open_store(s);
	if (e == OK)
		e = first_start(s->store, s->conf.data, &s->fresh);
	if (e == OK)
		e = log_warnings(s);
	if (e == OK)
		e = open_reporter(s);
	if (e == OK)
		e = open_speech(s);
	if (e == OK)
		e = open_delivery(s);
	if (e == OK)
		e = take_over(s);
	if (e == OK)
		e = recover(s);
	if (e != OK)
		return e;
	s->auth_log = auth_log_new(&clock_system);
	make_api(s);
	return open_http(s);
}

/* ---- running ---- */

static void
welcome(const struct server *s)
{
	bool trial = s->conf.carrier_count == 1 &&
		     strcmp(s->conf.carriers[0].name, "trial") == 0 &&
		     strcmp(s->conf.carriers[0].type, "file") == 0;

	char url[128];

	snprintf(url, sizeof(url), "%s://%s",
	    s->listeners.items[0].tls == NULL ? "http" : "https",
	    http_address(s->http, 0));
	printf("Watchword " WW_VERSION " answers on %s, with its data in %s\n", url,
	    s->conf.data);
	if (trial)
		printf("For trying out only: no carrier is configured, and messages with "
		       "their PINs "
		       "go into %s/messages.jsonl\n",
		    s->conf.data);
	first_start_welcome(s->conf.data, url, s->fresh);
	fflush(stdout);
}

static void
say_listening(const struct server *s)
{
	for (size_t i = 0; i < s->listeners.count; i++)
		log_event(LOG_LEVEL_INFO, "listening",
		    LOG_TEXT("address", http_address(s->http, i)),
		    LOG_TEXT(
			"scheme", s->listeners.items[i].tls == NULL ? "http" : "https"));
}

static int64_t
left_ms(int64_t until_ms)
{
	int64_t left = until_ms - clock_system.steady_ms(&clock_system);

	return left > 0 ? left : 0;
}

/* When something has to be done, in steady time. */
struct due {
	int64_t work_ms;  /* housekeeping */
	int64_t flush_ms; /* the log of sign-ins */
	int64_t look_ms;  /* at the files of TLS */
};

static void
do_what_is_due(struct server *s, struct housekeeping *keeper, struct due *due)
{
	int64_t now_ms = clock_system.steady_ms(&clock_system);
	int64_t rest_ms;

	if (now_ms >= due->flush_ms) {
		due->flush_ms = now_ms + HOUSEKEEPING_S * 1000;
		auth_log_flush(s->auth_log);
	}
	if (now_ms < due->work_ms)
		return;
	rest_ms = housekeeping_tick(keeper);
	due->work_ms = rest_ms < 0 ? now_ms + HOUSEKEEPING_S * 1000
				   : clock_system.steady_ms(&clock_system) + rest_ms;
}

/* Until the next of them, or a signal. Without TLS there is nothing to look at in
 * between: then the machine may sleep. */
static int
wait_for_signal(const struct server *s, const sigset_t *signals, const struct due *due)
{
	int64_t at_ms = due->work_ms < due->flush_ms ? due->work_ms : due->flush_ms;
	struct timespec wait;
	int64_t wait_ms;

	if (listeners_have_tls(&s->listeners) && due->look_ms < at_ms)
		at_ms = due->look_ms;
	wait_ms = left_ms(at_ms);
	wait = (struct timespec){wait_ms / 1000, wait_ms % 1000 * 1000000};
	return sigtimedwait(signals, NULL, &wait);
}

/* The use of SIGHUP here, and the uses that people expect and that it does not have. */
static void
log_reload(const struct server *s)
{
	log_event(LOG_LEVEL_INFO, "reload",
	    LOG_TEXT("read", listeners_have_tls(&s->listeners)
				 ? "the certificates of the listeners"
				 : "nothing: no listener has a certificate"),
	    LOG_TEXT("notRead", "the configuration and the secrets that it names: "
				"they are read at a start"));
}

static void
check_certificates(struct server *s, bool asked)
{
	listeners_look(&s->listeners, clock_system.wall_ms(&clock_system), asked);
	if (asked)
		log_reload(s);
}

/* Whether it says to stop; the others are answered. */
static bool
take_signal(struct server *s, int got)
{
	if (got <= 0)
		return false;
	switch (signals_request(got)) {
	case SIGNAL_STOP:
		return true;
	case SIGNAL_RELOAD:
		check_certificates(s, true);
		return false;
	case SIGNAL_NOTHING:
		signals_log_ignored(got);
		return false;
	}
	return false;
}

/* Work that is due now and then, until a signal says to stop. */
static int
run_until_signal(struct server *s, struct housekeeping *keeper, const sigset_t *signals)
{
	struct due due = {
	    .look_ms = clock_system.steady_ms(&clock_system) + TLS_LOOK_S * 1000};
	int got;

	do {
		int64_t now_ms;

		do_what_is_due(s, keeper, &due);
		got = wait_for_signal(s, signals, &due);
		now_ms = clock_system.steady_ms(&clock_system);
		if (now_ms < due.look_ms)
			continue;
		due.look_ms = now_ms + TLS_LOOK_S * 1000;
		check_certificates(s, false);
	} while (!take_signal(s, got));
	return got;
}

/* A watcher sees that we are not ready, and sends nobody any more; until then requests
 * are served. A second signal is an end of that. */
static void
give_grace(struct server *s, const sigset_t *signals)
{
	int64_t until_ms = clock_system.steady_ms(&clock_system) + s->conf.stop_grace_ms;
	int got = 0;

	readiness_set(&s->readiness, false);
	if (s->conf.stop_grace_ms == 0 || !readiness_is_watched(&s->readiness))
		return;
	log_event(LOG_LEVEL_INFO, "grace", LOG_INT("ms", s->conf.stop_grace_ms));
	http_drain(s->http);
	while (!take_signal(s, got) && left_ms(until_ms) > 0) {
		int64_t wait_ms = left_ms(until_ms);
		struct timespec wait = {wait_ms / 1000, wait_ms % 1000 * 1000000};

		got = sigtimedwait(signals, NULL, &wait);
	}
}

/* Callers that wait for a carrier are answered in accept_wait. */
static int64_t
callers_ms(const struct server *s)
{
	int64_t wait_ms = s->conf.accept_wait_ms + STOP_CALLER_MS;

	return wait_ms > STOP_HTTP_MS ? wait_ms : STOP_HTTP_MS;
}

/*
 * One deadline for all of it. The first part gets the time that is left, less what the
 * others need; the store's part, the last commit and the checkpoint, is nobody else's.
 */
static void
stop(struct server *s)
{
	int64_t now_ms = clock_system.steady_ms(&clock_system);
	int64_t http_ms = callers_ms(s);
	int64_t until_ms =
	    now_ms + STOP_MS - STOP_SLACK_MS - STOP_STORE_MS + http_ms - STOP_HTTP_MS;

	http_stop(s->http, http_ms);
	delivery_loop_stop(s->delivery, left_ms(until_ms - STOP_REPORTER_MS));
	reporter_stop(s->reporter, left_ms(until_ms));
	store_close(s->store);
	s->store = NULL;
}

static enum err
begin_to_serve(struct server *s)
{
	char why[256] = "";
	enum err e;

	store_start(s->store);
	reporter_start(s->reporter);
	delivery_loop_start(s->delivery);
	e = http_start(s->http, why);
	if (e != OK) {
		cli_fail("%s", why);
		return e;
	}
	readiness_set(&s->readiness, true);
	say_listening(s);
	welcome(s);
	return OK;
}

static enum err
run(struct server *s, const sigset_t *signals)
{
	struct housekeeping *keeper =
	    housekeeping_new(s->store, &clock_system, s->conf.retention_ms);
	enum err e = begin_to_serve(s);
	int got;

	if (e == OK) {
		got = run_until_signal(s, keeper, signals);
		log_event(LOG_LEVEL_INFO, "stopping", LOG_TEXT("signal", strsignal(got)));
		give_grace(s, signals);
	}
	stop(s);
	housekeeping_free(keeper);
	return e;
}

/* The store first, then the api: until their threads have ended they hand things to the
 * others. */
static void
server_close(struct server *s)
{
	store_close(s->store);
	api_stop(s->api);
	delivery_loop_free(s->delivery);
	speech_close(s->speech);
	reporter_free(s->reporter);
	http_free(s->http);
	listeners_fini(&s->listeners);
	api_free(s->api);
	if (s->auth_log != NULL)
		auth_log_flush(s->auth_log);
	auth_log_free(s->auth_log);
	if (s->lock_fd >= 0)
		close(s->lock_fd);
	conf_fini(&s->conf);
}

/* libevent ends the process by itself when it has no descriptors left for a loop. */
static void
loop_failed(int err)
{
	(void)err; /* 1, or 0xdeaddead for a fault of its own */
	panic("no event loop can be made: %s", strerror(errno));
}

int
command_serve(const struct cli *cli)
{
	struct server s = {.lock_fd = -1};
	sigset_t signals;
	enum err e;

	if (cli_conf(cli, &s.conf) != OK)
		return CLI_FAILED;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ,
	    SIG_IGN); /* a file that may not grow is a full disk, no reason to die */
	signals_block(&signals);
	event_set_mem_functions(mem_raw_alloc, mem_raw_resize, mem_free);
	event_set_fatal_callback(loop_failed);
	log_set_level((enum log_level)s.conf.log_level);
	e = server_open(&s);
	if (e == OK)
		e = run(&s, &signals);
	server_close(&s);
	if (e == OK)
		log_event(LOG_LEVEL_INFO, "stopped");
	libevent_global_shutdown();
	return e == OK ? EXIT_SUCCESS : CLI_FAILED;
}

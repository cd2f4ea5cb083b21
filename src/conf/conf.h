/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one row per option in conf.def gives its parser, bounds, default and
 * manual. Read once at start; nothing here changes afterwards.
 *
 * A fault of a file is said in one line, `FILE:LINE: field: what`, and a file with any
 * error is not used at all.
 */
#ifndef WW_CONF_H
#define WW_CONF_H

#include <stdio.h>

#include "base/arena.h"
#include "base/texts.h"
#include "carrier/carrier.h"
#include "lookup/lookup.h"
#include "speech/options.h"
#include "twofa/message.h"

enum {
	CONF_CARRIERS_MAX = 32,
	CONF_ROUTES_MAX = 1024,
	CONF_REPORTS_MAX = 256,
	CONF_ROUTE_CARRIERS_MAX = 8,
	CONF_LISTENERS_MAX = 15
};

#define CONF_LISTEN_DEFAULT "127.0.0.1:8080"

enum conf_profile { CONF_PROFILE_COMPATIBLE, CONF_PROFILE_STRICT };

/* A carrier of a route: those of the lowest rank first, among equals by weight. */
struct conf_choice {
	const struct carrier_config *carrier;
	unsigned rank;
	unsigned weight;
};

struct conf_price {     /* of one segment */
	int64_t micros; /* millionths */
	char currency[4];
	bool given;
};

/* Messages of one channel to numbers that begin with `prefix`, or of `countries`. */
struct conf_route {
	int line;
	const char *prefix; /* digits; "" without countries takes all */
	struct text_list countries;
	int64_t channel_number;  /* enum channel */
	const char *sender;      /* NULL: not given */
	struct text_map senders; /* by country, before `sender` */
	const char *price_text;
	struct conf_price price;
	const char *deny; /* why nothing goes there; NULL: it does */
	struct conf_choice carriers[CONF_ROUTE_CARRIERS_MAX];
	size_t carrier_count;
};

struct conf_listener {
	int line;
	const char *address;
	const char *certificate; /* NULL: plain HTTP; then there is no key either */
	const char *key;
};

struct conf_pattern;

/* A warning: a file may say this and probably does not mean it. */
struct conf_warning {
	struct conf_warning *next;
	int line; /* 0: it does not stand in the file */
	const char *field;
	const char *what;
};

/* Somebody who wants delivery reports. */
struct conf_report {
	int line;
	const char *name;
	const char *account;
	const char *url;
	const char *secret;
	struct text_list events;
	unsigned groups; /* 1 << group of each status in `events` */
	bool allow_http;
	bool allow_private;
	const char *ca_file;
};

/* Rates by the name of an operation; NULL: no throttle. */
struct conf_throttles {
	const char *application_list;
	const char *application_create;
	const char *application_get;
	const char *application_update;
	const char *email_template_create;
	const char *email_template_update;
	const char *email_template_list;
	const char *key_create;
	const char *key_update;
	const char *key_list;
	const char *key_get;
	const char *template_create;
	const char *template_update;
	const char *template_get;
	const char *template_list;
	const char *send;
	const char *resend;
	const char *verify;
	const char *verifications;
	const char *status;
};

struct conf {
	struct arena arena; /* holds every text */
	const char *listen; /* NULL: nothing beside the listeners */
	struct text_list trusted_proxies;
	int64_t forwarded_header; /* enum forwarded_header */
	size_t listener_count;
	struct conf_listener *listeners;
	const char *data;
	int64_t profile;                   /* enum conf_profile */
	int64_t create_application_status; /* enum created_status */
	bool template_placeholder_required;
	bool route_explain;
	const char *cors_v2;
	int64_t resends_per_pin;
	int64_t resend_interval_ms;
	int64_t verifications_all; /* a minute */
	struct conf_throttles throttles;
	int64_t logins_per_address;
	int64_t logins_per_user;
	int64_t logins_hash_share;
	int64_t accept_wait_ms;
	int64_t delivery_attempts;
	int64_t expiry_margin_ms;
	int64_t half_wait_ms;
	int64_t stop_grace_ms;
	int64_t http_threads; /* 0: by the number of cores */
	int64_t connections_max;
	int64_t body_max;
	int64_t answers_max;
	int64_t header_timeout_ms;
	int64_t body_timeout_ms;
	int64_t idle_timeout_ms;
	const char *public_url; /* NULL: not given */
	int64_t queue_max;
	int64_t batch_max;
	int64_t retention_ms;
	int64_t key_rotation_ms;
	int64_t log_level;    /* enum log_level */
	int64_t log_requests; /* enum http_log */
	struct lookup_config lookup;
	struct speech_options speech;
	int64_t report_retries;
	int64_t report_retry_unit_ms;
	int64_t report_timeout_ms;
	int64_t report_concurrency;
	int64_t report_queue_max;
	int64_t report_receipt_wait_ms;
	size_t report_count;
	struct conf_report *reports;
	size_t carrier_count;
	struct carrier_config *carriers;
	size_t route_count;
	struct conf_route *routes;
	size_t pattern_count;
	struct conf_pattern *patterns; /* of routes, sorted; routing.c's */
	struct conf_warning *warnings; /* in the order in which they were found */
};

/* The defaults alone: no carriers, no routes. */
void conf_init(struct conf *c);
void conf_fini(struct conf *c);
/*
 * Reads a YAML file over the defaults. ERR_INVALID: every fault found was written
 * to `errors`, a line each. ERR_IO: the file cannot be read; said there as well.
 */
enum err conf_load(struct conf *c, const char *path, FILE *errors) MUST_CHECK;
/* Where there are no carriers: one that writes messages into a file of the data
 * directory, for trying out, and with `echo` to standard output too. */
void conf_trial_carrier(struct conf *c, bool echo);
/* One more warning; its texts are copied. */
void conf_warning_add(struct conf *c, int line, const char *field, const char *what);
/* Warns where that address of a listener of plain HTTP can be reached from outside. */
void conf_warn_plain(struct conf *c, int line, const char *field, const char *address);
/* The throttles that are set, as many as there is room for; how many. */
size_t conf_throttles(
    const struct conf *c, struct text_pair *out, size_t room) MUST_CHECK;
/* doc/configuration.md. */
void conf_print_manual(FILE *to);

#endif

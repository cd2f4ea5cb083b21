/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applications: the six configuration members of contract 1.1, their defaults and
 * bounds, and how a request changes them. v1 sends numbers where v2 sends the
 * grammar of period.h; both are kept as the same texts, so an application made by
 * one version is read by the other (contract 1.4, 1.5).
 */
#ifndef WW_APPLICATION_H
#define WW_APPLICATION_H

#include "base/fail.h"
#include "base/json.h"
#include "twofa/ident.h"
#include "twofa/period.h"

enum {
	APPLICATION_NAME_MAX = 255, /* characters */
	APPLICATION_ATTEMPTS_MAX = 1000,
};

struct application_config {
	int64_t pin_attempts;
	bool allow_multiple; /* may a verified PIN be verified again */
	struct duration pin_ttl;
	struct rate verify_limit;
	struct rate send_application_limit;
	struct rate send_phone_limit;
};

struct application {
	struct ident account;
	struct ident id;
	struct ident process; /* v1's conversion tracking id */
	const char *name;
	bool enabled;
	bool v1_texts; /* the last v1 request wrote durations as texts: answer v1 so */
	int64_t created_at_ms;
	struct application_config config;
};

/* A request's members; what is not set keeps its value. */
struct application_change {
	const char *name;
	struct opt_bool enabled;
	struct opt_int pin_attempts;
	struct opt_bool allow_multiple;
	const char *pin_ttl;
	const char *verify_limit;
	const char *send_application_limit;
	const char *send_phone_limit;
	/* v1 numbers, in milliseconds */
	struct opt_int pin_ttl_ms;
	struct opt_int verify_count;
	struct opt_int verify_period_ms;
	struct opt_int send_phone_count;
	struct opt_int send_phone_period_ms;
	struct opt_int send_application_count;
	struct opt_int send_application_period_ms;
};

/* The bounds that `profile: strict` puts on a configuration when a PIN is generated (NIST
 * SP 800-63B-4 3.1.3.2, PSD2 RTS 4). */
struct application_caps {
	bool strict;
	int64_t ttl_ms_max;
	int64_t attempts_max;
	unsigned pin_length_min;
};

/* Infobip's defaults: 10 attempts, multiple, 15m, 1/3s, 10000/1d, 3/1d; enabled. */
void application_init(struct application *app);
/* ERR_INVALID when `fail` was added to; `app` is then half changed and to be dropped. */
enum err application_apply(struct application *app, const struct application_change *c,
    struct fail *fail) MUST_CHECK;
/* The texts of a stored row; ERR_CORRUPT when one cannot be read. */
enum err application_load(struct application_config *config, const char *pin_ttl,
    const char *verify_limit, const char *send_application_limit,
    const char *send_phone_limit) MUST_CHECK;
void application_cap(
    struct application_config *config, const struct application_caps *caps);

#endif

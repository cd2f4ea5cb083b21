/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/application.h"

#define PREFIX "configuration."

void
application_init(struct application *app)
{
	*app = (struct application){.enabled = true};
	app->config.pin_attempts = 10;
	app->config.allow_multiple = true;
	INVARIANT(
	    application_load(&app->config, "15m", "1/3s", "10000/1d", "3/1d") == OK);
}

static void
apply_duration(const char *field, const char *text, const struct opt_int *ms,
    struct duration *out, struct fail *fail)
{
	enum err e = OK;

	if (text != NULL)
		e = period_parse_duration(span_of(text), PERIOD_MS_YEAR, out);
	else if (ms->set)
		e = period_duration_from_ms(ms->value, PERIOD_MS_YEAR, out);
	if (e == ERR_SYNTAX)
		fail_add(fail, field, "must be a duration such as 15m");
	else if (e != OK)
		fail_add(fail, field, "must be more than 0 and at most one year");
}

/* One rate of the configuration, as v2 and as v1 name it. */
struct rate_names {
	const char *text;
	const char *count;
	const char *period;
	int64_t period_ms_max;
};

static void
apply_rate_text(
    const struct rate_names *names, const char *text, struct rate *out, struct fail *fail)
{
	enum err e = period_parse_rate(span_of(text), names->period_ms_max, out);

	if (e == ERR_SYNTAX)
		fail_add(fail, names->text, "must be a rate such as 3/1d");
	else if (e != OK)
		fail_add(fail, names->text,
		    "must allow at least 1 in a period of at most %s",
		    names->period_ms_max == PERIOD_MS_DAY ? "one day" : "one year");
}

static void
apply_rate_numbers(const struct rate_names *names, const struct opt_int *count,
    const struct opt_int *period_ms, struct rate *out, struct fail *fail)
{
	int64_t n = count->set ? count->value : out->count;
	int64_t ms = period_ms->set ? period_ms->value : out->period_ms;

	if (!count->set && !period_ms->set)
		return;
	if (n < 1 || n > RATE_COUNT_MAX)
		fail_add(
		    fail, names->count, "must be between 1 and %d", (int)RATE_COUNT_MAX);
	else if (period_rate_from_numbers(n, ms, names->period_ms_max, out) != OK)
		fail_add(fail, names->period, "must be between 1 and %lld milliseconds",
		    (long long)names->period_ms_max);
}

static const struct rate_names verify_names = {PREFIX "verifyPinLimit",
    PREFIX "verificationAttempts", PREFIX "verificationIntervalLength", PERIOD_MS_DAY};
static const struct rate_names application_names = {PREFIX "sendPinPerApplicationLimit",
    PREFIX "overallInitiationAttempts", PREFIX "overallInitiationIntervalLength",
    PERIOD_MS_YEAR};
static const struct rate_names phone_names = {PREFIX "sendPinPerPhoneNumberLimit",
    PREFIX "initiationAttempts", PREFIX "initiationIntervalLength", PERIOD_MS_YEAR};

static void
apply_rates(struct application_config *config, const struct application_change *c,
    struct fail *fail)
{
	if (c->verify_limit != NULL)
		apply_rate_text(
		    &verify_names, c->verify_limit, &config->verify_limit, fail);
	apply_rate_numbers(&verify_names, &c->verify_count, &c->verify_period_ms,
	    &config->verify_limit, fail);
	if (c->send_application_limit != NULL)
		apply_rate_text(&application_names, c->send_application_limit,
		    &config->send_application_limit, fail);
	apply_rate_numbers(&application_names, &c->send_application_count,
	    &c->send_application_period_ms, &config->send_application_limit, fail);
	if (c->send_phone_limit != NULL)
		apply_rate_text(
		    &phone_names, c->send_phone_limit, &config->send_phone_limit, fail);
	apply_rate_numbers(&phone_names, &c->send_phone_count, &c->send_phone_period_ms,
	    &config->send_phone_limit, fail);
}

enum err
application_apply(
    struct application *app, const struct application_change *c, struct fail *fail)
{
	unsigned before = fail->count;

	if (c->name != NULL)
		app->name = c->name;
	if (c->enabled.set)
		app->enabled = c->enabled.value;
	if (c->allow_multiple.set)
		app->config.allow_multiple = c->allow_multiple.value;
	if (c->pin_attempts.set)
		app->config.pin_attempts = c->pin_attempts.value;
	if (app->config.pin_attempts < 1 ||
	    app->config.pin_attempts > APPLICATION_ATTEMPTS_MAX)
		fail_add(fail, PREFIX "pinAttempts", "must be between 1 and %d",
		    APPLICATION_ATTEMPTS_MAX);
	apply_duration(PREFIX "pinTimeToLive", c->pin_ttl, &c->pin_ttl_ms,
	    &app->config.pin_ttl, fail);
	apply_rates(&app->config, c, fail);
	return fail->count == before ? OK : ERR_INVALID;
}

enum err
application_load(struct application_config *config, const char *pin_ttl,
    const char *verify_limit, const char *send_application_limit,
    const char *send_phone_limit)
{
	const struct {
		const char *text;
		struct rate *rate;
	} rates[] = {
	    {verify_limit, &config->verify_limit},
	    {send_application_limit, &config->send_application_limit},
	    {send_phone_limit, &config->send_phone_limit},
	};

	if (period_parse_duration(span_of(pin_ttl), PERIOD_MS_YEAR, &config->pin_ttl) !=
	    OK)
		return ERR_CORRUPT;
	for (size_t i = 0; i < countof(rates); i++)
		if (period_parse_rate(
			span_of(rates[i].text), PERIOD_MS_YEAR, rates[i].rate) != OK)
			return ERR_CORRUPT;
	return OK;
}

void
application_cap(struct application_config *config, const struct application_caps *caps)
{
	if (!caps->strict)
		return;
	if (config->pin_ttl.ms > caps->ttl_ms_max)
		config->pin_ttl.ms = caps->ttl_ms_max;
	if (config->pin_attempts > caps->attempts_max)
		config->pin_attempts = caps->attempts_max;
	config->allow_multiple = false;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applications in version 1 (contract 1.4, 1.5). Durations are numbers of milliseconds,
 * or, as later clients send them, the texts of version 2; each member may be either.
 */
#include "api/body.h"
#include "api/infobip/application.h"
#include "base/json_scalar.h"

/* ---- requests ---- */

struct members {
	struct application_change change;
	json_t *pin_ttl;
};

#define AT(member) offsetof(struct members, change.member)
static const struct json_row configuration_rows[] = {
    {"pinTimeToLive", JSON_ROW_VALUE, false, offsetof(struct members, pin_ttl), 0, 0,
	NULL},
    APPLICATION_ATTEMPTS_ROWS(AT),
    APPLICATION_LIMIT_ROWS(AT),
    {"verificationAttempts", JSON_ROW_INT, false, AT(verify_count), 0, 0, NULL},
    {"verificationIntervalLength", JSON_ROW_INT, false, AT(verify_period_ms), 0, 0, NULL},
    {"initiationAttempts", JSON_ROW_INT, false, AT(send_phone_count), 0, 0, NULL},
    {"initiationIntervalLength", JSON_ROW_INT, false, AT(send_phone_period_ms), 0, 0,
	NULL},
    {"overallInitiationAttempts", JSON_ROW_INT, false, AT(send_application_count), 0, 0,
	NULL},
    {"overallInitiationIntervalLength", JSON_ROW_INT, false,
	AT(send_application_period_ms), 0, 0, NULL},
    {0},
};
static const struct json_row create_rows[] = {
    APPLICATION_ROWS(AT, true, configuration_rows)};
static const struct json_row update_rows[] = {
    APPLICATION_ROWS(AT, false, configuration_rows)};
#undef AT

static enum err
read_ttl(struct call *c, struct members *m)
{
	int64_t ms;

	if (json_scalar_as_int(m->pin_ttl, &ms)) {
		m->change.pin_ttl_ms = (struct opt_int){true, ms};
	} else if (json_is_string(m->pin_ttl)) {
		m->change.pin_ttl = json_string_value(m->pin_ttl);
	} else if (m->pin_ttl != NULL) {
		fail_add(&c->fail, "configuration.pinTimeToLive",
		    "must be a number of milliseconds or a duration such as 15m");
		return ERR_INVALID;
	}
	return OK;
}

static bool
has_texts(const struct application_change *change)
{
	return change->pin_ttl != NULL || change->verify_limit != NULL ||
	       change->send_application_limit != NULL || change->send_phone_limit != NULL;
}

static bool
has_numbers(const struct application_change *change)
{
	return change->pin_ttl_ms.set || change->verify_count.set ||
	       change->verify_period_ms.set || change->send_phone_count.set ||
	       change->send_phone_period_ms.set || change->send_application_count.set ||
	       change->send_application_period_ms.set;
}

static enum err
read_change(struct call *c, const struct json_row *rows)
{
	struct application_put_ask *ask = c->ask;
	struct members m = {0};
	enum err e = body_read(c, rows, &m);

	if ((e == OK || e == ERR_INVALID) && read_ttl(c, &m) != OK)
		e = ERR_INVALID;
	ask->id = call_id(c, 0);
	ask->change = m.change;
	ask->texts = has_texts(&m.change);
	ask->texts_set = ask->texts || has_numbers(&m.change);
	return e;
}

static enum err
read_create(struct call *c)
{
	return read_change(c, create_rows);
}

static enum err
read_update(struct call *c)
{
	return read_change(c, update_rows);
}

/* ---- answers ---- */

static void
put_rate(
    struct json_out *out, const struct rate *rate, const char *count, const char *period)
{
	json_out_int(out, count, rate->count);
	json_out_int(out, period, rate->period_ms);
}

static void
put_numbers(struct json_out *out, const struct application_config *config)
{
	json_out_int(out, "pinTimeToLive", config->pin_ttl.ms);
	json_out_int(out, "pinAttempts", config->pin_attempts);
	put_rate(out, &config->verify_limit, "verificationAttempts",
	    "verificationIntervalLength");
	put_rate(out, &config->send_phone_limit, "initiationAttempts",
	    "initiationIntervalLength");
	put_rate(out, &config->send_application_limit, "overallInitiationAttempts",
	    "overallInitiationIntervalLength");
	json_out_int(out, "initiationThrottlingProlongationFactor", 1);
	json_out_int(out, "initiationThrottlingWaitPeriod", 0);
}

static void
put_texts(struct json_out *out, const struct application_config *config)
{
	json_out_text(out, "pinTimeToLive", config->pin_ttl.text);
	application_put_attempts(out, config);
	application_put_limits(out, config);
}

static void
put(struct json_out *out, const struct application *app)
{
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&app->id, id);
	json_out_text(out, "applicationId", id);
	json_out_text(out, "name", app->name);
	json_out_object(out, "configuration");
	if (app->v1_texts)
		put_texts(out, &app->config);
	else
		put_numbers(out, &app->config);
	json_out_end(out);
	json_out_bool(out, "enabled", app->enabled);
	ident_text(&app->process, id);
	json_out_text(out, "processId", id);
}

static void
write_one(struct call *c)
{
	application_write(c, put);
}

static void
write_list(struct call *c)
{
	application_write_list(c, put);
}

const struct application_wires application_v1 = {.get = {application_read_id, write_one},
    .list = {NULL, write_list},
    .create = {read_create, write_one},
    .update = {read_update, write_one}};

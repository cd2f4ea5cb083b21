/* SPDX-License-Identifier: Apache-2.0 */
#include "api/infobip/application.h"

#include "api/listing.h"
#include "twofa/period.h"

enum err
application_read_id(struct call *c)
{
	struct application_ask *ask = c->ask;

	ask->id = call_id(c, 0);
	return OK;
}

/* The configuration in force stands beside what was asked for, in a member of our own:
 * published clients pass over it. */
static void
put_in_force(struct json_out *out, struct application_config config,
    const struct application_caps *caps)
{
	struct duration ttl;

	if (caps == NULL)
		return;
	application_cap(&config, caps);
	json_out_object(out, "inForce");
	application_put_attempts(out, &config);
	if (period_duration_from_ms(config.pin_ttl.ms, PERIOD_MS_YEAR, &ttl) == OK)
		json_out_text(out, "pinTimeToLive", ttl.text);
	json_out_end(out);
}

static void
put_one(struct json_out *out, const struct application *app,
    const struct application_caps *caps, application_put_f *put)
{
	json_out_object(out, NULL);
	put(out, app);
	put_in_force(out, app->config, caps);
	json_out_end(out);
}

void
application_write(struct call *c, application_put_f *put)
{
	const struct application_result *r = c->result;
	struct json_out out = call_json(c);

	INVARIANT(r->count == 1);
	put_one(&out, &r->list[0], r->caps, put);
}

void
application_write_list(struct call *c, application_put_f *put)
{
	const struct application_result *r = c->result;
	struct json_out *out = listing_rows(c, NULL);

	for (size_t i = 0; i < r->count; i++)
		put_one(out, &r->list[i], r->caps, put);
}

void
application_put_attempts(struct json_out *out, const struct application_config *config)
{
	json_out_int(out, "pinAttempts", config->pin_attempts);
	json_out_bool(out, "allowMultiplePinVerifications", config->allow_multiple);
}

void
application_put_limits(struct json_out *out, const struct application_config *config)
{
	json_out_text(out, "verifyPinLimit", config->verify_limit.text);
	json_out_text(
	    out, "sendPinPerApplicationLimit", config->send_application_limit.text);
	json_out_text(out, "sendPinPerPhoneNumberLimit", config->send_phone_limit.text);
}

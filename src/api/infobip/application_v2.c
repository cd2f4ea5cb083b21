/* SPDX-License-Identifier: Apache-2.0 */
/* Applications in version 2 (contract 1.1). */
#include "api/body.h"
#include "api/infobip/application.h"

/* ---- requests ---- */

#define AT(member) offsetof(struct application_put_ask, change.member)
static const struct json_row configuration_rows[] = {
    APPLICATION_ATTEMPTS_ROWS(AT),
    {"pinTimeToLive", JSON_ROW_TEXT, false, AT(pin_ttl), 0, 0, NULL},
    APPLICATION_LIMIT_ROWS(AT),
    {0},
};
static const struct json_row create_rows[] = {
    APPLICATION_ROWS(AT, true, configuration_rows)};
static const struct json_row update_rows[] = {
    APPLICATION_ROWS(AT, false, configuration_rows)};
#undef AT

static enum err
read_create(struct call *c)
{
	return body_read(c, create_rows, c->ask);
}

static enum err
read_update(struct call *c)
{
	struct application_put_ask *ask = c->ask;

	ask->id = call_id(c, 0);
	return body_read(c, update_rows, ask);
}

/* ---- answers ---- */

static void
put(struct json_out *out, const struct application *app)
{
	char id[IDENT_TEXT_LEN + 1];

	ident_text(&app->id, id);
	json_out_text(out, "applicationId", id);
	json_out_text(out, "name", app->name);
	json_out_object(out, "configuration");
	application_put_attempts(out, &app->config);
	json_out_text(out, "pinTimeToLive", app->config.pin_ttl.text);
	application_put_limits(out, &app->config);
	json_out_end(out);
	json_out_bool(out, "enabled", app->enabled);
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

/* The official Python client makes nothing of a 201 (contract 7.2). */
static int
created_status(struct call *c)
{
	static const char python[] = "infobip-api-client-python/";
	enum created_status status = c->api->options.create_application_status;
	struct span agent = call_header(c, "User-Agent");
	size_t len = sizeof(python) - 1;

	if (status == CREATED_AUTO)
		status = agent.len >= len && memcmp(agent.ptr, python, len) == 0
			     ? CREATED_200
			     : CREATED_201;
	return status == CREATED_200 ? 200 : 201;
}

static void
write_created(struct call *c)
{
	write_one(c);
	c->response.status = created_status(c);
}

const struct application_wires application_v2 = {.get = {application_read_id, write_one},
    .list = {NULL, write_list},
    .create = {read_create, write_created},
    .update = {read_update, write_one}};

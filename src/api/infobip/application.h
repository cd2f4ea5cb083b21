/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of applications (contract 1): one set of wires for each version of the API. */
#ifndef WW_INFOBIP_APPLICATION_H
#define WW_INFOBIP_APPLICATION_H

#include "api/call.h"
#include "api/ops/application.h"

struct application_wires {
	struct wire get;
	struct wire list;
	struct wire create;
	struct wire update;
};

/* Durations are numbers of milliseconds, or texts where the last request wrote texts. */
extern const struct application_wires application_v1;
extern const struct application_wires application_v2;

/* ---- what both versions share ---- */

typedef void application_put_f(struct json_out *out, const struct application *app);

/* The id of the path. */
enum err application_read_id(struct call *c) MUST_CHECK;
/* One, or the rows of a list; `put` writes the members, inside an open object. */
void application_write(struct call *c, application_put_f *put);
void application_write_list(struct call *c, application_put_f *put);

/* The rows of limits that are texts; AT(member) gives the place in the change. */
#define APPLICATION_LIMIT_ROWS(AT)                                                       \
	{"verifyPinLimit", JSON_ROW_TEXT, false, AT(verify_limit), 0, 0, NULL},          \
	    {"sendPinPerApplicationLimit", JSON_ROW_TEXT, false,                         \
		AT(send_application_limit), 0, 0, NULL},                                 \
	{                                                                                \
		"sendPinPerPhoneNumberLimit", JSON_ROW_TEXT, false,                      \
		    AT(send_phone_limit), 0, 0, NULL                                     \
	}
#define APPLICATION_ATTEMPTS_ROWS(AT)                                                    \
	{"pinAttempts", JSON_ROW_INT, false, AT(pin_attempts), 1,                        \
	    APPLICATION_ATTEMPTS_MAX, NULL},                                             \
	{                                                                                \
		"allowMultiplePinVerifications", JSON_ROW_BOOL, false,                   \
		    AT(allow_multiple), 0, 0, NULL                                       \
	}
/* All of a request; `configuration` is a table of rows. */
#define APPLICATION_ROWS(AT, needs_name, configuration)                                  \
	{"name", JSON_ROW_TEXT, needs_name, AT(name), 1, APPLICATION_NAME_MAX, NULL},    \
	    {"enabled", JSON_ROW_BOOL, false, AT(enabled), 0, 0, NULL},                  \
	    {"configuration", JSON_ROW_OBJECT, false, 0, 0, 0, configuration},           \
	{                                                                                \
		0                                                                        \
	}
/* "pinAttempts" and "allowMultiplePinVerifications". */
void application_put_attempts(
    struct json_out *out, const struct application_config *config);
/* The limits as texts. */
void application_put_limits(
    struct json_out *out, const struct application_config *config);

#endif

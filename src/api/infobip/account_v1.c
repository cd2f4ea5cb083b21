/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Infobip's /account/1/balance, which people call to try a key. There is no money
 * here: the answer is always the same.
 */
#include "api/call.h"
#include "api/dialects.h"
#include "api/offer.h"
#include "twofa/scope.h"

static void
write_balance(struct call *c)
{
	struct json_out out = call_json(c);

	json_out_object(&out, NULL);
	json_out_double(&out, "balance", 0);
	json_out_text(&out, "currency", "EUR");
	json_out_end(&out);
}

static const struct operation balance = {.name = "balance", .proceed = offer_none};
static const struct wire wire_balance = {NULL, write_balance};

static const struct route routes[] = {
    {"GET", "/balance", SCOPE_SIGNED_IN, &balance, &wire_balance},
};

const struct dialect dialect_account = {
    .name = "account",
    .prefix = "/account/1",
    .routes = routes,
    .route_count = countof(routes),
    .put_error = v2_put_error,
};

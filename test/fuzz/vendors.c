/* SPDX-License-Identifier: Apache-2.0 */
#include "vendors.h"

#include <event2/event.h>
#include <stdio.h>

static struct text_pair results[] = {{"=queued", "accepted"}, {"^OK", "accepted"},
    {"=busy", "throttled"}, {"4xx", "refused"}};
static struct text_pair words[] = {
    {"DELIVRD", "DELIVERED_TO_HANDSET"}, {"UNDELIV", "UNDELIVERABLE_NOT_DELIVERED"}};

#define COMMON                                                                           \
	.url = "https://sms.example", .timeout_ms = 1000, .user = "user",                \
	.secret = "secret"

static struct carrier_config configs[VENDOR_COUNT] = {
    {.name = "a", .type = "infobip", .http = {COMMON, .receipt_secret = "s"}},
    {.name = "b",
	.type = "infobip",
	.http = {COMMON, .version = "2", .receipt_secret = "s"}},
    {.name = "c", .type = "twilio", .http = {COMMON}},
    {.name = "d", .type = "vonage", .http = {COMMON, .receipt_secret = "s"}},
    {.name = "e",
	.type = "vonage",
	.http = {COMMON, .signature_secret = "k", .signature_method = "md5hash"}},
    {.name = "f",
	.type = "generic",
	.http = {COMMON, .method = "POST",
	    .body = "{\"to\":\"{{to}}\",\"text\":\"{{text}}\"}", .body_format = "json",
	    .message_id = "/id", .result = "/status",
	    .results = {countof(results), results}, .receipt_secret = "s",
	    .receipt_id = "/id", .receipt_status = "/state",
	    .receipt_statuses = {countof(words), words}}},
    {.name = "g",
	.type = "generic",
	.http = {COMMON, .message_id = "id={{id}}", .results = {1, &results[1]},
	    .receipt_secret = "s", .receipt_id = "/r/*/ids/0", .receipt_status = "/r/*/s",
	    .receipt_statuses = {countof(words), words}}},
    {.name = "h",
	.type = "generic",
	.http = {COMMON, .message_id = "<id>{{id}}</id>", .receipt_secret = "s",
	    .receipt_id = "?id", .receipt_status = "?s",
	    .receipt_statuses = {countof(words), words}}},
};

static struct carrier *carriers[VENDOR_COUNT];
static struct event_base *base;
static unsigned receipts;

static void
on_changed(void *ctx)
{
	(void)ctx;
}

static void
on_receipt(
    void *ctx, const struct carrier_config *config, const struct carrier_receipt *r)
{
	(void)ctx;
	(void)config;
	INVARIANT(r->message_id != NULL && r->message_id[0] != '\0');
	receipts++;
	r->taken(r->taken_ctx, true);
}

struct carrier *
vendor_carrier(unsigned number)
{
	struct carrier_env env = {.clock = &clock_system,
	    .entropy = &entropy_system,
	    .data_dir = ".",
	    .public_url = "https://pins.example",
	    .changed = on_changed,
	    .receipt = on_receipt};
	char why[256] = "";

	if (base == NULL)
		base = event_base_new();
	env.base = base;
	if (carriers[number] == NULL &&
	    carrier_open(&configs[number], &env, why, &carriers[number]) != OK)
		panic("%s: %s", configs[number].type, why);
	return carriers[number];
}

unsigned
vendor_receipts(void)
{
	unsigned n = receipts;

	receipts = 0;
	return n;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "vendors.h"

#include <event2/event.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "carrier/options.h"

static struct text_pair results[] = {{"=queued", "accepted"}, {"^OK", "accepted"},
    {"=busy", "throttled"}, {"4xx", "refused"}};
static struct text_pair words[] = {
    {"DELIVRD", "DELIVERED_TO_HANDSET"}, {"UNDELIV", "UNDELIVERABLE_NOT_DELIVERED"}};

#define COMMON                                                                           \
	.url = "https://sms.example", .window = 32, .timeout_ms = 1000, .user = "user",  \
	.secret = "secret"

#define WORDS .method = "POST", .auth = "none", .body_format = "json"

static struct carrier_infobip_options infobip_3 = {
    .http = {COMMON, .receipt_secret = "s"}, .version = "3"};
static struct carrier_infobip_options infobip_2 = {
    .http = {COMMON, .receipt_secret = "s"}, .version = "2"};
static struct carrier_twilio_options twilio = {.http = {COMMON}};
static struct carrier_vonage_options vonage = {
    .http = {COMMON, .receipt_secret = "s"}, .signature_method = "sha256"};
static struct carrier_vonage_options vonage_signed = {
    .http = {COMMON}, .signature_secret = "k", .signature_method = "md5hash"};
static struct carrier_generic_options generic_json = {
    .http = {COMMON, .receipt_secret = "s"},
    WORDS,
    .body = "{\"to\":\"{{to}}\",\"text\":\"{{text}}\"}",
    .message_id = "/id",
    .result = "/status",
    .results = {countof(results), results},
    .receipt_id = "/id",
    .receipt_status = "/state",
    .receipt_statuses = {countof(words), words}};
static struct carrier_generic_options generic_list = {
    .http = {COMMON, .receipt_secret = "s"},
    WORDS,
    .message_id = "id={{id}}",
    .results = {1, &results[1]},
    .receipt_id = "/r/*/ids/0",
    .receipt_status = "/r/*/s",
    .receipt_statuses = {countof(words), words}};
static struct carrier_generic_options generic_form = {
    .http = {COMMON, .receipt_secret = "s"},
    WORDS,
    .message_id = "<id>{{id}}</id>",
    .receipt_id = "?id",
    .receipt_status = "?s",
    .receipt_statuses = {countof(words), words}};

static const char *voice[] = {"voice"};
static const char *email[] = {"email"};
static struct carrier_twilio_options twilio_calls = {
    .http = {COMMON, .channels = {1, voice}}};
static struct carrier_vonage_options vonage_calls = {
    .http = {COMMON, .channels = {1, voice}, .receipt_secret = "s"},
    .application_id = "a",
    .signature_method = "sha256"};
static struct carrier_infobip_options infobip_calls = {
    .http = {COMMON, .channels = {1, voice}, .receipt_secret = "s"}, .version = "3"};
static struct carrier_infobip_options infobip_mails = {
    .http = {COMMON, .channels = {1, email}, .receipt_secret = "s"}, .version = "3"};

static const struct content contents[CHANNEL_COUNT] = {
    [CHANNEL_SMS] = {.channel = CHANNEL_SMS, .sms = {.text = {"Your PIN is 1234", 16}}},
    [CHANNEL_VOICE] = {.channel = CHANNEL_VOICE,
	.voice = {.text = {"Your PIN is 1234", 16}}},
    [CHANNEL_EMAIL] = {.channel = CHANNEL_EMAIL,
	.email = {.subject = {"PIN", 3}, .text = {"Your PIN is 1234", 16}}},
};

static struct carrier_config configs[VENDOR_COUNT] = {
    {.name = "a", .type = "infobip", .options = &infobip_3},
    {.name = "b", .type = "infobip", .options = &infobip_2},
    {.name = "c", .type = "twilio", .options = &twilio},
    {.name = "d", .type = "vonage", .options = &vonage},
    {.name = "e", .type = "vonage", .options = &vonage_signed},
    {.name = "f", .type = "generic", .options = &generic_json},
    {.name = "g", .type = "generic", .options = &generic_list},
    {.name = "h", .type = "generic", .options = &generic_form},
    {.name = "i", .type = "twilio", .options = &twilio_calls},
    {.name = "j", .type = "vonage", .options = &vonage_calls},
    {.name = "k", .type = "infobip", .options = &infobip_calls},
    {.name = "l", .type = "infobip", .options = &infobip_mails, .sender = "a@b.example"},
};

static struct carrier *carriers[VENDOR_COUNT];
static struct event_base *base;

static void
on_changed(void *ctx)
{
	(void)ctx;
}

const struct carrier_config *
vendor_config(unsigned number)
{
	return &configs[number];
}

const struct content *
vendor_content(unsigned number)
{
	unsigned c = 0;

	while (!carrier_carries(&configs[number], (enum channel)c))
		c++;
	return &contents[c];
}

/* Calls by Vonage are signed; any key will do. */
static const char *
make_key(void)
{
	static char text[4096];
	EVP_PKEY *key = EVP_RSA_gen(2048);
	BIO *bio = BIO_new(BIO_s_mem());

	INVARIANT(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	INVARIANT(BIO_read(bio, text, sizeof(text) - 1) > 0);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return text;
}

struct carrier *
vendor_carrier(unsigned number)
{
	struct carrier_env env = {.clock = &clock_system,
	    .entropy = &entropy_system,
	    .data_dir = ".",
	    .public_url = "https://pins.example",
	    .changed = on_changed};
	char why[256] = "";

	if (base == NULL)
		base = event_base_new();
	env.base = base;
	if (vonage_calls.private_key == NULL)
		vonage_calls.private_key = make_key();
	if (carriers[number] == NULL &&
	    carrier_open(&configs[number], &env, why, &carriers[number]) != OK)
		panic("%s: %s", configs[number].type, why);
	return carriers[number];
}

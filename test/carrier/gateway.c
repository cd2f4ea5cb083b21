/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/gateway.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

const char *const voice_channels[] = {"voice"};
const char *const email_channels[] = {"email"};

/* ---- a carrier beside its gateway ---- */

void
on_done(void *ctx, const struct carrier_outcome *o)
{
	struct seen *s = ctx;

	s->calls++;
	s->result = o->result;
	s->throttled = o->throttled;
	s->partly = o->partly;
	s->part_count = o->part_count;
	s->elsewhere = o->elsewhere;
	s->final = o->final;
	s->here_alone = o->here_alone;
	s->code = o->code;
	s->status = o->status;
	snprintf(s->reason, sizeof(s->reason), "%s", o->reason);
	snprintf(s->id, sizeof(s->id), "%s", o->message_id == NULL ? "" : o->message_id);
}

static void
on_changed(void *ctx)
{
	struct world *w = ctx;

	w->changes++;
}

void
open_carrier(struct world *w)
{
	struct carrier_env env = {.base = w->base,
	    .clock = &clock_system,
	    .entropy = &entropy_system,
	    .data_dir = ".",
	    .public_url = "https://mycompany.com",
	    .changed = on_changed,
	    .ctx = w};
	char why[256] = "";
	const char *field = carrier_check(&w->config, why);

	if (field != NULL)
		fail_msg("%s: %s", field, why);
	carrier_free(w->carrier);
	w->carrier = NULL;
	if (carrier_open(&w->config, &env, why, &w->carrier) != OK)
		fail_msg("%s", why);
}

/* A type with what it needs, at the answerer. */
void
configure(struct world *w, const char *type)
{
	snprintf(w->url, sizeof(w->url), "http://127.0.0.1:%d", w->answerer.port);
	w->config = (struct carrier_config){
	    .name = "main", .type = type, .sender = "Default", .options = &w->options};
	w->options = (union any_options){0};
	w->options.http = (struct carrier_http_options){.url = w->url,
	    .window = 2,
	    .connect_timeout_ms = 2000,
	    .timeout_ms = 500,
	    .allow_http = true,
	    .allow_private = true,
	    .user = "user",
	    .secret = "12345",
	    .receipt_secret = "a secret of the path"};
	any_options_words(&w->options, type);
}

void
submit(struct world *w, unsigned i, const char *text)
{
	struct carrier_message m = {.pin_id = "01A2",
	    .application_id = "01A3",
	    .reference = "01A2-1",
	    .to = "41793026727",
	    .from = "41790000000",
	    .content = {.sms = {.text = span_of(text),
			    .dlt_entity = w->dlt ? "110145" : NULL,
			    .dlt_template = w->dlt ? "110745" : NULL,
			    .dlt_telemarketer = w->dlt ? "1302\"7" : NULL}},
	    .at_ms = 1,
	    .validity_ms = 90500};

	carrier_submit(w->carrier, &m, on_done, &w->seen[i]);
}

void
world_give_up(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	fail_msg("nothing happened for 10 seconds");
}

/* One message to a gateway that answers so; what became of it. */
const struct seen *
outcome(struct world *w, enum answerer_way way, const char *answer)
{
	w->answerer.way = way;
	w->answerer.answer = answer;
	w->seen[0] = (struct seen){0};
	submit(w, 0, "Your PIN is \"1234\" & \u00e9");
	UNTIL(w, w->seen[0].calls > 0);
	assert_int_equal(w->seen[0].calls, 1);
	return &w->seen[0];
}

/* An answer with that status and body. */
const struct seen *
answered(struct world *w, int status, const char *body)
{
	static char answer[8192];

	snprintf(answer, sizeof(answer), "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n\r\n%s",
	    status, strlen(body), body);
	return outcome(w, ANSWERER_KEEP, answer);
}

void
has(const struct world *w, const char *octets)
{
	if (strstr(w->answerer.last, octets) == NULL)
		fail_msg("no %s in %s", octets, w->answerer.last);
}

int
setup(void **state)
{
	struct world *w = mem_new(sizeof(*w));

	w->base = event_base_new();
	answerer_start(&w->answerer, w->base);
	*state = w;
	return 0;
}

int
teardown(void **state)
{
	struct world *w = *state;

	carrier_free(w->carrier);
	answerer_stop(&w->answerer);
	event_base_free(w->base);
	mem_free(w);
	return 0;
}

static void
keep(struct world *w, const struct carrier_receipt *r)
{
	assert_true(w->receipts < RECEIPTS_MAX);
	snprintf(w->ids[w->receipts], sizeof(w->ids[0]), "%s", r->message_id);
	w->statuses[w->receipts] = r->status;
	w->errors[w->receipts] = r->error;
	w->done_at_ms = r->done_at_ms;
	w->receipts++;
}

enum err
receive(struct world *w, struct carrier_request request)
{
	struct arena arena;
	struct carrier_receipts got = {.arena = &arena};
	enum err e;

	arena_init(&arena);
	w->receipts = 0;
	request.method = SPAN("POST");
	request.public_url = "https://mycompany.com";
	e = carrier_read_receipts(&w->config, &request, &got);
	assert_ptr_equal(got.config, &w->config);
	for (size_t i = 0; e == OK && i < got.count; i++)
		keep(w, &got.items[i]);
	arena_fini(&arena);
	return e;
}

/* ---- other channels ---- */

void
configure_channel(struct world *w, const char *type, const char *const *channels)
{
	configure(w, type);
	w->config.sender = NULL;
	w->options.http.channels =
	    (struct text_list){1, (const char **)(uintptr_t)channels};
}

char *
make_key(int bits)
{
	EVP_PKEY *key = EVP_RSA_gen((unsigned)bits);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;
	char *copy;
	long len;

	assert_int_equal(
	    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &text);
	copy = mem_array((size_t)len + 1, 1);
	memcpy(copy, text, (size_t)len);
	BIO_free(bio);
	EVP_PKEY_free(key);
	return copy;
}

void
configure_vonage(struct world *w, const char *pem)
{
	configure_channel(w, "vonage", voice_channels);
	w->options.http.user = NULL;
	w->options.http.secret = NULL;
	w->options.vonage.application_id = "78d335fa-323d";
	w->options.vonage.private_key = pem;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as a request: a vendor's recipe is read once, when the carrier is opened, and
 * each message fills its placeholders.
 */
#include "carrier/carrier_http.h"

#include <stdio.h>

#include "base/utf8.h"
#include "twofa/mailbox.h"
#include "twofa/sms_text.h"

enum {
	BODY_LEN_MAX = 2 * 1024 * 1024, /* a mail of full length, each octet escaped */
	MADE_LEN_MAX = 1024 * 1024,
	URL_LEN_MAX = 8192,
	HEADER_LEN_MAX = 8192,
	ANSWER_LEN_MAX = 64 * 1024,
	SHORT_CODE_DIGITS_MAX = 6,
	KEYS_MAX = 32
};

#define SMS CHANNEL_BIT(CHANNEL_SMS)
#define VOICE CHANNEL_BIT(CHANNEL_VOICE)
#define EMAIL CHANNEL_BIT(CHANNEL_EMAIL)

/* Every placeholder once, with the channels whose messages have it. */
#define VALUES(X)                                                                        \
	X(TO, "to", CHANNELS_ALL)                                                        \
	X(FROM, "from", CHANNELS_ALL)                                                    \
	X(FROM_NAME, "fromName", EMAIL)                                                  \
	X(FROM_ADDRESS, "fromAddress", EMAIL)                                            \
	X(TEXT, "text", CHANNELS_ALL)                                                    \
	X(HTML, "html", EMAIL)                                                           \
	X(SUBJECT, "subject", EMAIL)                                                     \
	X(LANDING_PAGE, "landingPage", EMAIL)                                            \
	X(LANDING_VALUES, "landingPagePlaceholders", EMAIL)                              \
	X(SPOKEN, "spoken", VOICE)                                                       \
	X(LANGUAGE, "language", VOICE)                                                   \
	X(VOICE_NAME, "voice", VOICE)                                                    \
	X(STYLE, "style", VOICE)                                                         \
	X(RATE, "rate", VOICE)                                                           \
	X(REPEAT, "repeat", VOICE)                                                       \
	X(ROUNDS, "rounds", VOICE)                                                       \
	X(PIN_ID, "pinId", CHANNELS_ALL)                                                 \
	X(APPLICATION_ID, "applicationId", CHANNELS_ALL)                                 \
	X(REFERENCE, "reference", CHANNELS_ALL)                                          \
	X(VALIDITY_MS, "validity_ms", CHANNELS_ALL)                                      \
	X(VALIDITY_S, "validity_s", CHANNELS_ALL)                                        \
	X(VALIDITY_MIN, "validity_min", CHANNELS_ALL)                                    \
	X(CALLBACK_URL, "callback_url", CHANNELS_ALL)                                    \
	X(USERNAME, "username", CHANNELS_ALL)                                            \
	X(PASSWORD, "password", CHANNELS_ALL)                                            \
	X(TOKEN, "token", CHANNELS_ALL)                                                  \
	X(CODING, "coding", SMS)                                                         \
	X(UNICODE, "unicode", SMS)                                                       \
	X(TYPE, "type", SMS)                                                             \
	X(DLT_ENTITY, "dltEntity", SMS)                                                  \
	X(DLT_TEMPLATE, "dltTemplate", SMS)                                              \
	X(DLT_TELEMARKETER, "dltTelemarketer", SMS)

enum value {
#define VALUE_SYMBOL(symbol, name, channels) VALUE_##symbol,
	VALUES(VALUE_SYMBOL)
#undef VALUE_SYMBOL
	    VALUE_COUNT
};

_Static_assert(VALUE_COUNT <= 32, "a template knows what it uses by 32 bits");

static const char *const names[] = {
#define VALUE_NAME(symbol, name, channels) name,
    VALUES(VALUE_NAME)
#undef VALUE_NAME
	NULL};

static const unsigned of_channels[] = {
#define VALUE_CHANNELS(symbol, name, channels) (channels),
    VALUES(VALUE_CHANNELS)
#undef VALUE_CHANNELS
};

#define USES(p, value) (((p)->used & UINT32_C(1) << (value)) != 0)

/* ---- preparing ---- */

static enum err
parse(struct carrier_http_maker *m, const char *field, struct http_template *t,
    const char *text)
{
	enum err e = http_template_parse(t, m->arena, text, names, m->why);

	if (e != OK)
		m->field = field;
	return e;
}

static enum err
check_url(struct carrier_http_maker *m)
{
	const struct carrier_http_options *c = m->config->options;
	struct http_client_options o = {.allow_http = c->allow_http};
	const char *fault = http_client_template_fault(&o, m->recipe.url);

	m->field = "url";
	if (fault != NULL)
		snprintf(m->why, sizeof(m->why), "%s", fault);
	return fault == NULL ? OK : ERR_INVALID;
}

static enum err
parse_headers(struct carrier_http_maker *m, struct carrier_http_prepared *p)
{
	const char *const *headers = m->recipe.headers;
	enum err e = OK;

	while (e == OK && p->header_count < HTTP_CLIENT_HEADERS_MAX &&
	       headers[p->header_count] != NULL) {
		struct http_template *t = &p->headers[p->header_count];

		t->sink = HTTP_TEMPLATE_SINK_HEADER;
		e = parse(m, "headers", t, headers[p->header_count]);
		p->used |= t->used;
		p->header_count++;
	}
	return e;
}

/* A placeholder that none of the entry's channels has would never be filled. */
static enum err
check_channels(struct carrier_http_maker *m, const struct carrier_http_prepared *p)
{
	unsigned carried = carrier_http_carried(m->config);

	for (unsigned i = 0; i < VALUE_COUNT; i++) {
		if (!USES(p, i) || (of_channels[i] & carried) != 0)
			continue;
		m->field = "channels";
		snprintf(m->why, sizeof(m->why),
		    "{{%s}} is of none of the channels that this carrier has", names[i]);
		return ERR_INVALID;
	}
	return OK;
}

static enum err
check_callback(struct carrier_http_maker *m, const struct carrier_http_prepared *p)
{
	if (m->callback_url != NULL || !USES(p, VALUE_CALLBACK_URL))
		return OK;
	m->field = "callback_url";
	snprintf(m->why, sizeof(m->why), "needs the option http.public_url");
	return ERR_INVALID;
}

enum err
carrier_http_prepare(const struct carrier_http_way *way, struct carrier_http_maker *m,
    struct carrier_http_prepared *out)
{
	enum err e = way->make(m);

	if (e == OK)
		e = check_url(m);
	out->recipe = m->recipe;
	out->url.sink = HTTP_TEMPLATE_SINK_URL;
	out->body.sink = m->recipe.sink;
	if (e == OK)
		e = parse(m, "url", &out->url, m->recipe.url);
	if (e == OK)
		e = parse_headers(m, out);
	if (e == OK)
		e = parse(
		    m, "body", &out->body, m->recipe.body == NULL ? "" : m->recipe.body);
	out->used |= out->url.used | out->body.used;
	if (e == OK)
		e = check_channels(m, out);
	return e == OK ? check_callback(m, out) : e;
}

bool
carrier_http_prepared_has_token(const struct carrier_http_prepared *p)
{
	return USES(p, VALUE_TOKEN);
}

/* ---- the values of a message ---- */

/* Room for the values that are made. */
struct values {
	struct span v[VALUE_COUNT];
	char ms[24];
	char s[24];
	char min[24];
	char from[32];
	char rate[24];
	char keys[KEYS_MAX];
	char rounds[4];
};

/* Where the values of a message come from and go. */
struct filling {
	const struct carrier_http_prepared *prepared;
	const struct carrier_http_constants *constants;
	const struct carrier_message *m;
	struct values *values;
	struct buf *made; /* texts that are made */
	struct carrier_outcome *refused;
};

static struct span
number(char out[24], int64_t n)
{
	return (struct span){out, (size_t)snprintf(out, 24, "%lld", (long long)n)};
}

static const char *
fill_sms(struct filling *f)
{
	const struct content_sms *sms = &f->m->content.sms;
	struct span *v = f->values->v;
	struct sms_parts parts;
	struct arena arena;
	enum err e;
	bool unicode;

	arena_init(&arena);
	e = sms_text_split(&arena, sms->text, &parts);
	unicode = e == OK && parts.alphabet == SMS_UCS2;
	arena_fini(&arena);
	v[VALUE_TEXT] = sms->text;
	v[VALUE_CODING] = unicode ? SPAN("2") : SPAN("0");
	v[VALUE_UNICODE] = unicode ? SPAN("true") : SPAN("false");
	v[VALUE_TYPE] = unicode ? SPAN("unicode") : SPAN("text");
	v[VALUE_DLT_ENTITY] = span_of(sms->dlt_entity);
	v[VALUE_DLT_TEMPLATE] = span_of(sms->dlt_template);
	v[VALUE_DLT_TELEMARKETER] = span_of(sms->dlt_telemarketer);
	return e == OK ? NULL : "the text is no text or needs too many parts";
}

/* "0.8", without zeros at its end. */
static void
put_rate(struct values *values, double rate)
{
	if (rate > 0)
		values->v[VALUE_RATE] = (struct span){values->rate,
		    (size_t)snprintf(values->rate, sizeof(values->rate), "%.4g", rate)};
}

static void
put_keys(struct filling *f, const char *keys)
{
	char *out = f->values->keys;
	size_t len = 0;

	for (; keys != NULL && *keys != '\0' && len < KEYS_MAX; keys++)
		if (*keys != '#' || !f->prepared->recipe.no_hash_key)
			out[len++] = *keys;
	f->values->v[VALUE_REPEAT] = (struct span){out, len};
}

static size_t
count_characters(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
	return n;
}

static const char *
say(struct filling *f, const struct content_voice *voice)
{
	const struct carrier_http_recipe *r = &f->prepared->recipe;

	if (!USES(f->prepared, VALUE_SPOKEN))
		return NULL;
	if (r->speak == NULL)
		carrier_http_speak(f->made, voice, carrier_http_rounds(voice), "; ");
	else if (r->speak(f->made, voice) != OK)
		return "the text cannot be said";
	f->values->v[VALUE_SPOKEN] = buf_span(f->made);
	if (!f->made->failed &&
	    (r->spoken_len_max == 0 ||
		count_characters(buf_span(f->made)) <= r->spoken_len_max))
		return NULL;
	f->refused->status = REPORT_REJECTED_MESSAGE_TOO_LONG;
	return "the text is longer than the carrier says";
}

/* The name of a voice where it is a number: some services number theirs. */
static struct span
style_of(const char *name)
{
	size_t digits = name == NULL ? 0 : strspn(name, "0123456789");

	if (digits == 0 || digits > 3 || name[digits] != '\0')
		return (struct span){NULL, 0};
	return span_of(name);
}

static const char *
fill_voice(struct filling *f)
{
	struct content_voice voice = f->m->content.voice;
	struct span *v = f->values->v;

	voice.language =
	    carrier_http_language(f->prepared->recipe.tongue, voice.language);
	if (voice.language == NULL) {
		f->refused->status = REPORT_REJECTED_UNSUPPORTED_LANGUAGE;
		return "the carrier does not speak the language";
	}
	v[VALUE_TEXT] = voice.text;
	v[VALUE_LANGUAGE] = span_of(voice.language);
	v[VALUE_VOICE_NAME] = span_of(voice.voice_name);
	v[VALUE_STYLE] = style_of(voice.voice_name);
	put_rate(f->values, voice.speech_rate);
	put_keys(f, voice.repeat_dtmf);
	v[VALUE_ROUNDS] = (struct span){f->values->rounds,
	    (size_t)snprintf(f->values->rounds, sizeof(f->values->rounds), "%u",
		carrier_http_rounds(&voice) % 10)};
	return say(f, &voice);
}

/* "Jane Smith <jane@example.com>" as its two halves; a mailbox alone has no name. */
static void
put_mailbox(struct span *v)
{
	struct span from = v[VALUE_FROM];
	const char *open = from.len == 0 ? NULL : memchr(from.ptr, '<', from.len);
	size_t name = open == NULL ? 0 : (size_t)(open - from.ptr);

	v[VALUE_FROM_ADDRESS] = from;
	if (open == NULL)
		return;
	v[VALUE_FROM_NAME] = span_trim((struct span){from.ptr, name});
	v[VALUE_FROM_ADDRESS] = (struct span){open + 1, from.len - name - 2};
}

/* One line: what a vendor would make of another is a header of a stranger's. */
static void
put_subject(struct filling *f, struct span subject)
{
	for (size_t i = 0; i < subject.len; i++)
		buf_add_char(f->made,
		    (unsigned char)subject.ptr[i] < 0x20 || subject.ptr[i] == 0x7f
			? ' '
			: subject.ptr[i]);
	f->values->v[VALUE_SUBJECT] = buf_span(f->made);
}

static const char *
fill_email(struct filling *f)
{
	const struct content_email *email = &f->m->content.email;
	struct span *v = f->values->v;

	if (v[VALUE_FROM].len > 0 && !mailbox_is_from(v[VALUE_FROM])) {
		f->refused->status = REPORT_REJECTED_SOURCE;
		return "the sender is no mailbox";
	}
	put_mailbox(v);
	put_subject(f, email->subject);
	v[VALUE_TEXT] = email->text;
	v[VALUE_HTML] = email->html;
	v[VALUE_LANDING_PAGE] = span_of(email->landing_page);
	v[VALUE_LANDING_VALUES] = email->landing_page_placeholders;
	return NULL;
}

/* Whole units that are left, and never more than there is. */
static const char *
fill_validity(struct filling *f)
{
	const struct carrier_http_recipe *r = &f->prepared->recipe;
	struct values *values = f->values;
	int64_t s = f->m->validity_ms / 1000;
	int64_t least = r->validity_min_s;

	if (least == 0 && USES(f->prepared, VALUE_VALIDITY_MIN))
		least = 60;
	if (least == 0 && USES(f->prepared, VALUE_VALIDITY_S))
		least = 1;
	if (s < least)
		return "less life is left than the carrier takes";
	if (r->validity_max_s > 0 && s > r->validity_max_s)
		s = r->validity_max_s;
	values->v[VALUE_VALIDITY_MS] = number(values->ms, s * 1000);
	values->v[VALUE_VALIDITY_S] = number(values->s, s);
	values->v[VALUE_VALIDITY_MIN] = number(values->min, s / 60);
	return NULL;
}

/* The entry's own sender, where it is one of this channel. */
static const char *
own_sender(const struct carrier_config *config, enum channel channel)
{
	bool mailbox = channel_row(channel)->address == CHANNEL_TO_MAILBOX;
	const char *sender = config->sender;

	return sender != NULL && (strchr(sender, '@') != NULL) == mailbox ? sender : NULL;
}

static void
fill_sender(struct filling *f)
{
	enum channel channel = f->m->content.channel;
	const char *from =
	    f->m->from != NULL ? f->m->from : own_sender(f->constants->config, channel);
	struct values *values = f->values;
	size_t digits;

	if (channel == CHANNEL_VOICE && from != NULL && from[0] == '+')
		from++;
	digits = from == NULL ? 0 : strspn(from, "0123456789");
	values->v[VALUE_FROM] = span_of(from);
	if (!f->prepared->recipe.plus_sender || digits <= SHORT_CODE_DIGITS_MAX ||
	    from[digits] != '\0' || digits >= sizeof(values->from) - 1)
		return;
	values->v[VALUE_FROM].len =
	    (size_t)snprintf(values->from, sizeof(values->from), "+%s", from);
	values->v[VALUE_FROM].ptr = values->from;
}

/* NULL, or why there is no request for that message. */
static const char *
fill(struct filling *f)
{
	static const char *(*const parts[CHANNEL_COUNT])(struct filling * f) = {
	    [CHANNEL_SMS] = fill_sms,
	    [CHANNEL_VOICE] = fill_voice,
	    [CHANNEL_EMAIL] = fill_email,
	};
	const struct carrier_http_options *c = f->constants->config->options;
	struct span *v = f->values->v;
	const char *fault;

	v[VALUE_TO] = span_of(f->m->to);
	fill_sender(f);
	v[VALUE_PIN_ID] = span_of(f->m->pin_id);
	v[VALUE_APPLICATION_ID] = span_of(f->m->application_id);
	v[VALUE_REFERENCE] = span_of(f->m->reference);
	v[VALUE_CALLBACK_URL] = span_of(f->constants->callback_url);
	v[VALUE_USERNAME] = span_of(c->user);
	v[VALUE_PASSWORD] = span_of(c->secret);
	v[VALUE_TOKEN] = span_of(f->constants->token);
	fault = parts[f->m->content.channel](f);
	return fault == NULL ? fill_validity(f) : fault;
}

/* ---- rendering ---- */

static void
rendered_init(struct carrier_http_rendered *r, size_t header_count)
{
	r->header_count = header_count;
	buf_init(&r->url, URL_LEN_MAX);
	buf_init(&r->body, BODY_LEN_MAX);
	buf_init(&r->made, MADE_LEN_MAX);
	for (size_t i = 0; i < header_count; i++)
		buf_init(&r->headers[i], HEADER_LEN_MAX);
}

void
carrier_http_rendered_fini(struct carrier_http_rendered *r)
{
	buf_fini(&r->url);
	buf_fini(&r->body);
	buf_fini(&r->made);
	for (size_t i = 0; i < r->header_count; i++)
		buf_fini(&r->headers[i]);
}

static bool
put_template(const struct http_template *t, const struct values *values, struct buf *out)
{
	enum err e = http_template_put(t, values->v, out);

	buf_add_char(out, '\0');
	return e == OK && !out->failed;
}

static bool
put_templates(const struct carrier_http_prepared *p, const struct values *values,
    struct carrier_http_rendered *r)
{
	if (!put_template(&p->url, values, &r->url) ||
	    !put_template(&p->body, values, &r->body))
		return false;
	for (size_t i = 0; i < p->header_count; i++) {
		if (!put_template(&p->headers[i], values, &r->headers[i]))
			return false;
		r->call.headers[i] = r->headers[i].ptr;
	}
	return true;
}

bool
carrier_http_render(const struct carrier_http_prepared *p,
    const struct carrier_http_constants *constants, const struct carrier_message *m,
    struct carrier_http_rendered *out, struct carrier_outcome *refused)
{
	const struct carrier_http_options *options = constants->config->options;
	struct values values = {0};
	struct filling f = {.prepared = p,
	    .constants = constants,
	    .m = m,
	    .values = &values,
	    .made = &out->made,
	    .refused = refused};

	*out = (struct carrier_http_rendered){0};
	*refused = (struct carrier_outcome){.result = CARRIER_REFUSED, .elsewhere = true};
	rendered_init(out, p->header_count);
	refused->reason = fill(&f);
	if (refused->reason == NULL && !put_templates(p, &values, out))
		refused->reason = "a value cannot stand in the request";
	if (refused->reason != NULL)
		return false;
	out->call.method = p->recipe.method;
	out->call.url = out->url.ptr;
	out->call.body = (struct span){out->body.ptr, out->body.len - 1};
	out->call.timeout_ms = options->timeout_ms;
	out->call.answer_len_max = ANSWER_LEN_MAX;
	return true;
}

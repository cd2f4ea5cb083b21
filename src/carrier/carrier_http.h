/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the room: what the carriers over HTTP share. A vendor is a file with a row of
 * functions for each channel: which request a message becomes, and what an answer means;
 * and one for all: what a receipt of theirs says. Window, pauses, time-outs and the ends
 * of messages are here.
 */
#ifndef WW_CARRIER_HTTP_H
#define WW_CARRIER_HTTP_H

#include "base/arena.h"
#include "base/json_pointer.h"
#include "carrier/carrier.h"
#include "carrier/options.h"
#include "net/http_client.h"
#include "net/http_template.h"

enum { CARRIER_HTTP_MESSAGE_ID_MAX = 128, CARRIER_HTTP_REASON_MAX = 96 };

/* The words for languages: each vendor has its own. */
enum carrier_http_tongue {
	CARRIER_HTTP_TONGUE_LOCALE, /* "pt-BR" */
	CARRIER_HTTP_TONGUE_INFOBIP,
	CARRIER_HTTP_TONGUE_TWILIO,
	CARRIER_HTTP_TONGUE_VONAGE,
	CARRIER_HTTP_TONGUE_COUNT
};

/* A request as templates, made from the options; texts live as long as the carrier. */
struct carrier_http_recipe {
	const char *method;
	const char *url;
	const char *headers[HTTP_CLIENT_HEADERS_MAX]; /* "Name: template"; then NULL */
	const char *body;                             /* NULL: none */
	enum http_template_sink sink;                 /* of the body */
	int64_t validity_min_s;                       /* what the vendor takes; 0: any */
	int64_t validity_max_s;
	bool plus_sender; /* a sender of digits, longer than a short code, has a plus */
	/* For calls alone. NULL: {{spoken}} is carrier_http_speak. ERR_INVALID: it cannot
	 * be said. The language of `voice` is the vendor's word for it. */
	enum err (*speak)(struct buf *out, const struct content_voice *voice);
	enum carrier_http_tongue tongue;
	size_t spoken_len_max; /* characters of {{spoken}}; 0: any */
	bool no_hash_key;      /* {{repeat}} has no # in it */
};

/* Where a vendor's recipe is made. `field` names the option that `why` is about. */
struct carrier_http_maker {
	const struct carrier_config *config;
	struct arena *arena;
	const char *callback_url; /* NULL: no receipts are wanted */
	struct carrier_http_recipe recipe;
	const char *field;
	char why[256];
};

struct carrier_http_answer {
	int status;
	struct span text;
	const json_t *doc;   /* NULL: it is no JSON */
	struct arena *arena; /* lives until the outcome was told */
};

/* The meaning of an answer; `code` is the vendor's where there is one. */
struct carrier_http_verdict {
	enum carrier_result result;
	bool throttled;
	bool partly; /* as in carrier_outcome, these three */
	bool elsewhere;
	bool final;
	enum report_status status;
	enum report_error error;
	uint32_t code;
	char reason[CARRIER_HTTP_REASON_MAX];
	char message_id[CARRIER_HTTP_MESSAGE_ID_MAX]; /* "": the reference of the message
						       */
	const char *const *part_ids; /* as in carrier_outcome; in the answer's arena */
	size_t part_count;
};

/* A row of a vendor's table of codes: of an answer or of a receipt. */
struct carrier_http_code {
	int64_t code;
	enum carrier_result result; /* of an answer alone, with the two flags */
	bool throttled;
	bool elsewhere;
	enum report_status status;
	enum report_error error;
};

/* The messages of one channel. */
struct carrier_http_way {
	/* A message that it has taken already is taken no second time (its id is ours).
	 */
	bool knows_again;
	/* ERR_INVALID with field and why. NULL: there are none of that channel. */
	enum err (*make)(struct carrier_http_maker *m);
	void (*classify)(const struct carrier_config *config,
	    const struct carrier_http_answer *a, struct carrier_http_verdict *v);
};

struct carrier_http_vendor {
	struct carrier_http_way ways[CHANNEL_COUNT];
	/* {{token}}: a proof of who we are that ends. A text of mem_*, valid until
	 * `until_ms_out`; NULL: it cannot be made. May be NULL itself. */
	char *(*make_token)(const struct carrier_config *config,
	    const struct carrier_env *env, int64_t *until_ms_out);
	/* Does the request come from them? */
	bool (*trusts)(struct carrier_receipts *r, const struct carrier_request *request);
	/* ERR_SYNTAX: it cannot be read. */
	enum err (*read)(
	    struct carrier_receipts *r, const struct carrier_request *request);
	/* As in carrier_ops; NULL: a message always needs one, and there is no body. */
	bool (*needs_sender)(const struct carrier_config *config);
	const char *(*receipt_answer)(
	    const struct carrier_config *config, const char **type_out);
};

/* The channels that the entry's option names; without it SMS alone. */
unsigned carrier_http_carried(const struct carrier_config *config);
/* The functions of carrier_ops, for a vendor; see CARRIER_HTTP. */
void carrier_http_warn(
    const struct carrier_config *config, carrier_warn_f *say, void *ctx);
enum err carrier_http_open(const struct carrier_http_vendor *vendor,
    const struct carrier_config *config, const struct carrier_env *env, char why[256],
    struct carrier **out) MUST_CHECK;
const char *carrier_http_check(const struct carrier_http_vendor *vendor,
    const struct carrier_config *config, char why[256]);
void carrier_http_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx);
bool carrier_http_is_up(const struct carrier *c);
bool carrier_http_has_room(const struct carrier *c);
enum err carrier_http_read_receipts(const struct carrier_http_vendor *vendor,
    const struct carrier_request *request, struct carrier_receipts *out) MUST_CHECK;
void carrier_http_free(struct carrier *c);

/* The row of a vendor's carrier type; stands at the end of its file, where `vendor` is,
 * and its own options are struct carrier_NAME_options. */
#define CARRIER_HTTP(name, can_carry)                                                    \
	_Static_assert(offsetof(struct carrier_##name##_options, http) == 0,             \
	    "what all over HTTP have stands first");                                     \
	static const char *name##_check(                                                 \
	    const struct carrier_config *config, char why[256])                          \
	{                                                                                \
		return carrier_http_check(&vendor, config, why);                         \
	}                                                                                \
	static bool name##_needs_sender(const struct carrier_config *config)             \
	{                                                                                \
		return vendor.needs_sender == NULL || vendor.needs_sender(config);       \
	}                                                                                \
	static enum err name##_open(const struct carrier_config *config,                 \
	    const struct carrier_env *env, char why[256], struct carrier **out)          \
	{                                                                                \
		return carrier_http_open(&vendor, config, env, why, out);                \
	}                                                                                \
	static const char *name##_receipt_answer(                                        \
	    const struct carrier_config *config, const char **type_out)                  \
	{                                                                                \
		if (vendor.receipt_answer == NULL)                                       \
			return NULL;                                                     \
		return vendor.receipt_answer(config, type_out);                          \
	}                                                                                \
	static enum err name##_read_receipts(                                            \
	    const struct carrier_request *request, struct carrier_receipts *out)         \
	{                                                                                \
		return carrier_http_read_receipts(&vendor, request, out);                \
	}                                                                                \
	const struct carrier_ops carrier_##name##_ops = {.type = #name,                  \
	    .channels = (can_carry),                                                     \
	    .carried = carrier_http_carried,                                             \
	    .options_size = sizeof(struct carrier_##name##_options),                     \
	    .check = name##_check,                                                       \
	    .warn = carrier_http_warn,                                                   \
	    .needs_sender = name##_needs_sender,                                         \
	    .open = name##_open,                                                         \
	    .submit = carrier_http_submit,                                               \
	    .is_up = carrier_http_is_up,                                                 \
	    .has_room = carrier_http_has_room,                                           \
	    .read_receipts = name##_read_receipts,                                       \
	    .receipt_answer = name##_receipt_answer,                                     \
	    .free = carrier_http_free};

/* ---- requests (carrier_http_request.c) ---- */

/* The recipe of a channel, read; of a channel that is not carried all 0. */
struct carrier_http_prepared {
	struct carrier_http_recipe recipe;
	struct http_template url;
	struct http_template body;
	struct http_template headers[HTTP_CLIENT_HEADERS_MAX];
	size_t header_count;
	uint32_t used;
};

/* The parts of a request beside its message; NULL: there is none. */
struct carrier_http_constants {
	const struct carrier_config *config;
	const char *callback_url;
	const char *token;
};

/* Holds the PIN until it is released, which wipes it. */
struct carrier_http_rendered {
	struct buf url;
	struct buf body;
	struct buf made; /* texts that are made for it */
	struct buf headers[HTTP_CLIENT_HEADERS_MAX];
	size_t header_count;
	struct http_client_call call;
};

/* ERR_INVALID with field and why in the maker. */
enum err carrier_http_prepare(const struct carrier_http_way *way,
    struct carrier_http_maker *m, struct carrier_http_prepared *out) MUST_CHECK;
bool carrier_http_prepared_has_token(const struct carrier_http_prepared *p);

/* False: there is no such request, and the outcome says why. To be released either way.
 */
bool carrier_http_render(const struct carrier_http_prepared *p,
    const struct carrier_http_constants *constants, const struct carrier_message *m,
    struct carrier_http_rendered *out, struct carrier_outcome *refused) MUST_CHECK;
void carrier_http_rendered_fini(struct carrier_http_rendered *r);

/* ---- for vendors ---- */

/* By the HTTP status alone; fills in all of the verdict but the id. */
void carrier_http_classify_status(int status, struct carrier_http_verdict *v);
/* By the row of the code; false, and nothing is changed, when there is none. */
bool carrier_http_classify_code(const struct carrier_http_code *rows, size_t count,
    int64_t code, struct carrier_http_verdict *v);
const struct carrier_http_code *carrier_http_code_find(
    const struct carrier_http_code *rows, size_t count, int64_t code);
/* A whole number at that place, also as a text; `otherwise` when there is none. */
int64_t carrier_http_number_at(const json_t *doc, const char *pointer, int64_t otherwise);
/* The text at that place into the verdict's id, when it is one and fits. */
void carrier_http_id_at(
    const json_t *doc, const char *pointer, struct carrier_http_verdict *v);
/*
 * An id in a plain text, by a pattern such as "OK: {{id}}": what stands before {{id}} is
 * looked for in the text (with ^ before it, at the beginning alone; a letter or a digit
 * is not looked for in the midst of a word), and the id goes on to what stands behind
 * it, or with nothing there to a blank or one of , ; & | < > and quotes. "" when there is
 * none.
 */
bool carrier_http_is_id_pattern(const char *pattern);
void carrier_http_id_in_text(
    struct span text, const char *pattern, struct carrier_http_verdict *v);

/* The parameters of a query or a form that have that name, decoded, in their order; how
 * many there are, of which `values_out` has the first `max`. */
size_t carrier_http_param_values(struct arena *a, struct span form, const char *name,
    const char **values_out, size_t max) MUST_CHECK;
/* The parameter of the form in the body, or where there is no body of the query. */
const char *carrier_http_request_param(
    struct arena *a, const struct carrier_request *request, const char *name);
/* Does the parameter stand there again with another value? Then it is of more than one
 * message, and to take one of them would lose the others. */
bool carrier_http_request_repeats(
    struct arena *a, const struct carrier_request *request, const char *name);
/* Decoded and sorted by name and then by value (octets). False when there are more than
 * 256, and then no signature is right: it would be judged over less than was sent. */
bool carrier_http_params_sorted(
    struct arena *a, struct span form, struct text_map *out) MUST_CHECK;
/* One more receipt; ERR_SYNTAX: without an id, or one too many. */
enum err carrier_http_receipt_add(
    struct carrier_receipts *r, const struct carrier_receipt *one) MUST_CHECK;
/* How often a text is said at least. */
enum { CARRIER_HTTP_ROUNDS = 2 };
/* The text of a call as a service shall say it: the PIN's symbols apart, and the whole so
 * often, with `between` in between. */
void carrier_http_speak(struct buf *out, const struct content_voice *voice,
    unsigned rounds, const char *between);
/* Once more where a key would have it said again, and the service has no such key. */
unsigned carrier_http_rounds(const struct content_voice *voice);
/* Is another rate than the usual one asked for? */
bool carrier_http_has_rate(const struct content_voice *voice);
/* The vendor's word for a language of the API (contract 2.3), which NULL makes English;
 * NULL: it speaks none such. */
const char *carrier_http_language(enum carrier_http_tongue tongue, const char *language);

/* Is the last segment of the path the secret of the configuration? Not without one. */
bool carrier_http_trusts_secret(
    struct carrier_receipts *r, const struct carrier_request *request);

#endif

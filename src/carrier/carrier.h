/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A carrier takes a rendered message and says what became of it. All of it runs on the
 * delivery loop's thread.
 *
 * A carrier MUST
 *  1. call `done` exactly once for each submit, from inside submit or later on the
 *     same thread, and never after `free` has returned;
 *  2. answer CARRIER_UNKNOWN when the message may have been taken (a time-out, a
 *     connection lost after the request was written), and only then; it is `final`
 *     where the other side did answer, and as if it had taken it, or had the whole of a
 *     mail;
 *  3. answer CARRIER_RETRY at once when it is down or its window and queue are full:
 *     a carrier keeps no backlog, delivery does. It holds at most `window` messages.
 *     That answer, and that of a message of which not an octet went out, is `untried`,
 *     and no other is: nothing that the other side has said ever is. It counts as no
 *     attempt, so a carrier that could not reach anybody MUST NOT be up for a while;
 *  4. keep no copy of the text after `done`, but for what a call is saying, and wipe what
 *     it held;
 *  5. bound every wait: connecting, binding, a response;
 *  6. on `free`, answer what is outstanding, with CARRIER_UNKNOWN where nobody knows,
 *     close, and release;
 *  7. acknowledge a receipt to the other side only after `taken` said that it is durable,
 *     and hold a bounded number of them that are not;
 *  8. take messages of each channel that its type names, and of no other: a route or a
 *     default that would hand it others is refused when the configuration is read.
 * It SHOULD tell of its connection in the log (up, down and why), never of a text.
 * It MAY call `changed` of its environment whenever up or free room may have changed.
 */
#ifndef WW_CARRIER_H
#define WW_CARRIER_H

#include "base/base.h"
#include "base/clock.h"
#include "base/header.h"
#include "twofa/content.h"
#include "twofa/report.h"
#include "twofa/sms_text.h"

struct event_base;
struct speech;
struct speech_answer;

enum carrier_result {
	CARRIER_ACCEPTED, /* the other side took responsibility */
	CARRIER_RETRY,    /* not taken; the same message may be taken later */
	CARRIER_REFUSED,  /* not taken, and never will be by this carrier */
	CARRIER_UNKNOWN,  /* may have been taken */
};

struct carrier_outcome {
	enum carrier_result result;
	uint32_t code; /* the carrier's own: SMPP command_status, errno; 0 when none */
	const char *reason; /* for logs and the timeline; never NULL */
	/* The other side's id in the form in which its receipts will name it; NULL when
	 * none. */
	const char *message_id;
	/* Those of all parts, the first included, when several have a receipt of their
	 * own. */
	const char *const *part_ids;
	size_t part_count;
	bool untried;   /* RETRY, and the other side saw nothing of it: no attempt */
	bool throttled; /* RETRY because we are too fast (ESME_RTHROTTLED, HTTP 429):
			   the carrier is well, and gets less for a while */
	bool deferred;  /* RETRY for a reason of this destination's own (greylisting, a
			   mailbox that is full): the carrier is well, and the message
			   alone waits, for as long as its PIN lives */
	bool partly;    /* some of its parts were accepted all the same, or may have
			   been, so that trying again sends those twice */
	bool elsewhere; /* REFUSED for a reason of this carrier's own (sender, account,
			   service): another may take it. Not for a bad number. */
	bool final; /* UNKNOWN, and the other side has answered that all is well, or had
		       all of a mail: a second submit may be one too many, so there is
		       none */
	bool here_alone; /* UNKNOWN, and this carrier knows the message again by its
			    reference: it may be asked once more, and no other */
	enum report_status status; /* what the refusal amounts to; REPORT_NONE: nothing */
	enum report_error error;
};

/* "accepted", "retry", "refused", "unknown" */
const char *carrier_result_name(enum carrier_result r);

/* Too fast or too early, and nothing of it was taken: to wait is all that it takes. */
static inline bool
carrier_put_back(const struct carrier_outcome *o)
{
	return (o->throttled || o->deferred) && !o->partly;
}

typedef void carrier_done_f(void *ctx, const struct carrier_outcome *outcome);

/* Borrowed for the duration of submit. */
struct carrier_message {
	const char *pin_id;         /* 32 hex digits */
	const char *application_id; /* 32 hex digits */
	const char *reference;      /* the same at each attempt, of this message alone */
	const char *to;             /* E.164 digits, or a mailbox: by the channel */
	const char *from;           /* sender; NULL: the carrier's default */
	struct content content; /* of a channel that the type carries; holds the PIN */
	int64_t at_ms;          /* store's time */
	int64_t validity_ms;    /* what is left of the PIN's life; over 0 */
};

/* One entry of `carriers:`; all of it lives as long as the process. 0 and NULL: not
 * given. */
struct carrier_config {
	const char *name;
	const char *type;
	int64_t rate;  /* messages a second, of all binds together; kept by delivery */
	int64_t binds; /* carriers of this entry that delivery opens; they share a line */
	const char *sender; /* when neither request, template nor route names one */
	void *options;      /* the struct of its type (carrier/options.h) */
};

/* Told of a receipt whether it is durable (true: acknowledge it), or whether the other
 * side shall send it again. */
typedef void carrier_taken_f(void *ctx, bool durable);

/* A receipt: the other side's later report of a message; borrowed for the duration of the
 * call. */
struct carrier_receipt {
	const char *message_id; /* in the form of carrier_outcome's */
	const char *other_id; /* by which the message may be known instead; NULL: none */
	enum report_status status;
	enum report_error error;
	int64_t done_at_ms; /* by the other side's clock; 0: not said */
	/* Called once, now or later, on the loop's thread, and never after `free` of the
	 * carrier; NULL: nobody waits. */
	carrier_taken_f *taken;
	void *taken_ctx;
};

/* A request that came to a carrier's URL for receipts; borrowed. */
struct carrier_request {
	struct span method;
	struct span target; /* path and query as sent */
	struct span query;
	struct span secret; /* the path's last segment, decoded; empty without one */
	struct span content_type;
	struct span body;
	const struct header *headers;
	size_t header_count;
	const char *public_url; /* what others reach us by; NULL: not at all */
};

enum { CARRIER_RECEIPTS_MAX = 1000 }; /* in one request */

/* The receipts in a request; their texts stand in the arena or in the request. */
struct carrier_receipts {
	struct arena *arena;
	const struct carrier_config *config;
	size_t count;
	struct carrier_receipt *items;
};

struct carrier_env {
	struct event_base *base;
	const struct clock *clock;
	const struct entropy *entropy;
	const char *data_dir;   /* relative paths of carriers start here */
	const char *public_url; /* what others reach us by; NULL: not at all */
	struct speech *speech;  /* NULL: no carrier of the configuration speaks */
	void (*changed)(void *ctx);
	/* A receipt came, of any message, at any time, also twice or before the outcome
	 * of its submit was told. NULL: receipts are not wanted. */
	void (*receipt)(void *ctx, const struct carrier_config *config,
	    const struct carrier_receipt *r);
	void *ctx;
};

/* Told of an option that is allowed and probably not meant as it is, with a sentence.
 * Both are borrowed for the duration of the call. */
typedef void carrier_warn_f(void *ctx, const char *field, const char *what);

struct carrier;

struct carrier_ops {
	const char *type;
	unsigned channels; /* CHANNEL_BIT of each that it carries; no message of another
			      is ever submitted to it */
	/* The `channels` that the entry's options leave it; NULL: all. */
	unsigned (*carried)(const struct carrier_config *config);
	size_t options_size; /* of the type's own struct (carrier/options.h) */
	/* Checks that rows of options cannot express: the name of the option that is
	 * wrong, with a sentence in `why`; NULL: none is. May be NULL itself. */
	const char *(*check)(const struct carrier_config *config, char why[256]);
	/* Says each thing that `check` allows and that is probably not meant. May be NULL
	 * itself. */
	void (*warn)(const struct carrier_config *config, carrier_warn_f *say, void *ctx);
	/* Would a message without a sender go out without one, although it should have
	 * one? NULL: never. */
	bool (*needs_sender)(const struct carrier_config *config);
	/* Does it need speech (speech/speech.h)? NULL: never. */
	bool (*speaks)(const struct carrier_config *config);
	/* ERR_INVALID and ERR_IO put a sentence into `why`. A carrier that connects does
	 * so in the background. */
	enum err (*open)(const struct carrier_config *config,
	    const struct carrier_env *env, char why[256], struct carrier **out);
	void (*submit)(struct carrier *c, const struct carrier_message *m,
	    carrier_done_f *done, void *ctx);
	bool (*is_up)(const struct carrier *c);
	/* Would submit take one more now? So that nothing is rendered in vain. NULL: as
	 * is_up. */
	bool (*has_room)(const struct carrier *c);
	/* The receipts in a request that names this carrier. Any thread: it knows what it
	 * is given and nothing else. ERR_FORBIDDEN: the request is not from them;
	 * ERR_SYNTAX: it cannot be read. NULL: this type has none by HTTP. */
	enum err (*read_receipts)(
	    const struct carrier_request *request, struct carrier_receipts *out);
	/* The body that a receipt by HTTP is answered with once it is durable, and its
	 * Content-Type. NULL: none. */
	const char *(*receipt_answer)(
	    const struct carrier_config *config, const char **type_out);
	/* In which a short text goes out. NULL: GSM 7 bit. */
	enum sms_alphabet (*alphabet)(const struct carrier_config *config);
	/* Does it still have a message whose outcome was told, such as a call that is
	 * spoken, or a receipt that is not durable? NULL: never. */
	bool (*is_busy)(const struct carrier *c);
	/* No submit comes any more: what it holds shall end, and be reported, well within
	 * so long. Then `free` follows. NULL: free is all it needs. */
	void (*stop)(struct carrier *c, int64_t within_ms);
	void (*free)(struct carrier *c);
};

/* The first member of each implementation's own struct. */
struct carrier {
	const struct carrier_ops *ops;
	const struct carrier_config *config;
};

/* All that exist, in an array in carrier.c; NULL when there is none of that type. */
const struct carrier_ops *carrier_type_find(const char *type);

/* Does it carry that channel: by its type, and by its options? Not when there is no such
 * type. */
bool carrier_carries(const struct carrier_config *config, enum channel channel);
/* How large the options of that type are; of one that does not exist, the largest. */
size_t carrier_options_size(const char *type);
/* As in carrier_ops; for a type that exists. */
const char *carrier_check(const struct carrier_config *config, char why[256]);
void carrier_warn(const struct carrier_config *config, carrier_warn_f *say, void *ctx);
bool carrier_needs_sender(const struct carrier_config *config);
bool carrier_speaks(const struct carrier_config *config);
/* The outcome of a message that speech did not make sound of: its answer is not OK. */
struct carrier_outcome carrier_unspoken(const struct speech_answer *answer);

/* In which it sends a text that can be sent in it; NULL: of no carrier. */
enum sms_alphabet carrier_alphabet(const struct carrier_config *config);
/* The text in the parts and the alphabet in which this carrier sends it, as
 * sms_text_split_in; NULL: of no carrier. Parts are counted by these. */
enum err carrier_split(const struct carrier_config *config, struct arena *a,
    struct span text, struct sms_parts *out) MUST_CHECK;

/* How many parts a message of that content is sent and paid in. 0: its channel has none,
 * or it cannot be sent. */
unsigned carrier_parts(
    const struct carrier_config *config, const struct content *content);

enum err carrier_open(const struct carrier_config *config, const struct carrier_env *env,
    char why[256], struct carrier **out) MUST_CHECK;
void carrier_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx);
bool carrier_is_up(const struct carrier *c);
bool carrier_has_room(const struct carrier *c);
bool carrier_is_busy(const struct carrier *c);
void carrier_stop(struct carrier *c, int64_t within_ms);
/* As in carrier_ops; ERR_FORBIDDEN for a type without receipts by HTTP. `out` has its
 * arena and nothing else. */
enum err carrier_read_receipts(const struct carrier_config *config,
    const struct carrier_request *request, struct carrier_receipts *out) MUST_CHECK;
const char *carrier_receipt_answer(
    const struct carrier_config *config, const char **type_out);
void carrier_free(struct carrier *c); /* NULL is allowed */

/* Is the last segment of the URL that secret? Never, without one. */
bool carrier_knows_secret(const char *secret, const struct carrier_request *request);
/* For a carrier whose parts have ids: `count` with this one more, unless it is empty or
 * among them; some name all parts alike, and report once. */
size_t carrier_add_id(const char **ids, size_t count, const char *id) MUST_CHECK;
/* How long one that cannot be connected is left alone after so many failures before
 * this one: 1, 2, 4 ... 30 s, between half and the whole, so that not all come back at
 * once. */
int64_t carrier_pause_ms(const struct carrier_env *env, unsigned failures) MUST_CHECK;

#endif

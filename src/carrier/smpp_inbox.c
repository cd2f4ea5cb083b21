/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smpp_inbox.h"

#include <event2/event.h>
#include <sys/queue.h>

#include "base/log.h"
#include "carrier/options.h"
#include "carrier/smpp_cancels.h"
#include "carrier/smpp_receipt.h"

enum { TICK_MS = 200 };

/* A receipt that is on its way to the store. */
struct waiting_receipt {
	TAILQ_ENTRY(waiting_receipt) entry; /* of the spare, or of those on their way */
	struct smpp_inbox *inbox;
	struct smpp_session *session;
	enum smpp_command response;
	uint32_t sequence;
	unsigned binding; /* of the session; another one never asked. 0: answered */
	int64_t until_ms;
};

struct smpp_inbox {
	const struct carrier_config *config;
	const struct carrier_smpp_options *options;
	const struct carrier_env *env;
	struct smpp_cancels *cancels;
	struct event *timer;
	int64_t offset_ms; /* of the times in receipts, from UTC */
	TAILQ_HEAD(receipt_list, waiting_receipt) spare;
	struct receipt_list waiting; /* oldest first */
	struct waiting_receipt slots[SMPP_INBOX_MAX];
};

static void
respond(struct smpp_session *session, enum smpp_command response, uint32_t sequence,
    uint32_t status)
{
	struct smpp_pdu pdu = {
	    .command = response, .sequence = sequence, .status = status};

	(void)!smpp_session_send(session, &pdu);
}

/* Once, and never on another link than the one that asked. */
static void
answer_receipt(struct waiting_receipt *w, bool durable)
{
	if (w->binding != 0 && smpp_session_binding(w->session) == w->binding)
		respond(w->session, w->response, w->sequence,
		    durable ? SMPP_ESME_ROK : SMPP_ESME_RX_T_APPN);
	w->binding = 0;
}

static void
on_taken(void *ctx, bool durable)
{
	struct waiting_receipt *w = ctx;

	answer_receipt(w, durable);
	TAILQ_REMOVE(&w->inbox->waiting, w, entry);
	TAILQ_INSERT_HEAD(&w->inbox->spare, w, entry);
}

/* The store is slow. Its slot stays taken: what the store will say has to land there. */
static void
on_waiting_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct smpp_inbox *in = ctx;
	int64_t now_ms = in->env->clock->steady_ms(in->env->clock);
	struct waiting_receipt *w;

	(void)fd;
	(void)what;
	TAILQ_FOREACH(w, &in->waiting, entry)
	{
		if (w->until_ms > now_ms)
			return;
		answer_receipt(w, false);
	}
}

/* By the one id, or by whichever of two it is. */
static void
hand_on(struct smpp_inbox *in, struct waiting_receipt *w, const struct smpp_receipt *r)
{
	enum smpp_id_format format = (enum smpp_id_format)in->options->message_id_format;
	char id[SMPP_ID_LEN_MAX + 1];
	char other[SMPP_ID_LEN_MAX + 1];
	struct carrier_receipt receipt = {.message_id = id,
	    .status = r->status,
	    .error = r->error,
	    .done_at_ms = r->done_at_ms,
	    .taken = on_taken,
	    .taken_ctx = w};
	bool ends = report_message_state(r->status) != MESSAGE_ACCEPTED;

	if (r->done_at_ms > 0)
		receipt.done_at_ms -= in->offset_ms;
	smpp_receipt_message_id(format, r, id);
	if (smpp_receipt_other_id(format, r, other))
		receipt.other_id = other;
	if (ends)
		smpp_cancels_forget(in->cancels, id);
	if (ends && receipt.other_id != NULL)
		smpp_cancels_forget(in->cancels, other);
	in->env->receipt(in->env->ctx, in->config, &receipt);
}

/* Not a word of its text: it may hold a PIN. */
static void
log_unreadable(
    const struct smpp_inbox *in, const struct smpp_pdu *pdu, const struct smpp_receipt *r)
{
	log_event(LOG_LEVEL_WARNING, "receipt_unreadable",
	    LOG_TEXT("carrier", in->config->name),
	    LOG_TEXT("missing",
		r->text_id[0] == '\0' && r->tlv_id[0] == '\0' ? "id" : "state"),
	    LOG_INT("dataCoding", pdu->data_coding), LOG_INT("esmClass", pdu->esm_class));
}

void
smpp_inbox_take(
    struct smpp_inbox *in, struct smpp_session *session, const struct smpp_pdu *pdu)
{
	enum smpp_command response = smpp_pdu_response_of(pdu->command);
	struct waiting_receipt *w = TAILQ_FIRST(&in->spare);
	struct smpp_receipt r;
	enum err e = smpp_receipt_read(pdu, in->options->receipts_by_text, &r);

	if (in->options->receipt_id == SMPP_RECEIPT_ID_TEXT && r.text_id[0] != '\0')
		r.tlv_id[0] = '\0';
	if (e == ERR_SYNTAX)
		log_unreadable(in, pdu, &r);
	if (e != OK || in->env->receipt == NULL) {
		respond(session, response, pdu->sequence, SMPP_ESME_ROK);
		return;
	}
	if (w == NULL) {
		respond(session, response, pdu->sequence, SMPP_ESME_RX_T_APPN);
		return;
	}
	TAILQ_REMOVE(&in->spare, w, entry);
	TAILQ_INSERT_TAIL(&in->waiting, w, entry);
	w->until_ms =
	    in->env->clock->steady_ms(in->env->clock) + in->options->response_timeout_ms;
	w->session = session;
	w->response = response;
	w->sequence = pdu->sequence;
	w->binding = smpp_session_binding(session);
	hand_on(in, w, &r);
}

struct smpp_inbox *
smpp_inbox_new(const struct carrier_config *config, const struct carrier_env *env,
    struct smpp_cancels *cancels)
{
	static const struct timeval tick = {0, TICK_MS * 1000};
	struct smpp_inbox *in = mem_new(sizeof(*in));

	in->config = config;
	in->options = config->options;
	in->env = env;
	in->cancels = cancels;
	if (in->options->receipt_offset != NULL)
		INVARIANT(smpp_receipt_offset_parse(
		    in->options->receipt_offset, &in->offset_ms));
	TAILQ_INIT(&in->spare);
	TAILQ_INIT(&in->waiting);
	in->timer = event_new(env->base, -1, EV_PERSIST, on_waiting_timer, in);
	RESOURCE(in->timer != NULL && event_add(in->timer, &tick) == 0);
	for (size_t i = 0; i < SMPP_INBOX_MAX; i++) {
		in->slots[i].inbox = in;
		TAILQ_INSERT_HEAD(&in->spare, &in->slots[i], entry);
	}
	return in;
}

void
smpp_inbox_free(struct smpp_inbox *in)
{
	event_free(in->timer);
	mem_free(in);
}

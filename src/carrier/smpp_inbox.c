/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smpp_inbox.h"

#include <sys/queue.h>

#include "base/log.h"
#include "carrier/smpp_cancel.h"
#include "carrier/smpp_receipt.h"

/* A receipt that is on its way to the store. */
struct waiting_receipt {
	SLIST_ENTRY(waiting_receipt) entry; /* of the spare ones */
	struct smpp_inbox *inbox;
	struct smpp_session *session;
	enum smpp_command response;
	uint32_t sequence;
	unsigned binding; /* of the session; another one never asked */
};

struct smpp_inbox {
	const struct carrier_config *config;
	const struct carrier_env *env;
	struct smpp_cancels *cancels;
	SLIST_HEAD(, waiting_receipt) spare;
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

static void
on_taken(void *ctx, bool durable)
{
	struct waiting_receipt *w = ctx;

	if (smpp_session_binding(w->session) == w->binding)
		respond(w->session, w->response, w->sequence,
		    durable ? SMPP_ESME_ROK : SMPP_ESME_RX_T_APPN);
	SLIST_INSERT_HEAD(&w->inbox->spare, w, entry);
}

static void
hand_on(struct smpp_inbox *in, struct waiting_receipt *w, const struct smpp_receipt *r)
{
	char id[SMPP_ID_LEN_MAX + 1];
	struct carrier_receipt receipt = {.message_id = id,
	    .status = r->status,
	    .error = r->error,
	    .done_at_ms = r->done_at_ms,
	    .taken = on_taken,
	    .taken_ctx = w};

	smpp_id_of_receipt((enum smpp_id_format)in->config->message_id_format, r, id);
	if (report_message_state(r->status) != MESSAGE_ACCEPTED)
		smpp_cancels_forget(in->cancels, id);
	in->env->receipt(in->env->ctx, in->config, &receipt);
}

/* Not a word of its text: it may hold a PIN. */
static void
log_unreadable(const struct smpp_inbox *in, const struct smpp_receipt *r)
{
	log_event(LOG_LEVEL_WARNING, "receipt_unreadable",
	    LOG_TEXT("carrier", in->config->name),
	    LOG_TEXT("missing",
		r->text_id[0] == '\0' && r->tlv_id[0] == '\0' ? "id" : "state"));
}

void
smpp_inbox_take(
    struct smpp_inbox *in, struct smpp_session *session, const struct smpp_pdu *pdu)
{
	enum smpp_command response = smpp_response_of(pdu->command);
	struct waiting_receipt *w = SLIST_FIRST(&in->spare);
	struct smpp_receipt r;
	enum err e = smpp_receipt_read(pdu, &r);

	if (e == ERR_SYNTAX)
		log_unreadable(in, &r);
	if (e != OK || in->env->receipt == NULL) {
		respond(session, response, pdu->sequence, SMPP_ESME_ROK);
		return;
	}
	if (w == NULL) {
		respond(session, response, pdu->sequence, SMPP_ESME_RX_T_APPN);
		return;
	}
	SLIST_REMOVE_HEAD(&in->spare, entry);
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
	struct smpp_inbox *in = mem_new(sizeof(*in));

	in->config = config;
	in->env = env;
	in->cancels = cancels;
	SLIST_INIT(&in->spare);
	for (size_t i = 0; i < SMPP_INBOX_MAX; i++) {
		in->slots[i].inbox = in;
		SLIST_INSERT_HEAD(&in->spare, &in->slots[i], entry);
	}
	return in;
}

void
smpp_inbox_free(struct smpp_inbox *in)
{
	mem_free(in);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Receipts: an SMSC's later word on a message, read out of a deliver_sm or data_sm; and
 * the ids by which it names messages. Pure, and lenient: the text of a receipt is vendor
 * specific by the standard's own word (SMPP 3.4 appendix B).
 */
#ifndef WW_SMPP_RECEIPT_H
#define WW_SMPP_RECEIPT_H

#include "carrier/smpp_pdu.h"

enum { SMPP_ID_LEN_MAX = 64 };

/*
 * How the id in a response and the one in a receipt relate. AUTO takes away what can
 * be taken away without a mistake: the case of hexadecimal ids, and leading zeros. It
 * never changes the base: 10 and 0x10 may both be ids of messages, and a guess would
 * report one person's message as another's.
 */
enum smpp_id_format {
	SMPP_ID_AUTO,
	SMPP_ID_AS_IS,
	SMPP_ID_HEX_TO_DECIMAL, /* responses are hexadecimal, receipts decimal */
	SMPP_ID_DECIMAL_TO_HEX,
};

/* Which of the two ids of a receipt names its message. */
enum smpp_receipt_id {
	SMPP_RECEIPT_ID_AUTO, /* receipted_message_id, as the standard has it */
	SMPP_RECEIPT_ID_TEXT, /* the text's, where it has one */
};

struct smpp_receipt {
	/* As it stands there; never both empty. */
	char text_id[SMPP_ID_LEN_MAX + 1];
	char tlv_id[SMPP_ID_LEN_MAX + 1]; /* receipted_message_id */
	enum report_status status;
	enum report_error error;
	int64_t done_at_ms; /* 0: not said; receipts have no zone: as if it were UTC */
};

/*
 * The text is looked for in short_message and message_payload, behind a header and
 * without one, in one octet a letter and in two, whatever data_coding says; the id and
 * the state may stand in parameters in its place.
 * ERR_NOT_FOUND: it is no receipt but somebody's message. ERR_SYNTAX: a receipt, but
 * without an id or without a state that can be told. By text: one that neither
 * esm_class nor a parameter of receipts marks is a receipt when it reads like one.
 */
enum err smpp_receipt_read(
    const struct smpp_pdu *pdu, bool by_text, struct smpp_receipt *out) MUST_CHECK;

/* The id of a submit_sm_resp, in the form in which messages are found. */
void smpp_receipt_response_id(
    enum smpp_id_format f, const char *id, char out[SMPP_ID_LEN_MAX + 1]);
/* The same of a receipt. A receipted_message_id is the response's own id, by the
 * standard; one that is written as the text's is taken as that. */
void smpp_receipt_message_id(
    enum smpp_id_format f, const struct smpp_receipt *r, char out[SMPP_ID_LEN_MAX + 1]);

/*
 * A second id by which the message may be known, the text's beside a
 * receipted_message_id of another kind. False: there is none. Two numbers are of one
 * kind: each of them may name a message, so nothing is guessed.
 */
bool smpp_receipt_other_id(
    enum smpp_id_format f, const struct smpp_receipt *r, char out[SMPP_ID_LEN_MAX + 1]);
/* "+03:00", at most 14 hours, as milliseconds; false: another form. */
bool smpp_receipt_offset_parse(const char *text, int64_t *ms_out) MUST_CHECK;

#endif

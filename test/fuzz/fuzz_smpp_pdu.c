/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PDU of an SMSC (SMPP 3.4): what was read well is written and read again as the same
 * PDU, and what is a receipt has an id.
 */
#include "carrier/smpp_receipt.h"
#include "fuzz.h"

static void
read_receipt(const struct smpp_pdu *pdu, bool by_text)
{
	struct smpp_receipt r;
	char id[SMPP_ID_LEN_MAX + 1];

	if (smpp_receipt_read(pdu, by_text, &r) != OK)
		return;
	INVARIANT(r.text_id[0] != '\0' || r.tlv_id[0] != '\0');
	for (int f = SMPP_ID_AUTO; f <= SMPP_ID_DECIMAL_TO_HEX; f++) {
		smpp_receipt_message_id((enum smpp_id_format)f, &r, id);
		smpp_receipt_response_id((enum smpp_id_format)f, r.text_id, id);
		(void)smpp_receipt_other_id((enum smpp_id_format)f, &r, id);
	}
}

static void
write_again(const struct smpp_pdu *pdu)
{
	struct smpp_pdu again;
	const char *field = NULL;
	struct buf out;

	buf_init(&out, SMPP_PDU_LEN_MAX);
	if (smpp_pdu_encode(pdu, &out, &field) == OK) {
		INVARIANT(smpp_pdu_decode(buf_span(&out), &again, &field) == OK);
		INVARIANT(again.command == pdu->command && again.status == pdu->status &&
			  again.sequence == pdu->sequence && again.tlvs == pdu->tlvs);
	}
	buf_fini(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span octets = fuzz_copy(data, len);
	const char *field = NULL;
	struct smpp_pdu pdu;
	size_t whole;
	enum err e = smpp_pdu_length(octets, &whole);

	INVARIANT(e != OK || (whole >= SMPP_HEADER_LEN && whole <= SMPP_PDU_LEN_MAX));
	if (len >= SMPP_HEADER_LEN && smpp_pdu_decode(octets, &pdu, &field) == OK) {
		write_again(&pdu);
		read_receipt(&pdu, false);
		read_receipt(&pdu, true);
	}
	fuzz_forget(octets);
	return 0;
}

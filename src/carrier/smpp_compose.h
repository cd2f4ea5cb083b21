/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as the PDUs that carry it: addresses by their form, the text in one or
 * more parts by the way that is configured, and what the operator wants beside it. No
 * I/O.
 */
#ifndef WW_SMPP_COMPOSE_H
#define WW_SMPP_COMPOSE_H

#include "carrier/options.h"
#include "carrier/smpp_pdu.h"
#include "twofa/sms_text.h"

enum smpp_bind { SMPP_BIND_TRANSCEIVER, SMPP_BIND_TRANSMITTER, SMPP_BIND_PAIR };

/* How a text that needs more than one part goes out. */
enum smpp_long {
	SMPP_LONG_UDH,     /* parts that begin with a header (3GPP TS 23.040) */
	SMPP_LONG_SAR,     /* parts with sar_* parameters */
	SMPP_LONG_PAYLOAD, /* one PDU, the whole in message_payload */
};

/* By which PDU. */
enum smpp_submit { SMPP_SUBMIT_SM, SMPP_SUBMIT_DATA_SM };

/* How a text is marked that is to be shown and not kept (class 0). */
enum smpp_flash {
	SMPP_FLASH_OFF,
	SMPP_FLASH_DATA_CODING, /* a message class in data_coding (3GPP TS 23.038 4) */
	SMPP_FLASH_SUBUNIT,     /* dest_addr_subunit: the display (SMPP 3.4 5.3.2.1) */
};

struct smpp_message {
	const struct carrier_smpp_options *options;
	struct smpp_pdu pdu; /* what all parts share */
	struct sms_parts parts;
	uint16_t reference; /* of its parts; a header has the lower octet */
	unsigned count;     /* of PDUs */
	struct span whole;  /* SMPP_LONG_PAYLOAD: the text, encoded */
};

/*
 * All texts are put into the arena.
 * ERR_SYNTAX, ERR_TOO_LARGE, ERR_INVALID with a sentence in why_out: no SMSC will ever
 * take it so.
 */
enum err smpp_compose(const struct carrier_config *config, struct arena *a,
    const struct carrier_message *m, struct smpp_message *out,
    const char **why_out) MUST_CHECK;

enum { SMPP_PART_LEN_MAX = SMS_UDH_LEN + SMS_PART_LEN_MAX };

/* The i-th PDU in `m->pdu`; `octets` holds its text and is to be wiped. */
void smpp_compose_part(
    struct smpp_message *m, unsigned i, char octets[SMPP_PART_LEN_MAX]);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SMPP 3.4 PDUs as octets and as structs. No I/O, and no length is believed: what a
 * PDU says of itself is held against the octets that are there.
 */
#ifndef WW_SMPP_PDU_H
#define WW_SMPP_PDU_H

#include "base/buf.h"
#include "carrier/carrier.h"

enum { SMPP_HEADER_LEN = 16, SMPP_PDU_LEN_MAX = 70000 };

enum smpp_command {
#define SMPP_PDU(name, id, ...) SMPP_##name,
#include "carrier/smpp.def"
	SMPP_COMMAND_COUNT
};

enum smpp_tlv {
#define SMPP_TLV(name, tag, kind, size) SMPP_TLV_##name,
#include "carrier/smpp.def"
	SMPP_TLV_COUNT
};

enum smpp_status {
#define SMPP_STATUS(name, value, result) SMPP_##name = (value),
#include "carrier/smpp.def"
};

#define SMPP_TYPE_U8(name, size) uint8_t name;
#define SMPP_TYPE_U16(name, size) uint16_t name;
#define SMPP_TYPE_U32(name, size) uint32_t name;
#define SMPP_TYPE_CSTRING(name, size) char name[size];
#define SMPP_TYPE_OCTETS(name, size) struct span name;

enum { SMPP_EXTRAS_MAX = 4 };

/* An optional parameter whose tag the other side's operator has chosen. */
struct smpp_extra {
	uint16_t tag;
	struct span value;
};

struct smpp_pdu {
	enum smpp_command command;
	uint32_t status;
	uint32_t sequence;
	unsigned tlvs;        /* 1 << enum smpp_tlv of those that are there */
	unsigned extra_count; /* written, never read */
	struct smpp_extra extras[SMPP_EXTRAS_MAX];
#define SMPP_FIELD(name, kind, size) SMPP_TYPE_##kind(name, size)
#define SMPP_TLV(name, tag, kind, size) SMPP_TYPE_##kind(tlv_##name, size)
#include "carrier/smpp.def"
};

#undef SMPP_TYPE_U8
#undef SMPP_TYPE_U16
#undef SMPP_TYPE_U32
#undef SMPP_TYPE_CSTRING
#undef SMPP_TYPE_OCTETS

/*
 * From the first octets of a stream, how long the PDU is: OK and the length;
 * ERR_DOWN: fewer than four octets are there; ERR_SYNTAX: no PDU has that length.
 */
enum err smpp_pdu_length(struct span octets, size_t *len_out) MUST_CHECK;
/*
 * One whole PDU. Octet strings point into `octets`. ERR_SYNTAX names the field that is
 * missing in a request; ERR_NOT_FOUND: a command that we do not know. In all cases with
 * 16 octets the sequence is set, and with ERR_SYNTAX beyond those the command. A response
 * of a known command is always OK: its header is the answer, and of its body there is
 * what could be read. A request must have its fields, whatever their length; octets
 * behind them that do not parse are let be, and an optional parameter that does not have
 * the form of its tag is passed over like one whose tag is not known.
 */
enum err smpp_pdu_decode(
    struct span octets, struct smpp_pdu *out, const char **field_out) MUST_CHECK;
/* Appends to `out`. ERR_TOO_LARGE names the field that does not fit. */
enum err smpp_pdu_encode(
    const struct smpp_pdu *pdu, struct buf *out, const char **field_out) MUST_CHECK;
bool smpp_pdu_is_response(enum smpp_command c);
/* The response to a request. */
enum smpp_command smpp_pdu_response_of(enum smpp_command c);
const char *smpp_pdu_command_name(enum smpp_command c);

/* "ESME_RTHROTTLED", or "vendor" for what the specification does not name. */
const char *smpp_pdu_status_name(uint32_t status);
enum carrier_result smpp_pdu_status_result(uint32_t status);
/* The report status, when the command status ends a message; REPORT_NONE otherwise. */
enum report_status smpp_pdu_status_report(uint32_t status, enum report_error *error_out);
/* True: the recipient is wrong, and no carrier will do better. */
bool smpp_pdu_status_blames_number(uint32_t status);
/* The rest of a life as relative time (SMPP 3.4 7.1.1.2), at least a second. */
void smpp_pdu_relative_time(int64_t ms, char out[17]);

#endif

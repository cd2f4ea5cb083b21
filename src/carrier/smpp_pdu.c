/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smpp_pdu.h"

#include <endian.h>
#include <stdio.h>

enum kind { KIND_U8, KIND_U16, KIND_U32, KIND_CSTRING, KIND_OCTETS };

struct field {
	const char *name;
	enum kind kind;
	size_t size;
	size_t offset;
};

enum field_id {
	FIELD_NONE,
#define SMPP_FIELD(name, kind, size) FIELD_##name,
#include "carrier/smpp.def"
};

static const struct field fields[] = {
    {0},
#define SMPP_FIELD(name, kind, size)                                                     \
	{#name, KIND_##kind, size, offsetof(struct smpp_pdu, name)},
#include "carrier/smpp.def"
};

enum { PDU_FIELDS_MAX = 20, TLV_HEADER_LEN = 4, RESPONSE_BIT = 31 };

struct shape {
	const char *name;
	uint32_t id;
	uint8_t fields[PDU_FIELDS_MAX]; /* ends with FIELD_NONE */
};

static const struct shape shapes[] = {
#define F(name) FIELD_##name
#define SMPP_PDU(name, id, ...) {#name, id, {__VA_ARGS__}},
#include "carrier/smpp.def"
#undef F
};

static const struct {
	uint16_t tag;
	struct field field;
} tlvs[] = {
#define SMPP_TLV(name, tag, kind, size)                                                  \
	{tag, {#name, KIND_##kind, size, offsetof(struct smpp_pdu, tlv_##name)}},
#include "carrier/smpp.def"
};

static const struct {
	uint32_t status;
	const char *name;
	enum carrier_result result;
} statuses[] = {
#define SMPP_STATUS(name, value, result) {value, #name, CARRIER_##result},
#include "carrier/smpp.def"
};

/* ---- reading ---- */

static uint32_t
get_be32(const char *p)
{
	const uint8_t *o = (const uint8_t *)p;

	return (uint32_t)o[0] << 24 | (uint32_t)o[1] << 16 | (uint32_t)o[2] << 8 | o[3];
}

static void
skip(struct span *s, size_t n)
{
	INVARIANT(n <= s->len);
	s->ptr += n;
	s->len -= n;
}

/*
 * Strings longer than the standard allows are in use, and read to their final 0 all the
 * same. A string that does not fit is not kept: half an id may be another message's.
 * False: there is no final 0.
 */
static bool
take_cstring(struct span *s, const struct field *f, char *place)
{
	size_t len = strnlen(s->ptr, s->len);
	bool ended = len < s->len;

	if (len < f->size)
		memcpy(place, s->ptr, len);
	skip(s, ended ? len + 1 : len);
	return ended;
}

/* The octet of length may promise more than is there. */
static bool
take_octets(struct span *s, const struct field *f, struct span *place)
{
	size_t len = (uint8_t)s->ptr[0];

	skip(s, 1);
	if (len > s->len)
		len = s->len;
	*place = (struct span){s->ptr, len < f->size ? len : f->size};
	skip(s, len);
	return true;
}

static bool
take_field(struct span *s, const struct field *f, struct smpp_pdu *out)
{
	void *place = (char *)out + f->offset;

	if (s->len == 0)
		return false;
	switch (f->kind) {
	case KIND_U8:
		*(uint8_t *)place = (uint8_t)s->ptr[0];
		skip(s, 1);
		return true;
	case KIND_CSTRING:
		return take_cstring(s, f, place);
	case KIND_OCTETS:
		return take_octets(s, f, place);
	case KIND_U16:
	case KIND_U32:
		break; /* of optional parameters alone */
	}
	return false;
}

static uint32_t
get_number(struct span value)
{
	uint32_t n = 0;

	for (size_t i = 0; i < value.len; i++)
		n = n << 8 | (uint8_t)value.ptr[i];
	return n;
}

/* The value of an optional parameter has the length that stands before it. */
static bool
take_value(struct span value, const struct field *f, void *place)
{
	size_t len;

	switch (f->kind) {
	case KIND_U8:
		if (value.len != 1)
			return false;
		*(uint8_t *)place = (uint8_t)value.ptr[0];
		return true;
	case KIND_U16:
		if (value.len != f->size)
			return false;
		*(uint16_t *)place = (uint16_t)get_number(value);
		return true;
	case KIND_U32:
		if (value.len != f->size)
			return false;
		*(uint32_t *)place = get_number(value);
		return true;
	case KIND_CSTRING:
		len = strnlen(value.ptr, value.len);
		if (len >= f->size)
			return false;
		memcpy(place, value.ptr, len);
		((char *)place)[len] = '\0';
		return true;
	case KIND_OCTETS:
		if (value.len > f->size)
			return false;
		*(struct span *)place = value;
		return true;
	}
	return false;
}

static size_t
tlv_len(struct span s)
{
	return get_be32(s.ptr) & UINT16_MAX;
}

/* A parameter that is cut off is of use when it is a text; half an id is none. */
static void
take_parameter(uint16_t tag, struct span value, bool whole, struct smpp_pdu *out)
{
	for (size_t i = 0; i < countof(tlvs); i++) {
		void *place = (char *)out + tlvs[i].field.offset;

		if (tlvs[i].tag == tag && (whole || i == SMPP_TLV_message_payload) &&
		    take_value(value, &tlvs[i].field, place))
			out->tlvs |= 1u << i;
	}
}

/* False: there is no other one behind it. */
static bool
take_tlv(struct span *s, struct smpp_pdu *out)
{
	uint16_t tag;
	size_t len;
	bool whole;

	if (s->len < TLV_HEADER_LEN)
		return false;
	tag = (uint16_t)(get_be32(s->ptr) >> 16);
	len = tlv_len(*s);
	skip(s, TLV_HEADER_LEN);
	whole = len <= s->len;
	len = whole ? len : s->len;
	take_parameter(tag, (struct span){s->ptr, len}, whole, out);
	skip(s, len);
	return whole;
}

/* Is that nothing but whole parameters? */
static bool
is_tlvs(struct span s)
{
	while (s.len >= TLV_HEADER_LEN && tlv_len(s) <= s.len - TLV_HEADER_LEN)
		skip(&s, TLV_HEADER_LEN + tlv_len(s));
	return s.len == 0;
}

/*
 * The optional parameters (SMPP 3.4 3.2.4), as far as they can be read. Where they are
 * none, an octet too many may stand before them, or sm_length may have taken one of
 * theirs (`text`: it is what stands before them).
 */
static void
take_tail(struct span s, bool text, struct smpp_pdu *out)
{
	struct span later = {s.ptr + 1, s.len - 1};
	struct span earlier = {s.ptr - 1, s.len + 1};

	if (s.len == 0)
		return;
	if (!is_tlvs(s) && s.len > 1 && is_tlvs(later))
		s = later;
	else if (!is_tlvs(s) && text && is_tlvs(earlier))
		s = earlier;
	while (take_tlv(&s, out))
		continue;
}

enum err
smpp_pdu_length(struct span octets, size_t *len_out)
{
	if (octets.len < 4)
		return ERR_DOWN;
	*len_out = get_be32(octets.ptr);
	return *len_out < SMPP_HEADER_LEN || *len_out > SMPP_PDU_LEN_MAX ? ERR_SYNTAX
									 : OK;
}

static enum err
take_header(struct span octets, struct smpp_pdu *out, const char **field_out)
{
	uint32_t id;

	*field_out = "command_length";
	if (octets.len < SMPP_HEADER_LEN)
		return ERR_SYNTAX;
	id = get_be32(octets.ptr + 4);
	out->status = get_be32(octets.ptr + 8);
	out->sequence = get_be32(octets.ptr + 12);
	if (get_be32(octets.ptr) != octets.len)
		return ERR_SYNTAX;
	*field_out = "command_id";
	for (size_t i = 0; i < countof(shapes); i++)
		if (shapes[i].id == id) {
			out->command = (enum smpp_command)i;
			return OK;
		}
	return ERR_NOT_FOUND;
}

/* An id that is no text was never meant as one. */
static bool
is_readable(const char *text)
{
	for (; *text != '\0'; text++)
		if ((uint8_t)*text < ' ')
			return false;
	return true;
}

/*
 * The header of a response is the answer (SMPP 3.4 3.2): with an error status nothing
 * that may stand behind it matters (4.4.2), and otherwise it is read as far as it goes.
 */
static void
take_response(struct span s, struct smpp_pdu *out)
{
	const uint8_t *f = shapes[out->command].fields;

	if (out->status != SMPP_ESME_ROK)
		return;
	while (*f != FIELD_NONE && take_field(&s, &fields[*f], out))
		f++;
	if (!is_readable(out->message_id))
		memset(out->message_id, 0, sizeof(out->message_id));
	take_tail(s, false, out);
}

enum err
smpp_pdu_decode(struct span octets, struct smpp_pdu *out, const char **field_out)
{
	struct span s = octets;
	enum kind last = KIND_U8;
	enum err e;

	*out = (struct smpp_pdu){0};
	e = take_header(octets, out, field_out);
	if (e != OK)
		return e;
	skip(&s, SMPP_HEADER_LEN);
	if (smpp_pdu_is_response(out->command)) {
		take_response(s, out);
		return OK;
	}
	for (const uint8_t *f = shapes[out->command].fields; *f != FIELD_NONE; f++) {
		*field_out = fields[*f].name;
		if (!take_field(&s, &fields[*f], out))
			return ERR_SYNTAX;
		last = fields[*f].kind;
	}
	take_tail(s, last == KIND_OCTETS && out->short_message.len > 0, out);
	return OK;
}

/* ---- writing ---- */

static void
put_be32(struct buf *b, uint32_t n)
{
	const uint8_t o[4] = {
	    (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	buf_add(b, o, sizeof(o));
}

static bool
put_field(struct buf *b, const struct field *f, const struct smpp_pdu *pdu)
{
	const void *place = (const char *)pdu + f->offset;
	const struct span *octets = place;

	switch (f->kind) {
	case KIND_U8:
		buf_add(b, place, 1);
		return true;
	case KIND_CSTRING:
		if (strnlen(place, f->size) == f->size)
			return false;
		buf_add(b, place, strlen(place) + 1);
		return true;
	case KIND_OCTETS:
		if (octets->len > f->size)
			return false;
		buf_add_char(b, (char)octets->len);
		buf_add(b, octets->ptr, octets->len);
		return true;
	case KIND_U16:
	case KIND_U32:
		break;
	}
	return false;
}

static void
put_value(struct buf *b, uint16_t tag, struct span value)
{
	put_be32(b, (uint32_t)tag << 16 | (uint32_t)value.len);
	buf_add(b, value.ptr, value.len);
}

static void
put_tlv(struct buf *b, size_t i, const struct smpp_pdu *pdu)
{
	const struct field *f = &tlvs[i].field;
	const void *place = (const char *)pdu + f->offset;
	struct span value = {place, 1};
	uint16_t n16;
	uint32_t n32;

	switch (f->kind) {
	case KIND_U8:
		break;
	case KIND_U16:
		n16 = htobe16(*(const uint16_t *)place);
		value = (struct span){(const char *)&n16, sizeof(n16)};
		break;
	case KIND_U32:
		n32 = htobe32(*(const uint32_t *)place);
		value = (struct span){(const char *)&n32, sizeof(n32)};
		break;
	case KIND_CSTRING:
		value.len = strlen(place) + 1;
		break;
	case KIND_OCTETS:
		value = *(const struct span *)place;
		break;
	}
	INVARIANT(value.len <= f->size);
	put_value(b, tlvs[i].tag, value);
}

enum err
smpp_pdu_encode(const struct smpp_pdu *pdu, struct buf *out, const char **field_out)
{
	size_t start = out->len;
	uint8_t *len;

	INVARIANT((unsigned)pdu->command < SMPP_COMMAND_COUNT);
	put_be32(out, 0);
	put_be32(out, shapes[pdu->command].id);
	put_be32(out, pdu->status);
	put_be32(out, pdu->sequence);
	for (const uint8_t *f = shapes[pdu->command].fields; *f != FIELD_NONE; f++)
		if (!put_field(out, &fields[*f], pdu)) {
			*field_out = fields[*f].name;
			return ERR_TOO_LARGE;
		}
	for (size_t i = 0; i < countof(tlvs); i++)
		if ((pdu->tlvs & 1u << i) != 0)
			put_tlv(out, i, pdu);
	INVARIANT(pdu->extra_count <= SMPP_EXTRAS_MAX);
	for (unsigned i = 0; i < pdu->extra_count; i++)
		put_value(out, pdu->extras[i].tag, pdu->extras[i].value);
	*field_out = "command_length";
	if (out->failed || out->len - start > SMPP_PDU_LEN_MAX)
		return ERR_TOO_LARGE;
	len = (uint8_t *)out->ptr + start;
	for (int i = 0; i < 4; i++)
		len[i] = (uint8_t)((out->len - start) >> 8 * (3 - i));
	return OK;
}

/* ---- what codes mean ---- */

bool
smpp_pdu_is_response(enum smpp_command c)
{
	INVARIANT((unsigned)c < SMPP_COMMAND_COUNT);
	return shapes[c].id >> RESPONSE_BIT != 0;
}

enum smpp_command
smpp_pdu_response_of(enum smpp_command c)
{
	INVARIANT(!smpp_pdu_is_response(c));
	for (size_t i = 0; i < countof(shapes); i++)
		if (shapes[i].id == (shapes[c].id | 1u << RESPONSE_BIT))
			return (enum smpp_command)i;
	INVARIANT(!"a request without a response");
	return SMPP_generic_nack;
}

const char *
smpp_pdu_command_name(enum smpp_command c)
{
	INVARIANT((unsigned)c < SMPP_COMMAND_COUNT);
	return shapes[c].name;
}

const char *
smpp_pdu_status_name(uint32_t status)
{
	for (size_t i = 0; i < countof(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].name;
	return "vendor";
}

enum carrier_result
smpp_pdu_status_result(uint32_t status)
{
	for (size_t i = 0; i < countof(statuses); i++)
		if (statuses[i].status == status)
			return statuses[i].result;
	return CARRIER_RETRY;
}

/* The report status of a refusal, where the message is refused and not the link. */
static const struct {
	uint32_t status;
	enum report_status reported;
	enum report_error error;
} refusals[] = {
    {SMPP_ESME_RINVMSGLEN, REPORT_REJECTED_MESSAGE_TOO_LONG, REPORT_ERROR_NO_ERROR},
    {SMPP_ESME_RINVDSTADR, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {SMPP_ESME_RINVDSTTON, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {SMPP_ESME_RINVDSTNPI, REPORT_REJECTED_DESTINATION,
	REPORT_ERROR_EC_INVALID_DESTINATION_ADDRESS},
    {SMPP_ESME_RINVSRCADR, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {SMPP_ESME_RINVSRCTON, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
    {SMPP_ESME_RINVSRCNPI, REPORT_REJECTED_SOURCE,
	REPORT_ERROR_EC_INVALID_SOURCE_ADDRESS},
};

enum report_status
smpp_pdu_status_report(uint32_t status, enum report_error *error_out)
{
	*error_out = REPORT_ERROR_NO_ERROR;
	for (size_t i = 0; i < countof(refusals); i++)
		if (refusals[i].status == status) {
			*error_out = refusals[i].error;
			return refusals[i].reported;
		}
	return smpp_pdu_status_result(status) == CARRIER_REFUSED ? REPORT_REJECTED
								 : REPORT_NONE;
}

bool
smpp_pdu_status_blames_number(uint32_t status)
{
	return status == SMPP_ESME_RINVDSTADR || status == SMPP_ESME_RINVDSTTON ||
	       status == SMPP_ESME_RINVDSTNPI;
}

void
smpp_pdu_relative_time(int64_t ms, char out[17])
{
	enum { DAY_S = 86400, MONTH_DAYS = 30, MONTHS_MAX = 11 };
	int64_t s = ms < 1000 ? 1 : ms / 1000;
	int64_t days = s / DAY_S;

	if (days >= MONTHS_MAX * MONTH_DAYS) {
		snprintf(out, 17, "%s", "001100000000000R");
		return;
	}
	s %= DAY_S;
	snprintf(out, 17, "00%02u%02u%02u%02u%02u000R",
	    (unsigned)(days / MONTH_DAYS) % 100, (unsigned)(days % MONTH_DAYS),
	    (unsigned)(s / 3600), (unsigned)(s / 60 % 60), (unsigned)(s % 60));
}

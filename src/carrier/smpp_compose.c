/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smpp_compose.h"

#include <stdio.h>

enum {
	ESM_CLASS_UDHI = 0x40,
	DATA_CODING_CLASS_0 = 0x10,
	SUBUNIT_DISPLAY = 1,
	TON_UNKNOWN = 0,
	TON_INTERNATIONAL = 1,
	TON_NETWORK = 3,
	TON_ALPHANUMERIC = 5,
	NPI_UNKNOWN = 0,
	NPI_E164 = 1,
	SHORT_CODE_DIGITS_MAX = 6
};

static bool
is_digits(const char *text)
{
	size_t len = strspn(text, "0123456789");

	return len > 0 && text[len] == '\0';
}

/* SMPP 3.4 5.2.5, 5.2.6: by the sender's form, where the configuration says nothing. */
static bool
put_source(const struct carrier_smpp_options *c, const char *sender, struct smpp_pdu *pdu)
{
	const char *text =
	    sender[0] == '+' && is_digits(sender + 1) ? sender + 1 : sender;
	bool digits = is_digits(text);
	uint8_t ton = TON_ALPHANUMERIC;

	if (text[0] == '\0')
		ton = TON_UNKNOWN;
	else if (digits)
		ton = strlen(text) <= SHORT_CODE_DIGITS_MAX ? TON_NETWORK
							    : TON_INTERNATIONAL;
	pdu->source_addr_ton = c->source_ton < 0 ? ton : (uint8_t)c->source_ton;
	pdu->source_addr_npi = ton == TON_INTERNATIONAL ? NPI_E164 : NPI_UNKNOWN;
	if (c->source_npi >= 0)
		pdu->source_addr_npi = (uint8_t)c->source_npi;
	return snprintf(pdu->source_addr, sizeof(pdu->source_addr), "%s", text) <
	       (int)sizeof(pdu->source_addr);
}

static bool
put_addresses(const struct carrier_config *config, const struct carrier_message *m,
    struct smpp_pdu *pdu)
{
	const struct carrier_smpp_options *c = config->options;
	const char *sender = m->from != NULL          ? m->from
			     : config->sender != NULL ? config->sender
						      : "";

	pdu->dest_addr_ton = (uint8_t)c->dest_ton;
	pdu->dest_addr_npi = (uint8_t)c->dest_npi;
	return put_source(c, sender, pdu) &&
	       snprintf(pdu->destination_addr, sizeof(pdu->destination_addr), "%s",
		   m->to) < (int)sizeof(pdu->destination_addr);
}

/* How long the SMSC may try: data_sm has no field for it. */
static void
put_validity(int64_t ms, struct smpp_pdu *pdu)
{
	if (pdu->command == SMPP_submit_sm) {
		smpp_pdu_relative_time(ms, pdu->validity_period);
		return;
	}
	pdu->tlv_qos_time_to_live = ms < 1000 ? 1 : (uint32_t)(ms / 1000);
	pdu->tlvs |= 1u << SMPP_TLV_qos_time_to_live;
}

static void
put_extra(struct arena *a, struct smpp_pdu *pdu, int64_t tag, const char *value)
{
	if (value == NULL || tag == 0)
		return;
	INVARIANT(pdu->extra_count < SMPP_EXTRAS_MAX);
	pdu->extras[pdu->extra_count++] =
	    (struct smpp_extra){(uint16_t)tag, span_of(arena_text(a, span_of(value)))};
}

/* India's registers of senders and texts; the tags are each operator's choice. */
static void
put_dlt(const struct carrier_smpp_options *c, struct arena *a,
    const struct carrier_message *m, struct smpp_pdu *pdu)
{
	put_extra(a, pdu, c->dlt_entity_tag, m->content.sms.dlt_entity);
	put_extra(a, pdu, c->dlt_template_tag, m->content.sms.dlt_template);
	put_extra(a, pdu, c->dlt_telemarketer_tag, m->content.sms.dlt_telemarketer);
}

/* All parts one behind the other: that is the text as it was before it was split. */
static struct span
join(struct arena *a, const struct sms_parts *parts)
{
	size_t len = 0;
	char *all;

	for (unsigned i = 0; i < parts->count; i++)
		len += parts->parts[i].len;
	all = arena_alloc(a, len + 1);
	len = 0;
	for (unsigned i = 0; i < parts->count; i++) {
		memcpy(all + len, parts->parts[i].ptr, parts->parts[i].len);
		len += parts->parts[i].len;
	}
	return (struct span){all, len};
}

/* SMPP 3.4 5.2.19. UCS-2 is the same everywhere. */
static uint8_t
data_coding_of(const struct carrier_smpp_options *c, enum sms_alphabet alphabet)
{
	static const uint8_t usual[] = {
	    [SMS_GSM7] = 0, [SMS_LATIN1] = 3, [SMS_ASCII] = 1, [SMS_UCS2] = 8};
	uint8_t coding = usual[alphabet];

	if (alphabet != SMS_UCS2 && c->data_coding >= 0)
		coding = (uint8_t)c->data_coding;
	if (c->flash == SMPP_FLASH_DATA_CODING)
		coding |= DATA_CODING_CLASS_0;
	return coding;
}

static void
put_form(const struct carrier_smpp_options *c, enum sms_alphabet alphabet,
    struct smpp_pdu *pdu)
{
	pdu->data_coding = data_coding_of(c, alphabet);
	if (c->service_type != NULL)
		snprintf(
		    pdu->service_type, sizeof(pdu->service_type), "%s", c->service_type);
	if (c->flash != SMPP_FLASH_SUBUNIT)
		return;
	pdu->tlv_dest_addr_subunit = SUBUNIT_DISPLAY;
	pdu->tlvs |= 1u << SMPP_TLV_dest_addr_subunit;
}

enum err
smpp_compose(const struct carrier_config *config, struct arena *a,
    const struct carrier_message *m, struct smpp_message *out, const char **why_out)
{
	const struct carrier_smpp_options *options = config->options;
	struct smpp_pdu *pdu = &out->pdu;
	enum err e = carrier_split(config, a, m->content.sms.text, &out->parts);

	*why_out = "the text is no text or needs too many parts";
	if (e != OK)
		return e;
	out->options = options;
	out->count = out->parts.count;
	if (out->count > 1 && options->long_messages == SMPP_LONG_PAYLOAD) {
		out->whole = join(a, &out->parts);
		out->count = 1;
	}
	pdu->command =
	    options->submit_by == SMPP_SUBMIT_DATA_SM ? SMPP_data_sm : SMPP_submit_sm;
	put_form(options, out->parts.alphabet, pdu);
	put_validity(m->validity_ms, pdu);
	put_dlt(options, a, m, pdu);
	*why_out = "sender or recipient are too long for SMPP";
	return put_addresses(config, m, pdu) ? OK : ERR_INVALID;
}

static void
put_sar(struct smpp_message *m, unsigned i)
{
	m->pdu.tlv_sar_msg_ref_num = m->reference;
	m->pdu.tlv_sar_total_segments = (uint8_t)m->count;
	m->pdu.tlv_sar_segment_seqnum = (uint8_t)(i + 1);
	m->pdu.tlvs |= 1u << SMPP_TLV_sar_msg_ref_num |
		       1u << SMPP_TLV_sar_total_segments |
		       1u << SMPP_TLV_sar_segment_seqnum;
}

void
smpp_compose_part(struct smpp_message *m, unsigned i, char octets[SMPP_PART_LEN_MAX])
{
	struct span text = m->whole.ptr != NULL ? m->whole : m->parts.parts[i];
	bool header = m->count > 1 && m->options->long_messages == SMPP_LONG_UDH;

	INVARIANT(i < m->count);
	if (m->count > 1 && !header)
		put_sar(m, i);
	if (header) {
		m->pdu.esm_class = ESM_CLASS_UDHI;
		sms_text_udh((uint8_t)m->reference, m->count, i + 1, (uint8_t *)octets);
		INVARIANT(SMS_UDH_LEN + text.len <= SMPP_PART_LEN_MAX);
		memcpy(octets + SMS_UDH_LEN, text.ptr, text.len);
		text = (struct span){octets, SMS_UDH_LEN + text.len};
	}
	m->pdu.registered_delivery = m->options->bind != SMPP_BIND_TRANSMITTER;
	if (m->whole.ptr != NULL || m->pdu.command == SMPP_data_sm) {
		m->pdu.tlv_message_payload = text;
		m->pdu.tlvs |= 1u << SMPP_TLV_message_payload;
	} else {
		m->pdu.short_message = text;
	}
}

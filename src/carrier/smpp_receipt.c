/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smpp_receipt.h"

#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/utf8.h"

enum {
	ESM_TYPE_MASK = 0x3c,
	ESM_TYPE_DEFAULT = 0x00,
	ESM_TYPE_RECEIPT = 0x04,
	ESM_TYPE_INTERMEDIATE = 0x20,
	ESM_UDHI = 0x40,
	NETWORK_ERROR_LEN = 3
};

/* ---- the text ---- */

/* The members of a receipt's text that are read; others are passed over. */
enum member {
	MEMBER_ID,
	MEMBER_DONE,
	MEMBER_STAT,
	MEMBER_ERR,
	MEMBER_COUNT,
	MEMBER_OTHER
};

static const struct {
	const char *key; /* with its colon */
	enum member member;
} keys[] = {
    {"id:", MEMBER_ID},
    {"sub:", MEMBER_OTHER},
    {"dlvrd:", MEMBER_OTHER},
    {"submit date:", MEMBER_OTHER},
    {"submit_date:", MEMBER_OTHER},
    {"done date:", MEMBER_DONE},
    {"done_date:", MEMBER_DONE},
    {"stat:", MEMBER_STAT},
    {"err:", MEMBER_ERR},
    {"text:", MEMBER_OTHER},
};

static void
skip(struct span *s, size_t n)
{
	s->ptr += n;
	s->len -= n;
}

static bool
is_gap(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',' || c == ';' ||
	       c == '\0';
}

/* The row of the key that stands at the beginning, or NULL; spaces before the colon are
 * as good as none. */
static bool
take_key(struct span *s, enum member *member_out)
{
	for (size_t i = 0; i < countof(keys); i++) {
		size_t len = strlen(keys[i].key) - 1;
		size_t at = len;

		if (s->len < len || strncasecmp(s->ptr, keys[i].key, len) != 0)
			continue;
		while (at < s->len && s->ptr[at] == ' ')
			at++;
		if (at == s->len || s->ptr[at] != ':')
			continue;
		skip(s, at + 1);
		*member_out = keys[i].member;
		return true;
	}
	return false;
}

/* Up to the next gap; nothing where the next key stands. */
static struct span
take_word(struct span *s)
{
	struct span probe;
	struct span word;
	enum member ignored;

	while (s->len > 0 && is_gap(s->ptr[0]))
		skip(s, 1);
	probe = *s;
	if (take_key(&probe, &ignored))
		return (struct span){s->ptr, 0};
	word = (struct span){s->ptr, 0};
	while (s->len > 0 && !is_gap(s->ptr[0])) {
		skip(s, 1);
		word.len++;
	}
	return word;
}

/* Members of a text as words; one that is longer than any id is none. */
struct reading {
	char words[MEMBER_COUNT][SMPP_ID_LEN_MAX + 1];
};

static void
keep_word(struct reading *r, enum member m, struct span word)
{
	if (r->words[m][0] == '\0' && word.len <= SMPP_ID_LEN_MAX)
		memcpy(r->words[m], word.ptr, word.len);
}

/*
 * Members in any order; of one that stands there twice the first counts, so that the
 * text of the message, which comes last, changes nothing.
 */
static void
read_members(struct span text, struct reading *out)
{
	*out = (struct reading){0};
	while (text.len > 0) {
		enum member m;

		if (is_gap(text.ptr[0]))
			skip(&text, 1);
		else if (!take_key(&text, &m))
			(void)take_word(&text);
		else if (m < MEMBER_COUNT)
			keep_word(out, m, take_word(&text));
	}
}

static struct span
word_of(const struct reading *r, enum member m)
{
	return span_of(r->words[m]);
}

/* How much of what is needed there is: an id, and a state that is known. */
static int
worth(const struct reading *r)
{
	return (r->words[MEMBER_ID][0] != '\0') +
	       (report_from_smpp_text(word_of(r, MEMBER_STAT)) != REPORT_NONE);
}

/* ---- the octets ---- */

/* A text in units of two octets: `high` (0 or 1) is the place of the upper octet, which
 * is 0 for the letters of a receipt. */
static bool
is_wide(struct span s, size_t high)
{
	size_t zeros = 0;

	for (size_t i = high; i < s.len; i += 2)
		zeros += s.ptr[i] == '\0';
	return s.len >= 4 && 2 * zeros > s.len / 2;
}

/* One character; what no receipt is made of becomes a sign that is in no word. */
static char
letter_of(uint8_t high, uint8_t low)
{
	enum { GSM_UNDERSCORE = 0x11 }; /* 3GPP TS 23.038 6.2.1 */

	if (high != 0)
		return '?';
	return low == GSM_UNDERSCORE ? '_' : (char)low;
}

/*
 * The octets as the letters they show, by what they look like: data_coding says 8 of
 * texts in ASCII and 0 of texts in UTF-16 alike. They stand in `out`, which has room for
 * as many as there are octets.
 */
static struct span
letters(struct span s, char *out)
{
	size_t step = is_wide(s, 0) || is_wide(s, 1) ? 2 : 1;
	size_t high = step == 2 && is_wide(s, 1) && !is_wide(s, 0) ? 1 : 0;
	size_t n = 0;

	s = utf8_without_mark(s);
	for (size_t i = 0; i + step <= s.len; i += step) {
		uint8_t upper = step == 1 ? 0 : (uint8_t)s.ptr[i + high];

		out[n++] = letter_of(upper, (uint8_t)s.ptr[i + (step - 1 - high)]);
	}
	while (step == 2 && n > 0 && out[0] == '?') { /* its byte order mark */
		out++;
		n--;
	}
	return (struct span){out, n};
}

/* Digits alone; -1: something else, or more than fits. */
static int64_t
number_of(struct span s)
{
	int64_t n = 0;

	if (s.len == 0 || s.len > 9)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return -1;
		n = n * 10 + (s.ptr[i] - '0');
	}
	return n;
}

/* YYMMDDhhmm, YYMMDDhhmmss or YYYYMMDDhhmmss; 0: another form. */
static int64_t
time_of(struct span s)
{
	size_t year_len = s.len == 14 ? 4 : 2;
	int64_t part[6] = {0};
	struct tm tm = {0};
	time_t t;

	if (s.len != 10 && s.len != 12 && s.len != 14)
		return 0;
	part[0] = number_of((struct span){s.ptr, year_len});
	for (size_t i = 1, at = year_len; at < s.len; i++, at += 2)
		part[i] = number_of((struct span){s.ptr + at, 2});
	for (size_t i = 0; i < countof(part); i++)
		if (part[i] < 0)
			return 0;
	if (part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 31 || part[3] > 23 ||
	    part[4] > 59 || part[5] > 60)
		return 0;
	tm.tm_year = (int)(year_len == 4 ? part[0] - 1900 : part[0] + 100);
	tm.tm_mon = (int)part[1] - 1;
	tm.tm_mday = (int)part[2];
	tm.tm_hour = (int)part[3];
	tm.tm_min = (int)part[4];
	tm.tm_sec = (int)part[5];
	t = timegm(&tm);
	return t <= 0 ? 0 : (int64_t)t * 1000;
}

/* ---- the PDU ---- */

static bool
has(const struct smpp_pdu *pdu, enum smpp_tlv t)
{
	return (pdu->tlvs & 1u << t) != 0;
}

/* Without the header of 3GPP TS 23.040 that esm_class promises; empty where there is
 * none. */
static struct span
behind_header(const struct smpp_pdu *pdu, struct span s)
{
	size_t header;

	if ((pdu->esm_class & ESM_UDHI) == 0 || s.len == 0)
		return s;
	header = (size_t)(uint8_t)s.ptr[0] + 1;
	if (header > s.len)
		return (struct span){s.ptr, 0};
	skip(&s, header);
	return s;
}

static void
read_better(struct span s, struct reading *best)
{
	char *text = mem_new(s.len + 1);
	struct reading r;

	read_members(letters(s, text), &r);
	if (worth(&r) > worth(best))
		*best = r;
	mem_free(text);
}

/* The text wherever it stands, in every way that it may have been meant. */
static void
read_texts(const struct smpp_pdu *pdu, struct reading *out)
{
	struct span texts[] = {pdu->short_message, pdu->tlv_message_payload};

	*out = (struct reading){0};
	for (size_t i = 0; i < countof(texts) && worth(out) < 2; i++) {
		read_better(behind_header(pdu, texts[i]), out);
		if (worth(out) < 2)
			read_better(texts[i], out);
	}
}

/* A person's message to the short code may look like a receipt: by the text alone only
 * where the SMSC is known not to say it in esm_class. No phone writes a parameter. */
static bool
is_receipt(const struct smpp_pdu *pdu, bool by_text, const struct reading *r)
{
	unsigned type = pdu->esm_class & ESM_TYPE_MASK;

	if (type == ESM_TYPE_RECEIPT || type == ESM_TYPE_INTERMEDIATE ||
	    has(pdu, SMPP_TLV_receipted_message_id))
		return true;
	if (type != ESM_TYPE_DEFAULT || r->words[MEMBER_ID][0] == '\0')
		return false;
	return has(pdu, SMPP_TLV_message_state) ||
	       (by_text && r->words[MEMBER_STAT][0] != '\0');
}

static int64_t
error_code_of(const struct smpp_pdu *pdu, struct span err)
{
	struct span code = pdu->tlv_network_error_code;

	if (has(pdu, SMPP_TLV_network_error_code) && code.len == NETWORK_ERROR_LEN)
		return (uint8_t)code.ptr[1] << 8 | (uint8_t)code.ptr[2];
	return number_of(err);
}

enum err
smpp_receipt_read(const struct smpp_pdu *pdu, bool by_text, struct smpp_receipt *out)
{
	struct reading r;

	*out = (struct smpp_receipt){0};
	read_texts(pdu, &r);
	if (!is_receipt(pdu, by_text, &r))
		return ERR_NOT_FOUND;
	memcpy(out->text_id, r.words[MEMBER_ID], sizeof(out->text_id));
	if (has(pdu, SMPP_TLV_receipted_message_id))
		snprintf(out->tlv_id, sizeof(out->tlv_id), "%s",
		    pdu->tlv_receipted_message_id);
	if (has(pdu, SMPP_TLV_message_state))
		out->status = report_from_smpp_state(pdu->tlv_message_state);
	if (out->status == REPORT_NONE)
		out->status = report_from_smpp_text(word_of(&r, MEMBER_STAT));
	if ((out->text_id[0] == '\0' && out->tlv_id[0] == '\0') ||
	    out->status == REPORT_NONE)
		return ERR_SYNTAX;
	out->error = report_error_from_smpp(
	    out->status, error_code_of(pdu, word_of(&r, MEMBER_ERR)));
	out->done_at_ms = time_of(word_of(&r, MEMBER_DONE));
	return OK;
}

bool
smpp_receipt_offset_parse(const char *text, int64_t *ms_out)
{
	enum { HOUR_MS = 3600000, MINUTE_MS = 60000, HOURS_MAX = 14 };
	int64_t hours;
	int64_t minutes;

	if (strlen(text) != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':')
		return false;
	hours = number_of((struct span){text + 1, 2});
	minutes = number_of((struct span){text + 4, 2});
	if (hours < 0 || hours > HOURS_MAX || minutes < 0 || minutes > 59)
		return false;
	*ms_out = (hours * HOUR_MS + minutes * MINUTE_MS) * (text[0] == '-' ? -1 : 1);
	return true;
}

/* ---- ids ---- */

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool
is_number(const char *id, unsigned base)
{
	const char *s = id;

	while (base == 16 ? is_hex(*s) : *s >= '0' && *s <= '9')
		s++;
	return s != id && *s == '\0';
}

/* Without leading zeros, in lower case, where it is a number at all. */
static void
strip(const char *id, char out[SMPP_ID_LEN_MAX + 1])
{
	size_t i = 0;

	if (!is_number(id, 16)) {
		snprintf(out, SMPP_ID_LEN_MAX + 1, "%s", id);
		return;
	}
	while (id[0] == '0' && id[1] != '\0')
		id++;
	for (; id[i] != '\0' && i < SMPP_ID_LEN_MAX; i++)
		out[i] = (char)(id[i] >= 'A' && id[i] <= 'F' ? id[i] - 'A' + 'a' : id[i]);
	out[i] = '\0';
}

/* From one base to the other; what is no number, or none of 64 bits, keeps its base. */
static void
convert(const char *id, unsigned from, char out[SMPP_ID_LEN_MAX + 1])
{
	uint64_t n = 0;

	strip(id, out);
	if (!is_number(out, from))
		return;
	for (const char *s = out; *s != '\0'; s++) {
		unsigned digit = (unsigned)(*s <= '9' ? *s - '0' : *s - 'a' + 10);
		uint64_t shifted;

		if (__builtin_mul_overflow(n, from, &shifted) ||
		    __builtin_add_overflow(shifted, digit, &n))
			return;
	}
	snprintf(out, SMPP_ID_LEN_MAX + 1, from == 16 ? "%llu" : "%llx",
	    (unsigned long long)n);
}

void
smpp_receipt_response_id(
    enum smpp_id_format f, const char *id, char out[SMPP_ID_LEN_MAX + 1])
{
	switch (f) {
	case SMPP_ID_AS_IS:
		snprintf(out, SMPP_ID_LEN_MAX + 1, "%s", id);
		return;
	case SMPP_ID_AUTO:
		strip(id, out);
		return;
	case SMPP_ID_HEX_TO_DECIMAL:
		convert(id, 16, out);
		return;
	case SMPP_ID_DECIMAL_TO_HEX:
		convert(id, 10, out);
		return;
	}
	INVARIANT(!"id format");
}

void
smpp_receipt_message_id(
    enum smpp_id_format f, const struct smpp_receipt *r, char out[SMPP_ID_LEN_MAX + 1])
{
	bool own_form = r->tlv_id[0] == '\0' || strcmp(r->tlv_id, r->text_id) == 0;
	const char *id = own_form ? r->text_id : r->tlv_id;

	if (!own_form)
		smpp_receipt_response_id(f, id, out);
	else if (f == SMPP_ID_AS_IS)
		snprintf(out, SMPP_ID_LEN_MAX + 1, "%s", id);
	else
		strip(id, out);
}

bool
smpp_receipt_other_id(
    enum smpp_id_format f, const struct smpp_receipt *r, char out[SMPP_ID_LEN_MAX + 1])
{
	struct smpp_receipt text = *r;

	if (r->tlv_id[0] == '\0' || r->text_id[0] == '\0' ||
	    strcmp(r->tlv_id, r->text_id) == 0)
		return false;
	if (is_number(r->tlv_id, 16) && is_number(r->text_id, 16))
		return false;
	text.tlv_id[0] = '\0';
	smpp_receipt_message_id(f, &text, out);
	return true;
}

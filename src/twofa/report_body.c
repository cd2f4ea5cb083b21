/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/report_body.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json_out.h"

enum { RETRY_MAX = 1000, LABEL_LEN = 9, TIME_LEN = 32 };

/* The label tells ids of different kinds apart. */
static void
put_id(const char label[LABEL_LEN], const struct ident *pin_id, unsigned seq, char *out)
{
	uint8_t bytes[LABEL_LEN + IDENT_LEN + 4];
	uint8_t hash[SECRET_HASH_LEN];
	char hex[2 * 16 + 1];

	memcpy(bytes, label, LABEL_LEN);
	memcpy(bytes + LABEL_LEN, pin_id->bytes, IDENT_LEN);
	for (unsigned i = 0; i < 4; i++)
		bytes[LABEL_LEN + IDENT_LEN + i] = (uint8_t)(seq >> 8 * i);
	secret_hash((struct span){(const char *)bytes, sizeof(bytes)}, hash);
	hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x80);
	hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80);
	secret_hex_lower(hash, 16, hex);
	snprintf(out, REPORT_ID_LEN + 1, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8,
	    hex + 12, hex + 16, hex + 20);
}

void
report_body_message_id(
    const struct ident *pin_id, unsigned seq, char out[REPORT_ID_LEN + 1])
{
	put_id("external", pin_id, seq, out);
}

void
report_body_event_id(
    const struct ident *pin_id, unsigned seq, char out[REPORT_ID_LEN + 1])
{
	put_id("an event", pin_id, seq, out);
}

enum report_error
report_body_error_of(
    enum report_error reported, enum report_status status, enum message_reason reason)
{
	const struct report_status_row *row = report_status_find(status);

	if (reported != REPORT_ERROR_NO_ERROR || row == NULL)
		return reported;
	if (row->group == REPORT_GROUP_EXPIRED)
		return status == REPORT_EXPIRED_DLR_UNKNOWN
			   ? REPORT_ERROR_EC_UNKNOWN_ERROR
			   : REPORT_ERROR_EC_VALIDITY_EXPIRED;
	if (reason == MESSAGE_REASON_UNREACHABLE)
		return REPORT_ERROR_EC_ABSENT_SUBSCRIBER;
	if (reason == MESSAGE_REASON_EXHAUSTED)
		return REPORT_ERROR_EC_NO_RESPONSE;
	return reason == MESSAGE_REASON_NONE ? reported
					     : REPORT_ERROR_EC_PROVIDER_GENERAL_ERROR;
}

/* "2019-11-09T16:00:00.000+0000", as published. */
static void
put_time(struct json_out *o, const char *name, int64_t ms)
{
	char text[TIME_LEN];
	char all[TIME_LEN];

	clock_format(ms, text, sizeof(text));
	snprintf(all, sizeof(all), "%.23s+0000", text);
	json_out_text(o, name, all);
}

/* The members that a status and an error have in common. */
struct words {
	int64_t group;
	const char *group_name;
	int64_t id;
	const char *name;
	const char *description;
};

static void
begin(struct json_out *o, const char *member, const struct words *w)
{
	json_out_object(o, member);
	json_out_int(o, "groupId", w->group);
	json_out_text(o, "groupName", w->group_name);
	json_out_int(o, "id", w->id);
	json_out_text(o, "name", w->name);
	json_out_text(o, "description", w->description);
}

void
report_body_put_status(struct json_out *o, const struct report_status_row *row)
{
	INVARIANT(row != NULL);
	begin(o, "status",
	    &(struct words){(int64_t)row->group, row->group_name, (int64_t)row->id,
		row->name, row->description});
	json_out_end(o);
}

void
report_body_put_error(struct json_out *o, const struct report_error_row *row)
{
	INVARIANT(row != NULL);
	begin(o, "error",
	    &(struct words){(int64_t)row->group, row->group_name, (int64_t)row->id,
		row->name, row->description});
	json_out_bool(o, "permanent", row->permanent);
	json_out_end(o);
}

void
report_body_put(struct buf *to, const struct report_facts *f)
{
	char id[REPORT_ID_LEN + 1];
	struct json_out o;

	report_body_message_id(&f->pin_id, f->seq, id);
	json_out_init(&o, to);
	json_out_object(&o, NULL);
	json_out_array(&o, "results");
	json_out_object(&o, NULL);
	json_out_text(&o, "messageId", id);
	json_out_text(&o, "to", f->to);
	if (f->channel != CHANNEL_SMS) /* the published shape is that of an SMS */
		json_out_text(&o, "channel", channel_name(f->channel));
	json_out_text(&o, "sender", f->sender);
	put_time(&o, "sentAt", f->sent_at_ms);
	put_time(&o, "doneAt", f->done_at_ms);
	if (f->parts > 0)
		json_out_int(&o, "messageCount", f->parts);
	report_body_put_status(&o, report_status_find(f->status));
	report_body_put_error(&o, report_error_find(f->error));
	json_out_end(&o);
	json_out_end(&o);
	json_out_end(&o);
}

void
report_body_sign(struct span secret, int64_t timestamp_s, struct span body,
    char out[REPORT_SIGNATURE_LEN + 1])
{
	uint8_t mac[SECRET_MAC_LEN];
	struct buf signed_text;

	buf_init(&signed_text, body.len + TIME_LEN);
	buf_printf(&signed_text, "%lld.", (long long)timestamp_s);
	buf_add(&signed_text, body.ptr, body.len);
	secret_hmac_long(secret, buf_span(&signed_text), mac);
	secret_hex_lower(mac, sizeof(mac), out);
	buf_fini(&signed_text);
}

int64_t
report_body_retry_ms(int64_t n, int64_t unit_ms)
{
	INVARIANT(n >= 1 && n <= RETRY_MAX);
	return unit_ms + unit_ms * n * n;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/row.h"

#include <math.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "store/keyring.h"
#include "twofa/mailbox.h"
#include "twofa/verify_log.h"

/* ---- columns of any table ---- */

static struct value
next_value(struct row *r)
{
	struct value v = {0};

	r->engine->ops->column(r, &v);
	r->next++;
	return v;
}

void
row_is_damaged(struct row *r)
{
	if (!r->damaged)
		r->engine->ops->name_damaged(r, r->next - 1);
	r->damaged = true;
}

bool
row_passed_over(struct row *r)
{
	bool damaged = r->damaged;

	r->damaged = false;
	return damaged;
}

void
row_pass(struct row *r, int columns)
{
	r->next += columns;
}

static int64_t
int_of(struct row *r, const struct value *v, int64_t least, int64_t most)
{
	if (v->kind == VALUE_INT && v->number >= least && v->number <= most)
		return v->number;
	row_is_damaged(r);
	return least;
}

int64_t
row_int(struct row *r, int64_t least, int64_t most)
{
	struct value v = next_value(r);

	return int_of(r, &v, least, most);
}

int64_t
row_int_or_null(struct row *r, int64_t least, int64_t most)
{
	struct value v = next_value(r);

	return v.kind == VALUE_NULL ? 0 : int_of(r, &v, least, most);
}

int64_t
row_count(struct row *r)
{
	return row_int(r, 0, ROW_COUNT_MAX);
}

int64_t
row_ms(struct row *r)
{
	return row_int(r, 0, ROW_MS_MAX);
}

int64_t
row_ms_or_null(struct row *r)
{
	return row_int_or_null(r, 0, ROW_MS_MAX);
}

unsigned
row_enum(struct row *r, unsigned count)
{
	return (unsigned)row_int(r, 0, (int64_t)count - 1);
}

bool
row_bool(struct row *r)
{
	return row_int(r, 0, 1) != 0;
}

bool
row_double(struct row *r, double *out)
{
	struct value v = next_value(r);

	if (v.kind == VALUE_NULL)
		return false;
	if (v.kind != VALUE_DOUBLE || !isfinite(v.real))
		row_is_damaged(r);
	*out = isfinite(v.real) ? v.real : 0;
	return true;
}

static const char *
text_of(struct row *r, const struct value *v, struct arena *a, size_t max)
{
	if (v->kind == VALUE_TEXT && v->bytes.len <= max && utf8_valid(v->bytes) &&
	    (v->bytes.len == 0 || memchr(v->bytes.ptr, '\0', v->bytes.len) == NULL))
		return arena_text(a, v->bytes);
	row_is_damaged(r);
	return "";
}

const char *
row_text(struct row *r, struct arena *a, size_t max)
{
	struct value v = next_value(r);

	return text_of(r, &v, a, max);
}

const char *
row_text_or_null(struct row *r, struct arena *a, size_t max)
{
	struct value v = next_value(r);

	return v.kind == VALUE_NULL ? NULL : text_of(r, &v, a, max);
}

void
row_blob(struct row *r, void *out, size_t len)
{
	struct value v = next_value(r);

	if (v.kind == VALUE_BLOB && v.bytes.len == len) {
		memcpy(out, v.bytes.ptr, len);
		return;
	}
	memset(out, 0, len);
	row_is_damaged(r);
}

struct span
row_bytes(struct row *r, struct arena *a, size_t max)
{
	struct value v = next_value(r);

	if (v.kind == VALUE_BLOB && v.bytes.len <= max)
		return (struct span){arena_text(a, v.bytes), v.bytes.len};
	if (v.kind != VALUE_NULL)
		row_is_damaged(r);
	return (struct span){NULL, 0};
}

bool
row_is_null(struct row *r)
{
	struct value v = {0};

	r->engine->ops->column(r, &v);
	return v.kind == VALUE_NULL;
}

/* ---- columns of the domain ---- */

void
row_ident(struct row *r, struct ident *out)
{
	row_blob(r, out->bytes, IDENT_LEN);
}

void
row_state(struct row *r, struct verify_state *out)
{
	out->attempts = row_count(r);
	out->attempted_at_ms = row_ms_or_null(r);
	out->verified_at_ms = row_ms_or_null(r);
	out->matched_at_ms = row_ms_or_null(r);
}

int64_t
row_ms_since(struct row *r, const struct ident *pin_id)
{
	int64_t at_ms = row_ms_or_null(r);

	return at_ms == 0 ? ident_ms(pin_id) : at_ms;
}

static void
row_duration(struct row *r, struct arena *a, struct duration *out)
{
	const char *text = row_text(r, a, PERIOD_TEXT_MAX);

	if (period_parse_duration(span_of(text), PERIOD_MS_YEAR, out) == OK)
		return;
	row_is_damaged(r);
	*out = (struct duration){.ms = 1, .text = "1ms"};
}

void
row_rate(struct row *r, struct arena *a, struct rate *out)
{
	const char *text = row_text(r, a, PERIOD_TEXT_MAX);

	if (period_parse_rate(span_of(text), PERIOD_MS_YEAR, out) == OK)
		return;
	row_is_damaged(r);
	*out = (struct rate){.count = 1, .period_ms = PERIOD_MS_YEAR, .text = "1/365d"};
}

void
row_config(struct row *r, struct arena *a, struct application_config *out)
{
	out->pin_attempts = row_int(r, 1, APPLICATION_ATTEMPTS_MAX);
	out->allow_multiple = row_bool(r);
	row_duration(r, a, &out->pin_ttl);
	row_rate(r, a, &out->verify_limit);
	row_rate(r, a, &out->send_application_limit);
	row_rate(r, a, &out->send_phone_limit);
}

void
row_ring(struct row *r, struct arena *a, struct limit_ring *out)
{
	struct span octets;

	limit_ring_init(out);
	if (row_is_null(r)) {
		row_pass(r, 1);
		return;
	}
	octets = row_bytes(r, a, LIMIT_RING_BYTES);
	if (limit_ring_load(out, octets) == OK)
		return;
	row_is_damaged(r);
	limit_ring_init(out);
}

void
row_variants(struct row *r, struct arena *a, struct template_variants *out)
{
	const char *text = row_text_or_null(r, a, ROW_VARIANTS_MAX);

	*out = (struct template_variants){NULL, 0};
	if (text != NULL && template_variant_load(text, a, out) != OK)
		row_is_damaged(r);
}

enum gsm7_rule
row_gsm7(struct row *r)
{
	return (enum gsm7_rule)row_enum(r, GSM7_RULE_COUNT);
}

enum template_kind
row_kind(struct row *r)
{
	return (enum template_kind)row_enum(r, TEMPLATE_KIND_COUNT);
}

enum pin_type
row_pin_type(struct row *r)
{
	return (enum pin_type)row_enum(r, PIN_TYPE_COUNT);
}

unsigned
row_pin_length(struct row *r)
{
	return (unsigned)row_int(r, PIN_LENGTH_MIN, PIN_LENGTH_MAX);
}

void
row_recipe(struct row *r, struct pin_recipe *out, int64_t *key_id_out)
{
	row_blob(r, out->salt, PIN_SALT_LEN);
	out->generation = (uint32_t)row_int(r, 0, UINT32_MAX);
	*key_id_out = row_int(r, 1, KEYRING_ID_MAX);
	out->type = row_pin_type(r);
	out->length = row_pin_length(r);
}

const char *
row_destination(struct row *r, struct arena *a)
{
	const char *to = row_text(r, a, MAILBOX_LEN_MAX);

	if (*to == '\0')
		row_is_damaged(r);
	return to;
}

unsigned
row_seq(struct row *r)
{
	return (unsigned)row_int(r, 0, INT32_MAX);
}

enum channel
row_channel(struct row *r)
{
	return (enum channel)row_enum(r, CHANNEL_COUNT);
}

enum message_state
row_message_state(struct row *r)
{
	return (enum message_state)row_enum(r, MESSAGE_STATE_COUNT);
}

enum message_reason
row_message_reason(struct row *r)
{
	return (enum message_reason)row_enum(r, MESSAGE_REASON_COUNT);
}

enum lookup_status
row_lookup(struct row *r)
{
	return (enum lookup_status)row_int_or_null(r, 0, LOOKUP_NOT_CONFIGURED);
}

enum report_status
row_report_status(struct row *r)
{
	int64_t id = row_int_or_null(r, 0, INT32_MAX);

	if (id == REPORT_NONE || report_status_find(id) != NULL)
		return (enum report_status)id;
	row_is_damaged(r);
	return REPORT_NONE;
}

enum report_error
row_report_error(struct row *r)
{
	int64_t id = row_int_or_null(r, 0, INT32_MAX);

	if (report_error_find(id) != NULL)
		return (enum report_error)id;
	row_is_damaged(r);
	return (enum report_error)0;
}

struct span
row_log(struct row *r, struct arena *a)
{
	struct span log = row_bytes(r, a, ROW_TEXT_MAX);

	if (!verify_log_is_whole(log))
		row_is_damaged(r);
	return log;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/key_terms.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/clock.h"
#include "twofa/period.h"
#include "twofa/scope.h"

enum { ALLOWED_LEN_MAX = KEY_NETS_MAX * 64 };

/* By bit; NULL where a generation has no such name. */
static const char *const names[][2] = {
    {"ALL", "PUBLIC_API"},
    {"TFA", "2FA_CLIENT"},
    {"PUSH_CLIENT", NULL},
    {"PEOPLE_EVENTS_PUBLIC_CLIENT", NULL},
    {"EXTERNAL_INTEGRATIONS", NULL},
    {NULL, "WEB_SDK"},
};

unsigned
key_terms_permission_find(const char *name, int generation)
{
	for (unsigned i = 0; i < countof(names); i++) {
		const char *known = names[i][generation - 1];

		if (known != NULL && strcmp(known, name) == 0)
			return 1u << i;
	}
	return 0;
}

const char *
key_terms_permission_name(unsigned i, int generation)
{
	return i < countof(names) ? names[i][generation - 1] : NULL;
}

unsigned
key_terms_scopes(const struct key_terms *t)
{
	unsigned scopes = t->scopes & ~(unsigned)SCOPE_ACCOUNT;

	if ((t->permissions & PERMISSION_ALL) != 0)
		return scopes;
	if ((t->permissions & PERMISSION_TFA) == 0)
		return 0;
	if ((scopes & SCOPE_MANAGE) != 0)
		return SCOPE_PIN_SEND | SCOPE_PIN_MANAGE;
	return scopes & (SCOPE_PIN_SEND | SCOPE_PIN_MANAGE);
}

bool
key_terms_in_force(const struct key_terms *t, int64_t now_ms)
{
	return t->enabled && now_ms >= t->valid_from_ms &&
	       (t->valid_to_ms == 0 || now_ms < t->valid_to_ms);
}

size_t
key_terms_nets(const struct key_terms *t, struct address_net nets[KEY_NETS_MAX])
{
	const char *at = t->allowed == NULL ? "" : t->allowed;
	size_t count = 0;

	while (*at != '\0' && count < KEY_NETS_MAX) {
		size_t len = strcspn(at, " ");

		/* what cannot be read lets nobody in, rather than everybody */
		if (!address_net_parse((struct span){at, len}, &nets[count]))
			nets[count] = (struct address_net){.bits = 128};
		count++;
		at += len;
		at += *at == ' ';
	}
	return count;
}

/* ---- changing ---- */

static void
apply_allowed(struct key_terms *t, json_t *list, struct fail *fail)
{
	struct buf text;
	json_t *entry;
	size_t i;

	if (!json_is_array(list) || json_array_size(list) > KEY_NETS_MAX) {
		fail_add(fail, "allowedIPs", "must be a list of at most %d addresses",
		    KEY_NETS_MAX);
		return;
	}
	buf_init(&text, ALLOWED_LEN_MAX);
	json_array_foreach(list, i, entry)
	{
		struct span s = span_trim(span_of(json_string_value(entry)));
		struct address_net net;

		if (!address_net_parse(s, &net)) {
			fail_add(fail, "allowedIPs",
			    "must be IP addresses or ranges such as 10.0.0.0/8");
			break;
		}
		if (i > 0)
			buf_add_char(&text, ' ');
		buf_add(&text, s.ptr, s.len);
	}
	if (text.failed)
		fail_add(fail, "allowedIPs", "is too long");
	t->allowed = arena_text(fail->arena, buf_span(&text));
	buf_fini(&text);
}

static void
apply_time(int64_t *at, const char *text, const char *field, struct fail *fail)
{
	if (text != NULL && !key_terms_time_parse(span_of(text), at))
		fail_add(
		    fail, field, "must be a date and time such as 2030-09-01T10:00:00");
}

/* A list of names as bits; `fallback` for an empty one. */
static unsigned
read_names(json_t *list, unsigned (*find)(const char *), unsigned fallback,
    const char *field, struct fail *fail)
{
	unsigned bits = 0;
	json_t *entry;
	size_t i;

	if (!json_is_array(list)) {
		fail_add(fail, field, "must be a list");
		return fallback;
	}
	json_array_foreach(list, i, entry)
	{
		const char *name = json_string_value(entry);
		unsigned bit = name == NULL ? 0 : find(name);

		if (bit == 0) {
			fail_add(fail, field, "has an element that is not known");
			return fallback;
		}
		bits |= bit;
	}
	return bits == 0 ? fallback : bits;
}

static unsigned
find_first(const char *name)
{
	return key_terms_permission_find(name, 1);
}

static unsigned
find_second(const char *name)
{
	return key_terms_permission_find(name, 2);
}

enum err
key_terms_apply(struct key_terms *t, const struct key_change *change, int generation,
    unsigned inherited, struct fail *fail)
{
	if (change->allowed != NULL)
		apply_allowed(t, change->allowed, fail);
	apply_time(&t->valid_from_ms, change->valid_from, "validFrom", fail);
	apply_time(&t->valid_to_ms, change->valid_to, "validTo", fail);
	if (change->enabled.set)
		t->enabled = change->enabled.value;
	if (change->permissions != NULL)
		t->permissions = read_names(change->permissions,
		    generation == 1 ? find_first : find_second, PERMISSION_ALL,
		    "permissions", fail);
	if (change->scopes != NULL)
		t->scopes =
		    read_names(change->scopes, scope_find, inherited, "scopeGuids", fail);
	if ((t->permissions & PERMISSION_ALL) != 0 &&
	    (t->permissions & PERMISSION_WEB_SDK) != 0)
		fail_add(
		    fail, "permissions", "PUBLIC_API and WEB_SDK exclude each other");
	if (t->valid_to_ms != 0 && t->valid_to_ms <= t->valid_from_ms)
		fail_add(fail, "validTo", "must be after validFrom");
	return fail->count > 0 ? ERR_INVALID : OK;
}

/* ---- what is wider ---- */

static bool
is_inside(const struct address_net *one, const struct address_net *nets, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (nets[i].bits <= one->bits &&
		    address_net_contains(&nets[i], &one->address))
			return true;
	return false;
}

static bool
comes_from_more(const struct key_terms *was, const struct key_terms *is)
{
	struct address_net old[KEY_NETS_MAX];
	struct address_net new[KEY_NETS_MAX];
	size_t old_count = key_terms_nets(was, old);
	size_t new_count = key_terms_nets(is, new);

	if (old_count == 0 || new_count == 0)
		return old_count != 0;
	for (size_t i = 0; i < new_count; i++)
		if (!is_inside(&new[i], old, old_count))
			return true;
	return false;
}

/* Whole seconds: generation 2 reads a key and writes it back without the rest. */
static bool
begins_sooner(const struct key_terms *was, const struct key_terms *is, int64_t now_ms)
{
	return was->valid_from_ms > now_ms &&
	       is->valid_from_ms / 1000 < was->valid_from_ms / 1000;
}

static bool
ends_later(const struct key_terms *was, const struct key_terms *is)
{
	return was->valid_to_ms != 0 &&
	       (is->valid_to_ms == 0 || is->valid_to_ms > was->valid_to_ms);
}

static bool
is_for_more(const struct key_terms *was, const struct key_terms *is)
{
	return (was->permissions & PERMISSION_ALL) == 0 &&
	       (is->permissions & ~was->permissions) != 0;
}

bool
key_terms_widened(const struct key_terms *was, const struct key_terms *is, int64_t now_ms)
{
	return (is->enabled && !was->enabled) || begins_sooner(was, is, now_ms) ||
	       ends_later(was, is) || is_for_more(was, is) || comes_from_more(was, is);
}

/* ---- times ---- */

/* Days since 1970 of a date of the Gregorian calendar. */
static int64_t
days_of(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool
is_date(int year, int month, int day)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	if (year < 1970 || month < 1 || month > 12 || day < 1)
		return false;
	return day <= days[month - 1] + (month == 2 && leap);
}

/* Exactly n digits; moves on. */
static bool
take_number(const char **at, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		char c = (*at)[i];

		if (c < '0' || c > '9')
			return false;
		*out = *out * 10 + (c - '0');
	}
	*at += n;
	return true;
}

static bool
take_char(const char **at, char c)
{
	if (**at != c)
		return false;
	(*at)++;
	return true;
}

/* "", "Z", "+02", "+0200" or "+02:00": minutes to subtract. */
static bool
take_zone(const char *at, int *minutes_out)
{
	int sign = *at == '-' ? -1 : 1;
	int hours;
	int minutes = 0;

	*minutes_out = 0;
	if (*at == '\0' || strcmp(at, "Z") == 0)
		return true;
	if (*at != '+' && *at != '-')
		return false;
	at++;
	if (!take_number(&at, 2, &hours))
		return false;
	(void)take_char(&at, ':');
	if (*at != '\0' && !take_number(&at, 2, &minutes))
		return false;
	*minutes_out = sign * (hours * 60 + minutes);
	return *at == '\0' && hours < 24 && minutes < 60;
}

/* ".988": to milliseconds; further digits are passed over. */
static int
take_fraction(const char **at)
{
	int ms = 0;
	int weight = 100;

	if (!take_char(at, '.'))
		return 0;
	while (**at >= '0' && **at <= '9') {
		ms += (**at - '0') * weight;
		weight /= 10;
		(*at)++;
	}
	return ms;
}

bool
key_terms_time_parse(struct span text, int64_t *ms_out)
{
	char copy[KEY_TIME_TEXT_LEN * 2] = "";
	const char *at = copy;
	int date[3];
	int clock[3];
	int ms;
	int zone;

	if (text.len >= sizeof(copy))
		return false;
	memcpy(copy, text.ptr, text.len);
	if (!take_number(&at, 4, &date[0]) || !take_char(&at, '-') ||
	    !take_number(&at, 2, &date[1]) || !take_char(&at, '-') ||
	    !take_number(&at, 2, &date[2]) || !take_char(&at, 'T') ||
	    !take_number(&at, 2, &clock[0]) || !take_char(&at, ':') ||
	    !take_number(&at, 2, &clock[1]) || !take_char(&at, ':') ||
	    !take_number(&at, 2, &clock[2]))
		return false;
	ms = take_fraction(&at);
	if (!is_date(date[0], date[1], date[2]) || clock[0] > 23 || clock[1] > 59 ||
	    clock[2] > 59 || !take_zone(at, &zone))
		return false;
	*ms_out = days_of(date[0], date[1], date[2]) * PERIOD_MS_DAY +
		  ((clock[0] * 60 + clock[1] - zone) * INT64_C(60) + clock[2]) * 1000 +
		  ms;
	return *ms_out > 0 && *ms_out <= CLOCK_MS_MAX;
}

void
key_terms_time_format(int64_t ms, int generation, char out[KEY_TIME_TEXT_LEN])
{
	char whole[KEY_TIME_TEXT_LEN];

	clock_format(ms, whole, sizeof(whole)); /* 2026-11-23T10:00:00.123Z */
	if (generation == 1)
		snprintf(out, KEY_TIME_TEXT_LEN, "%.23s+0000", whole);
	else
		snprintf(out, KEY_TIME_TEXT_LEN, "%.19s", whole);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* One value of the configuration: from its text into its place, or what is wrong. */
#include "base/address.h"
#include "conf/conf_row.h"
#include "twofa/period.h"

enum { RATE_COUNT_CONF_MAX = 10000 };

const char conf_required[] = "required";

const struct conf_row *
conf_row_find(const char *section, struct span name)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (strcmp(conf_rows[i].section, section) == 0 &&
		    span_equal_text(name, conf_rows[i].name))
			return &conf_rows[i];
	return NULL;
}

/* The place of a word in "a|b|c", -1 when it is not one of them. */
static int64_t
word_number(const char *words, struct span word)
{
	for (int64_t n = 0; words != NULL; n++) {
		const char *bar = strchr(words, '|');
		struct span one = {
		    words, bar == NULL ? strlen(words) : (size_t)(bar - words)};

		if (span_equal(word, one))
			return n;
		words = bar == NULL ? NULL : bar + 1;
	}
	return -1;
}

bool
conf_value_words_have(const char *words, struct span word)
{
	return word_number(words, word) >= 0;
}

bool
conf_row_fits(const struct conf_row *row, const char *type)
{
	return row->type == NULL ||
	       (type != NULL && conf_value_words_have(row->type, span_of(type)));
}

static enum err
parse_int(const struct conf_row *row, struct span text, int64_t *out, char *why)
{
	bool minus = text.len > 0 && text.ptr[0] == '-';
	int64_t n = 0;
	size_t i = minus ? 1 : 0;

	for (; i < text.len && i < 18 && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
		n = n * 10 + (text.ptr[i] - '0');
	if (i != text.len || i == (minus ? 1 : 0)) {
		snprintf(why, CONF_WHY_MAX, "must be a whole number");
		return ERR_INVALID;
	}
	n = minus ? -n : n;
	*out = n;
	if (n >= row->min && n <= row->max)
		return OK;
	snprintf(why, CONF_WHY_MAX, "must be from %lld to %lld", (long long)row->min,
	    (long long)row->max);
	return ERR_INVALID;
}

static enum err
parse_bool(struct span text, bool *out, char *why)
{
	*out = span_equal_nocase(text, "true") || span_equal_nocase(text, "yes");
	if (*out || span_equal_nocase(text, "false") || span_equal_nocase(text, "no"))
		return OK;
	snprintf(why, CONF_WHY_MAX, "must be true or false");
	return ERR_INVALID;
}

static const char *
duration_text(int64_t ms, struct duration *d)
{
	if (period_duration_from_ms(ms, INT64_MAX, d) != OK)
		return "0s";
	return d->text;
}

static enum err
parse_duration(const struct conf_row *row, struct span text, int64_t *out, char *why)
{
	struct duration d = {0};
	struct duration low;
	struct duration high;
	bool zero =
	    row->min == 0 && (span_equal_text(text, "0s") || span_equal_text(text, "0"));
	enum err e = zero ? OK : period_parse_duration(text, row->max, &d);

	*out = d.ms;
	if (e == ERR_SYNTAX) {
		snprintf(
		    why, CONF_WHY_MAX, "must be a time such as 500ms, 10s, 2m, 1h or 1d");
		return e;
	}
	if (e == OK && d.ms >= row->min)
		return OK;
	snprintf(why, CONF_WHY_MAX, "must be from %s to %s",
	    duration_text(row->min, &low), duration_text(row->max, &high));
	return ERR_INVALID;
}

static enum err
parse_choice(const struct conf_row *row, struct span text, int64_t *out, char *why)
{
	*out = word_number(row->choices, text);
	if (*out >= 0)
		return OK;
	snprintf(why, CONF_WHY_MAX, "must be one of %s", row->choices);
	return ERR_INVALID;
}

/* "a, b or c" of "a|b|c". */
static void
put_words(const char *words, char *out, size_t size)
{
	size_t n = 0;

	for (; *words != '\0' && n + 5 < size; words++) {
		const char *sep = strchr(words + 1, '|') == NULL ? " or " : ", ";

		if (*words == '|')
			n += (size_t)snprintf(out + n, size - n, "%s", sep);
		else
			out[n++] = *words;
	}
	out[n] = '\0';
}

static enum err
parse_word(const struct conf_row *row, struct span text, char *why)
{
	char words[128];

	if (conf_value_words_have(row->choices, text))
		return OK;
	put_words(row->choices, words, sizeof(words));
	snprintf(why, CONF_WHY_MAX, "must be %s", words);
	return ERR_INVALID;
}

enum err
conf_value_text(const struct conf_row *row, struct span text, char why[CONF_WHY_MAX])
{
	struct address_net net;

	if (row->kind == CONF_NETS) {
		snprintf(why, CONF_WHY_MAX,
		    "must be an address or a range such as 10.0.0.0/8");
		return address_net_parse(text, &net) ? OK : ERR_INVALID;
	}
	if (memchr(text.ptr, '\0', text.len) == NULL && (int64_t)text.len >= row->min &&
	    (int64_t)text.len <= row->max)
		return OK;
	snprintf(why, CONF_WHY_MAX, "must have from %lld to %lld characters",
	    (long long)row->min, (long long)row->max);
	return ERR_INVALID;
}

static enum err
parse_address(struct span text, char *why)
{
	const char *colon = text.len == 0 ? NULL : memrchr(text.ptr, ':', text.len);
	const struct conf_row port = {.min = 0, .max = UINT16_MAX};
	struct span digits;
	int64_t n;

	if (colon == NULL || colon == text.ptr) {
		snprintf(why, CONF_WHY_MAX, "must be ADDRESS:PORT");
		return ERR_INVALID;
	}
	digits = (struct span){colon + 1, text.len - (size_t)(colon + 1 - text.ptr)};
	return parse_int(&port, digits, &n, why);
}

static enum err
parse_rate(struct span text, char *why)
{
	struct rate rate;

	if (period_parse_rate(text, PERIOD_MS_DAY, &rate) == OK && rate.count > 0 &&
	    rate.count <= RATE_COUNT_CONF_MAX)
		return OK;
	snprintf(why, CONF_WHY_MAX,
	    "must be a rate such as 20/10m, of 1 to %d within at most a day",
	    RATE_COUNT_CONF_MAX);
	return ERR_INVALID;
}

static enum err
parse_digits(const struct conf_row *row, struct span text, char *why)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9') {
			snprintf(why, CONF_WHY_MAX, "must be digits alone");
			return ERR_INVALID;
		}
	return conf_value_text(row, text, why);
}

void *
conf_value_place(const struct conf_place *p, const struct conf_row *row)
{
	bool own = p->own != NULL && strcmp(row->holder, p->list->holder) != 0;

	return (char *)(own ? p->own : p->holder) + row->offset;
}

enum err
conf_value_set(const struct conf_row *row, struct arena *a, void *place, struct span text,
    char why[CONF_WHY_MAX])
{
	enum err e = OK;

	switch (row->kind) {
	case CONF_INT:
		return parse_int(row, text, place, why);
	case CONF_BOOL:
		return parse_bool(text, place, why);
	case CONF_DURATION:
		return parse_duration(row, text, place, why);
	case CONF_CHOICE:
		return parse_choice(row, text, place, why);
	case CONF_WORD:
		e = parse_word(row, text, why);
		break;
	case CONF_ADDRESS:
		e = parse_address(text, why);
		break;
	case CONF_RATE:
		e = parse_rate(text, why);
		break;
	case CONF_DIGITS:
		e = parse_digits(row, text, why);
		break;
	case CONF_SECRET_FILE:
	case CONF_SECRET_TEXT:
		e = conf_secret_read(row, a, text, &text, why);
		break;
	case CONF_TEXT:
		break;
	case CONF_TEXTS:
	case CONF_NETS:
	case CONF_TEXT_MAP:
	case CONF_CARRIERS:
		INVARIANT(!"not one value");
	}
	if (e == OK && (row->kind == CONF_TEXT || row->kind == CONF_SECRET_FILE ||
			   row->kind == CONF_SECRET_TEXT))
		e = conf_value_text(row, text, why);
	if (e == OK)
		*(const char **)place = arena_text(a, text);
	return e;
}

void
conf_value_defaults(const struct conf_place *p)
{
	char why[CONF_WHY_MAX];

	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *row = &conf_rows[i];

		if (strcmp(row->section, p->section) != 0 || row->initial == NULL ||
		    row->initial == conf_required || !conf_row_fits(row, p->type))
			continue;
		INVARIANT(conf_value_set(row, &p->conf->arena, conf_value_place(p, row),
			      span_of(row->initial), why) == OK);
	}
}

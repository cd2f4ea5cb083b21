/* SPDX-License-Identifier: Apache-2.0 */
/* The meaning of answers, as far as vendors share it. */
#include <stdio.h>

#include "carrier/carrier_http.h"

/*
 * By the status (RFC 9110 15). A message refused for our account or our URL may still go
 * by another carrier; one refused for itself goes by none. A gateway that failed while it
 * worked (500, 502, 504) may have taken the message; one that says 503 has not.
 */
static const struct carrier_http_code statuses[] = {
    {408, CARRIER_RETRY, false, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {425, CARRIER_RETRY, false, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {429, CARRIER_RETRY, true, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {503, CARRIER_RETRY, false, false, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {401, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {402, CARRIER_REFUSED, false, true, REPORT_REJECTED_NOT_ENOUGH_CREDITS,
	REPORT_ERROR_NO_ERROR},
    {403, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {404, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {405, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {407, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
    {410, CARRIER_REFUSED, false, true, REPORT_NONE, REPORT_ERROR_NO_ERROR},
};

const struct carrier_http_code *
carrier_http_code_find(const struct carrier_http_code *rows, size_t count, int64_t code)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

static void
take_row(const struct carrier_http_code *row, struct carrier_http_verdict *v)
{
	v->result = row->result;
	v->throttled = row->throttled;
	v->elsewhere = row->elsewhere;
	v->status = row->status;
	v->error = row->error;
}

bool
carrier_http_classify_code(const struct carrier_http_code *rows, size_t count,
    int64_t code, struct carrier_http_verdict *v)
{
	const struct carrier_http_code *row = carrier_http_code_find(rows, count, code);

	if (row == NULL)
		return false;
	take_row(row, v);
	v->code = (uint32_t)code;
	return true;
}

void
carrier_http_classify_status(int status, struct carrier_http_verdict *v)
{
	const struct carrier_http_code *row =
	    carrier_http_code_find(statuses, countof(statuses), status);

	*v = (struct carrier_http_verdict){
	    .result = CARRIER_UNKNOWN, .code = (uint32_t)status};
	snprintf(v->reason, sizeof(v->reason), "HTTP %d", status);
	if (row != NULL)
		take_row(row, v);
	else if (status >= 200 && status < 300)
		v->result = CARRIER_ACCEPTED;
	else if (status < 500)
		v->result = CARRIER_REFUSED;
	if (row == NULL && status < 400)
		v->elsewhere = v->result == CARRIER_REFUSED;
}

int64_t
carrier_http_number_at(const json_t *doc, const char *pointer, int64_t otherwise)
{
	char text[24];
	int64_t n = 0;

	if (doc == NULL ||
	    !json_pointer_scalar_text(
		json_pointer_find(doc, pointer), text, sizeof(text)) ||
	    text[0] == '\0' || strlen(text) > 15)
		return otherwise;
	for (const char *at = text; *at != '\0'; at++) {
		if (*at < '0' || *at > '9')
			return otherwise;
		n = n * 10 + (*at - '0');
	}
	return n;
}

void
carrier_http_id_at(const json_t *doc, const char *pointer, struct carrier_http_verdict *v)
{
	if (doc == NULL || !json_pointer_scalar_text(json_pointer_find(doc, pointer),
			       v->message_id, sizeof(v->message_id)))
		v->message_id[0] = '\0';
}

/* ---- ids in plain texts ---- */

static const char id_mark[] = "{{id}}";

bool
carrier_http_is_id_pattern(const char *pattern)
{
	return strstr(pattern, id_mark) != NULL;
}

static bool
is_word_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_at(struct span text, size_t at, struct span words)
{
	return at + words.len <= text.len &&
	       (words.len == 0 || memcmp(text.ptr + at, words.ptr, words.len) == 0);
}

/* "id=" is none in the midst of "mid=". */
static bool
is_in_word(struct span text, size_t at, struct span words)
{
	return at > 0 && words.len > 0 && is_word_char(words.ptr[0]) &&
	       is_word_char(text.ptr[at - 1]);
}

static struct span
skip_blanks(struct span s)
{
	while (s.len > 0 && (unsigned char)s.ptr[0] <= ' ')
		s = (struct span){s.ptr + 1, s.len - 1};
	return s;
}

/* How far an id goes that begins the text; 0: no further than that. */
static size_t
id_len(struct span text, struct span behind)
{
	size_t len = 0;

	while (len < text.len && (unsigned char)text.ptr[len] > ' ' &&
	       (behind.len > 0 ? !is_at(text, len, behind)
			       : memchr(",;&|<>\"'", text.ptr[len], 8) == NULL))
		len++;
	return behind.len > 0 && !is_at(text, len, behind) ? 0 : len;
}

void
carrier_http_id_in_text(
    struct span text, const char *pattern, struct carrier_http_verdict *v)
{
	bool first_only = pattern[0] == '^';
	const char *start = first_only ? pattern + 1 : pattern;
	const char *mark = strstr(pattern, id_mark);
	struct span before = {start, (size_t)(mark - start)};
	struct span behind = span_of(mark + strlen(id_mark));
	size_t last = first_only || before.len == 0 ? 0 : text.len;

	v->message_id[0] = '\0';
	for (size_t at = 0; at <= last; at++) {
		struct span id;

		if (!is_at(text, at, before) || is_in_word(text, at, before))
			continue;
		id = skip_blanks((struct span){
		    text.ptr + at + before.len, text.len - at - before.len});
		id.len = id_len(id, behind);
		if (id.len == 0 || id.len >= sizeof(v->message_id))
			continue;
		snprintf(
		    v->message_id, sizeof(v->message_id), "%.*s", (int)id.len, id.ptr);
		return;
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What answers mean, as far as vendors share it. */
#include <stdio.h>

#include "carrier/carrier_http.h"

/*
 * By the status (RFC 9110 15). What is about our account or our URL another carrier may
 * still take; what is about the message nobody will. A gateway that failed while it
 * worked (500, 502, 504) may have taken the message; one that says 503 has not.
 */
static const struct http_code statuses[] = {
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

const struct http_code *
http_code_find(const struct http_code *rows, size_t count, int64_t code)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

static void
take_row(const struct http_code *row, struct http_verdict *v)
{
	v->result = row->result;
	v->throttled = row->throttled;
	v->elsewhere = row->elsewhere;
	v->status = row->status;
	v->error = row->error;
}

bool
http_judge_code(
    const struct http_code *rows, size_t count, int64_t code, struct http_verdict *v)
{
	const struct http_code *row = http_code_find(rows, count, code);

	if (row == NULL)
		return false;
	take_row(row, v);
	v->code = (uint32_t)code;
	return true;
}

void
http_judge_status(int status, struct http_verdict *v)
{
	const struct http_code *row = http_code_find(statuses, countof(statuses), status);

	*v = (struct http_verdict){.result = CARRIER_UNKNOWN, .code = (uint32_t)status};
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
http_number_at(const json_t *doc, const char *pointer, int64_t otherwise)
{
	char text[24];
	int64_t n = 0;

	if (doc == NULL ||
	    !json_scalar_text(json_pointer_find(doc, pointer), text, sizeof(text)) ||
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
http_id_at(const json_t *doc, const char *pointer, struct http_verdict *v)
{
	if (doc == NULL || !json_scalar_text(json_pointer_find(doc, pointer),
			       v->message_id, sizeof(v->message_id)))
		v->message_id[0] = '\0';
}

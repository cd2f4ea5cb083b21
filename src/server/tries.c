/* SPDX-License-Identifier: Apache-2.0 */
#include "server/tries.h"

#include "base/json_out.h"

enum { TRIES_LEN_MAX = 8192 };

const char *
tries_result_name(enum carrier_result r)
{
	switch (r) {
	case CARRIER_ACCEPTED:
		return "accepted";
	case CARRIER_RETRY:
		return "retry";
	case CARRIER_REFUSED:
		return "refused";
	case CARRIER_UNKNOWN:
		return "unknown";
	}
	INVARIANT(!"result");
	return "";
}

const char *
tries_add(struct arena *a, const char *tries, int64_t at_ms, const char *carrier,
    const struct carrier_outcome *outcome)
{
	struct buf out;
	struct json_out json;

	buf_init(&out, TRIES_LEN_MAX);
	buf_add_char(&out, '[');
	if (tries != NULL) {
		buf_add(&out, tries + 1, strlen(tries) - 2);
		buf_add_char(&out, ',');
	}
	json_out_init(&json, &out);
	json_out_object(&json, NULL);
	json_out_int(&json, "at", at_ms);
	json_out_text(&json, "carrier", carrier);
	json_out_text(&json, "result", tries_result_name(outcome->result));
	json_out_int(&json, "code", outcome->code);
	json_out_text(&json, "reason", outcome->reason);
	json_out_end(&json);
	buf_add_char(&out, ']');
	if (!out.failed)
		tries = arena_text(a, buf_span(&out));
	buf_fini(&out);
	return tries;
}

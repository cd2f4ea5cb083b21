/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/submit_history.h"

#include "base/json_out.h"

enum { SUBMIT_HISTORY_LEN_MAX = 8192 };

struct submit_history_run {
	const char *carrier;
	const char *reason;
	int64_t code;
	int64_t at_ms; /* of the first */
	int64_t times;
};

const char *
submit_history_result_name(enum carrier_result r)
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

static void
append(struct submit_history *h, struct arena *a, const char *result,
    const struct submit_history_run *one)
{
	struct buf out;
	struct json_out json;

	buf_init(&out, SUBMIT_HISTORY_LEN_MAX);
	buf_add_char(&out, '[');
	if (h->text != NULL) {
		buf_add(&out, h->text + 1, strlen(h->text) - 2);
		buf_add_char(&out, ',');
	}
	json_out_init(&json, &out);
	json_out_object(&json, NULL);
	json_out_int(&json, "at", one->at_ms);
	json_out_text(&json, "carrier", one->carrier);
	json_out_text(&json, "result", result);
	json_out_int(&json, "code", one->code);
	json_out_text(&json, "reason", one->reason);
	if (one->times > 1)
		json_out_int(&json, "times", one->times);
	json_out_end(&json);
	buf_add_char(&out, ']');
	if (!out.failed)
		h->text = arena_text(a, buf_span(&out));
	buf_fini(&out);
}

static struct submit_history_run *
run_of(struct submit_history *h, const char *carrier)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->runs[i].carrier == carrier)
			return &h->runs[i];
	return NULL;
}

void
submit_history_add(struct submit_history *h, struct arena *a, int64_t at_ms,
    const char *carrier, const struct carrier_outcome *outcome)
{
	struct submit_history_run one = {.carrier = carrier,
	    .reason = outcome->reason,
	    .code = outcome->code,
	    .at_ms = at_ms,
	    .times = 1};
	struct submit_history_run *run = run_of(h, carrier);

	if (!carrier_put_back(outcome)) {
		append(h, a, submit_history_result_name(outcome->result), &one);
	} else if (run != NULL) {
		run->times++;
	} else {
		one.reason = arena_text(a, span_of(outcome->reason));
		run = arena_list_add(
		    a, (void **)&h->runs, &h->count, &h->capacity, sizeof(*run));
		*run = one;
	}
}

const char *
submit_history_text(struct submit_history *h, struct arena *a)
{
	for (size_t i = 0; i < h->count; i++)
		append(h, a, submit_history_result_name(CARRIER_RETRY), &h->runs[i]);
	return h->text;
}

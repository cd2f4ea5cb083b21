/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/tries.h"

#include "base/json_out.h"

enum { TRIES_LEN_MAX = 8192 };

struct tries_run {
	const char *carrier;
	const char *reason;
	int64_t code;
	int64_t at_ms; /* of the first */
	int64_t times;
};

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

static void
append(struct tries *t, struct arena *a, const char *result, const struct tries_run *one)
{
	struct buf out;
	struct json_out json;

	buf_init(&out, TRIES_LEN_MAX);
	buf_add_char(&out, '[');
	if (t->text != NULL) {
		buf_add(&out, t->text + 1, strlen(t->text) - 2);
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
		t->text = arena_text(a, buf_span(&out));
	buf_fini(&out);
}

static struct tries_run *
run_of(struct tries *t, const char *carrier)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->runs[i].carrier == carrier)
			return &t->runs[i];
	return NULL;
}

void
tries_add(struct tries *t, struct arena *a, int64_t at_ms, const char *carrier,
    const struct carrier_outcome *outcome)
{
	struct tries_run one = {.carrier = carrier,
	    .reason = outcome->reason,
	    .code = outcome->code,
	    .at_ms = at_ms,
	    .times = 1};
	struct tries_run *run = run_of(t, carrier);

	if (!carrier_put_back(outcome)) {
		append(t, a, tries_result_name(outcome->result), &one);
	} else if (run != NULL) {
		run->times++;
	} else {
		one.reason = arena_text(a, span_of(outcome->reason));
		run = arena_list_add(
		    a, (void **)&t->runs, &t->count, &t->capacity, sizeof(*run));
		*run = one;
	}
}

const char *
tries_text(struct tries *t, struct arena *a)
{
	for (size_t i = 0; i < t->count; i++)
		append(t, a, tries_result_name(CARRIER_RETRY), &t->runs[i]);
	return t->text;
}

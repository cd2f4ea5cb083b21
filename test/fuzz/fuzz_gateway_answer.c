/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway's answers to a message, of every vendor. The message ends once, and a 2xx is
 * never a reason to send it again.
 */
#include "fuzz.h"
#include "vendors.h"

struct seen {
	unsigned count;
	enum carrier_result result;
	bool final;
};

static void
on_done(void *ctx, const struct carrier_outcome *o)
{
	struct seen *s = ctx;

	s->count++;
	s->result = o->result;
	s->final = o->final;
	INVARIANT(o->reason != NULL);
	INVARIANT(o->part_count == 0 || o->message_id != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const int statuses[] = {
	    200, 201, 202, 204, 299, 400, 401, 404, 429, 500, 503};
	struct fuzz_input in = {data, len};
	unsigned number = fuzz_octet(&in) % VENDOR_COUNT;
	struct carrier *c = vendor_carrier(number);
	struct carrier_message message = {.pin_id = "01A2",
	    .application_id = "01A3",
	    .reference = "01A2-1",
	    .to = "41793026727",
	    .content = *vendor_content(number),
	    .at_ms = 1,
	    .validity_ms = 90500};
	int status = statuses[fuzz_octet(&in) % countof(statuses)];
	struct span body = fuzz_copy(in.ptr, in.len);
	struct seen seen = {0};

	fake_http_answer(&(struct http_client_result){.kind = HTTP_CLIENT_ANSWERED,
	    .status = status,
	    .body = body,
	    .reason = "answered"});
	carrier_submit(c, &message, on_done, &seen);
	INVARIANT(fake_http_run() == 1 || seen.count == 1);
	INVARIANT(seen.count == 1);
	INVARIANT(seen.result != CARRIER_UNKNOWN || status >= 300 || seen.final);
	fuzz_forget(body);
	return 0;
}

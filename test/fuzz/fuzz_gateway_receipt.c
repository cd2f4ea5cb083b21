/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receipt as a request of anybody's, to every vendor: lines of target, content type
 * and signature, then the body. It is answered once, and one without the secret of
 * the path reports nothing.
 */
#include "fuzz.h"
#include "vendors.h"

struct answer {
	unsigned count;
	enum err e;
};

static void
on_received(void *ctx, enum err e)
{
	struct answer *a = ctx;

	a->count++;
	a->e = e;
}

static struct span
query_of(struct span target)
{
	const char *mark = target.len == 0 ? NULL : memchr(target.ptr, '?', target.len);

	if (mark == NULL)
		return (struct span){"", 0};
	return (struct span){mark + 1, target.len - (size_t)(mark + 1 - target.ptr)};
}

static void
ask(struct carrier *c, const struct carrier_request *request, struct answer *out)
{
	carrier_receive(c, request, on_received, out);
	INVARIANT(out->count == 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	uint8_t first = fuzz_octet(&in);
	struct carrier *c = vendor_carrier(first % VENDOR_COUNT);
	bool knows_secret = first < 128;
	struct span target = fuzz_line(&in);
	struct span type = fuzz_line(&in);
	struct header signature = {SPAN("X-Twilio-Signature"), fuzz_line(&in)};
	struct span body = fuzz_copy(in.ptr, in.len);
	struct answer answer = {0};

	ask(c,
	    &(struct carrier_request){.method = SPAN("POST"),
		.target = target,
		.query = query_of(target),
		.secret = knows_secret ? SPAN("s") : SPAN("t"),
		.content_type = type,
		.body = body,
		.headers = &signature,
		.header_count = 1},
	    &answer);
	INVARIANT(vendor_receipts() == 0 || answer.e != ERR_FORBIDDEN);
	fuzz_forget(body);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A receipt as a request of anybody's, to every vendor: lines of target, content type and
 * signature, then the body. A request that is not believed reports nothing, and each
 * report has an id.
 */
#include "fuzz.h"
#include "vendors.h"

static struct span
query_of(struct span target)
{
	const char *mark = target.len == 0 ? NULL : memchr(target.ptr, '?', target.len);

	if (mark == NULL)
		return (struct span){"", 0};
	return (struct span){mark + 1, target.len - (size_t)(mark + 1 - target.ptr)};
}

static void
ask(const struct carrier_config *config, const struct carrier_request *request)
{
	struct arena arena;
	struct carrier_receipts got = {.arena = &arena};
	enum err e;

	arena_init(&arena);
	e = carrier_read_receipts(config, request, &got);
	INVARIANT(e == OK || e == ERR_FORBIDDEN || e == ERR_SYNTAX);
	INVARIANT(e != ERR_FORBIDDEN || got.count == 0);
	for (size_t i = 0; i < got.count; i++)
		INVARIANT(
		    got.items[i].message_id != NULL && got.items[i].message_id[0] != 0);
	arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	uint8_t first = fuzz_octet(&in);
	const struct carrier_config *config = vendor_config(first % VENDOR_COUNT);
	bool knows_secret = first < 128;
	struct span target = fuzz_line(&in);
	struct span type = fuzz_line(&in);
	struct span signature = fuzz_line(&in);
	struct header headers[] = {
	    {SPAN("X-Twilio-Signature"), signature}, {SPAN("Authorization"), signature}};
	struct span body = fuzz_copy(in.ptr, in.len);

	ask(config, &(struct carrier_request){.method = SPAN("POST"),
			.target = target,
			.query = query_of(target),
			.secret = knows_secret ? SPAN("s") : SPAN("t"),
			.content_type = type,
			.body = body,
			.headers = headers,
			.header_count = countof(headers),
			.public_url = "https://pins.example"});
	fuzz_forget(body);
	return 0;
}

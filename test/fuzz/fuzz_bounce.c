/* SPDX-License-Identifier: Apache-2.0 */
/* A bounce as anybody may write it: none names more than one mail, and each has an id. */
#include "carrier/options.h"
#include "carrier/smtp_bounce.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct carrier_smtp_options options = {.bounce_address = "b@a.example"};
	static const struct carrier_config config = {
	    .name = "m", .type = "smtp", .options = &options};
	struct arena arena;
	struct carrier_receipts got = {.arena = &arena, .config = &config};
	struct span body = fuzz_copy(data, len);
	enum err e;

	arena_init(&arena);
	e = smtp_bounce_read(&(struct carrier_request){.body = body}, &got);
	INVARIANT(e == OK || e == ERR_SYNTAX);
	INVARIANT(got.count <= 1);
	if (got.count == 1)
		INVARIANT(strlen(got.items[0].message_id) == 32);
	arena_fini(&arena);
	fuzz_forget(body);
	return 0;
}

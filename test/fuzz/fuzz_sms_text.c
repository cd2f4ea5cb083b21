/* SPDX-License-Identifier: Apache-2.0 */
/* A text as parts of a short message: no part too long, and as many as they say. */
#include "fuzz.h"
#include "twofa/sms_text.h"

static void
check_parts(const struct sms_parts *p)
{
	size_t most = p->alphabet == SMS_GSM7 ? 160 : 140;

	INVARIANT(p->count >= 1 && p->count <= SMS_PARTS_MAX);
	if (p->count > 1)
		most = p->alphabet == SMS_GSM7 ? 153 : 134;
	for (unsigned i = 0; i < p->count; i++) {
		INVARIANT(p->parts[i].len <= most);
		INVARIANT(p->count == 1 || p->parts[i].len > 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span text = fuzz_copy(data, len);
	struct sms_parts parts;
	struct arena arena;

	arena_init(&arena);
	if (sms_text_split(&arena, text, &parts) == OK)
		check_parts(&parts);
	arena_fini(&arena);
	fuzz_forget(text);
	return 0;
}

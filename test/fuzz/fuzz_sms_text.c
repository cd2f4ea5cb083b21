/* SPDX-License-Identifier: Apache-2.0 */
/* A text as parts of a short message: no part too long, and as many as they say. */
#include "fuzz.h"
#include "twofa/sms_text.h"

static void
check_parts(const struct sms_parts *p)
{
	/* by sms_alphabet; alone, and with a header */
	static const size_t alone[] = {160, 140, 140, 140};
	static const size_t headed[] = {153, 134, 134, 134};
	size_t most = p->count > 1 ? headed[p->alphabet] : alone[p->alphabet];

	INVARIANT(p->count >= 1 && p->count <= SMS_PARTS_MAX);
	for (unsigned i = 0; i < p->count; i++) {
		INVARIANT(p->parts[i].len <= most);
		INVARIANT(p->count == 1 || p->parts[i].len > 0);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	enum sms_alphabet own = (enum sms_alphabet)(fuzz_octet(&in) % (SMS_ASCII + 1));
	struct span text = fuzz_copy(in.ptr, in.len);
	struct sms_parts parts;
	struct arena arena;

	arena_init(&arena);
	if (sms_text_split_in(own, &arena, text, &parts) == OK)
		check_parts(&parts);
	arena_fini(&arena);
	fuzz_forget(text);
	return 0;
}

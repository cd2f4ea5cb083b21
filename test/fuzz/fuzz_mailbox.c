/* SPDX-License-Identifier: Apache-2.0 */
/* A mailbox as anybody writes it: its canonical form is one, and its own form; nothing
 * that is taken for a mailbox or a sender can end a header line. */
#include "fuzz.h"
#include "twofa/mailbox.h"

static bool
has_control(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7f)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span text = fuzz_copy(data, len);
	char once[MAILBOX_LEN_MAX + 1];
	char twice[MAILBOX_LEN_MAX + 1];

	if (mailbox_canonical(text, once) == OK) {
		INVARIANT(mailbox_is(span_of(once)));
		INVARIANT(!has_control(span_of(once)));
		INVARIANT(mailbox_canonical(span_of(once), twice) == OK);
		INVARIANT(strcmp(once, twice) == 0);
	}
	if (mailbox_is_from(text))
		INVARIANT(!has_control(text));
	fuzz_forget(text);
	return 0;
}

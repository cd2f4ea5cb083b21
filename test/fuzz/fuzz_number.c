/* SPDX-License-Identifier: Apache-2.0 */
/* A number as anybody writes it: its canonical form is digits, and its own form; it has a
 * type. */
#include "fuzz.h"
#include "twofa/numbering.h"
#include "twofa/phone.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span text = fuzz_copy(data, len);
	char once[PHONE_DIGITS_MAX + 1];
	char twice[PHONE_DIGITS_MAX + 1];

	if (phone_canonical(text, once) == OK) {
		size_t digits = strlen(once);

		INVARIANT(digits >= PHONE_DIGITS_MIN && digits <= PHONE_DIGITS_MAX);
		INVARIANT(strspn(once, "0123456789") == digits && once[0] != '0');
		INVARIANT(phone_canonical(span_of(once), twice) == OK);
		INVARIANT(strcmp(once, twice) == 0);
		INVARIANT(numbering_type(once) < NUMBER_TYPE_COUNT);
	}
	fuzz_forget(text);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A PIN as anybody types it: the PIN itself is always right, another one never. */
#include "fuzz.h"
#include "twofa/pin.h"

static const char *const pins[PIN_TYPE_COUNT] = {
    "048213", "KXWQPB", "09afbe", "7XK02B", "048213", "KXWQPL", "09afbe", "7XKL2B"};
static const char *const others[PIN_TYPE_COUNT] = {
    "948213", "AXWQPB", "19afbe", "8XK02B", "948213", "AXWQPL", "19afbe", "8XKL2B"};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	size_t type = fuzz_octet(&in) % PIN_TYPE_COUNT;
	struct span typed = fuzz_copy(in.ptr, in.len);
	bool right = pin_matches((enum pin_type)type, pins[type], typed);

	INVARIANT(pin_matches((enum pin_type)type, pins[type], span_of(pins[type])));
	INVARIANT(!right || !pin_matches((enum pin_type)type, others[type], typed));
	INVARIANT(!right || !pin_is_blank(typed));
	fuzz_forget(typed);
	return 0;
}

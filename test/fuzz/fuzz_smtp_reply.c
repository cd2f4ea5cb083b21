/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a relay's reply: what they amount to has words, and says well only by 2xx. */
#include "carrier/smtp_reply.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	enum smtp_about about = (enum smtp_about)(fuzz_octet(&in) % 3);
	struct smtp_reply reply = {0};
	char reason[SMTP_REASON_LEN];
	bool last = false;

	while (in.len > 0 && !last) {
		struct span line = fuzz_line(&in);
		struct span copy = fuzz_copy(line.ptr, line.len);
		struct span text;
		enum err e = smtp_reply_add(&reply, copy, &last, &text);

		fuzz_forget(copy);
		if (e != OK)
			return 0;
	}
	if (last) {
		struct carrier_outcome o = smtp_reply_outcome(&reply, about, reason);

		INVARIANT(o.result != CARRIER_ACCEPTED && o.reason == reason);
		INVARIANT(strlen(reason) > 3);
		INVARIANT(o.result == CARRIER_REFUSED || o.code < 500);
	}
	return 0;
}

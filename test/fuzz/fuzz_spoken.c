/* SPDX-License-Identifier: Apache-2.0 */
/* A template's text as phrases: each octet of the text is said once at most, the PIN by
 * its symbols, and nothing of the person in a phrase that may be kept. */
#include "fuzz.h"
#include "twofa/spoken.h"

#define MARK "\x01"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct render_value values[] = {{"a", MARK "x. y" MARK}, {"", MARK}};
	const struct render_fill fill = {{NULL, "04a8Z"}, values, countof(values)};
	struct span text = fuzz_copy(data, len);
	struct content from = {.channel = CHANNEL_VOICE, .voice = {.text = text}};
	struct content c;
	struct spoken s;
	struct arena a;
	struct buf octets;

	arena_init(&a);
	buf_init(&octets, channel_row(CHANNEL_VOICE)->text_len_max);
	if (memchr(text.ptr, *MARK, len) == NULL &&
	    content_render(&c, &from, &fill, &octets) == OK &&
	    spoken_read(&c.voice, &a, &s) == OK) {
		size_t said = 0;

		INVARIANT(s.round > 0 && s.count % s.round == 0 && s.pin_end <= s.round);
		for (size_t i = 0; i < s.round; i++) {
			const struct spoken_phrase *p = &s.phrases[i];

			said += p->text.len;
			INVARIANT(p->text.len > 0);
			INVARIANT(p->kind != SPOKEN_SYMBOL || p->text.len == 1);
			INVARIANT(p->kind != SPOKEN_TEXT ||
				  memchr(p->text.ptr, *MARK, p->text.len) == NULL);
		}
		INVARIANT(said <= c.voice.text.len);
	}
	buf_fini(&octets);
	arena_fini(&a);
	fuzz_forget(text);
	return 0;
}

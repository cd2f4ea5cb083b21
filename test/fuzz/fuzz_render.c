/* SPDX-License-Identifier: Apache-2.0 */
/* A template's text with values that are placeholders themselves: one pass, bounded. */
#include "fuzz.h"
#include "twofa/render.h"

enum { TEXT_MAX = 4096 };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	char text[TEXT_MAX] = "";
	char name[32] = "";
	struct span first = fuzz_line(&in);
	struct render_value values[] = {{name, "{{pin}}"}, {"other", "{{other}}"}};
	struct buf out;

	if (first.len < sizeof(name))
		memcpy(name, first.ptr, first.len);
	if (in.len < sizeof(text))
		memcpy(text, in.ptr, in.len);
	buf_init(&out, 16 * TEXT_MAX);
	render_text(&out, span_of(text),
	    &(struct render_fill){{NULL, "048213"}, values, countof(values)});
	INVARIANT(out.failed || out.len <= 4 * strlen(text) + 64);
	buf_fini(&out);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A body in XML; what was read is written again, and read as the same. */
#include "api/xml.h"
#include "api/xml_out.h"
#include "fuzz.h"

enum { OUT_MAX = 1024 * 1024 };

static void
write_and_read(struct arena *a, struct fail *f, const json_t *doc)
{
	char *text = json_dumps(doc, JSON_COMPACT);
	struct xml_out x;
	json_t *again = NULL;

	xml_out_init(&x, OUT_MAX);
	xml_out_json(&x, "r", span_of(text));
	if (x.to.len < XML_LEN_MAX && strstr(text, "null") == NULL) {
		INVARIANT(xml_parse(a, f, buf_span(&x.to), &again) == OK);
		INVARIANT(json_equal(doc, again));
		json_decref(again);
	}
	xml_out_fini(&x);
	mem_free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span body = fuzz_copy(data, len);
	struct arena arena;
	struct fail fail;
	struct xml_out x;
	json_t *doc = NULL;

	json_init();
	arena_init(&arena);
	fail_init(&fail, &arena);
	xml_out_init(&x, OUT_MAX);
	xml_out_json(&x, "r", body);
	xml_out_fini(&x);
	if (len > 0 && xml_parse(&arena, &fail, body, &doc) == OK) {
		if (json_is_object(doc))
			write_and_read(&arena, &fail, doc);
		json_decref(doc);
	} else {
		INVARIANT(len == 0 || fail.count > 0);
	}
	arena_fini(&arena);
	fuzz_forget(body);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document of a stranger's. A text that jansson takes as it stands is taken; one that
 * was taken is written again as strict JSON, and means the same when it is read once
 * more.
 */
#include "base/json_lenient.h"
#include "base/json_pointer.h"
#include "fuzz.h"

static void
read_again(const json_t *doc)
{
	char *text = json_dumps(doc, JSON_ENCODE_ANY);
	json_t *again;

	INVARIANT(text != NULL);
	INVARIANT(json_lenient_parse(span_of(text), &again) == OK);
	INVARIANT(json_equal(doc, again));
	json_decref(again);
	mem_free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span text = fuzz_copy(data, len);
	json_t *strict;
	json_t *doc;
	enum err e;
	char id[64];

	json_set_alloc_funcs(mem_raw_alloc, mem_free);
	strict = json_loadb(text.ptr, text.len, 0, NULL);
	e = json_lenient_parse(text, &doc);
	INVARIANT((doc != NULL) == (e == OK));
	INVARIANT(e == OK || strict == NULL || len > JSON_LENIENT_DEPTH_MAX);
	(void)json_pointer_scalar_text(json_pointer_find(doc, "/id"), id, sizeof(id));
	if (doc != NULL)
		read_again(doc);
	json_decref(doc);
	json_decref(strict);
	fuzz_forget(text);
	return 0;
}

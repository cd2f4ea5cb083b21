/* SPDX-License-Identifier: Apache-2.0 */
/* A form of an old client: pairs and escapes. */
#include "api/form.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span body = fuzz_copy(data, len);
	struct arena arena;
	struct fail fail;
	json_t *doc = NULL;

	arena_init(&arena);
	fail_init(&fail, &arena);
	if (form_parse(&arena, &fail, body, &doc) == OK) {
		const char *name;
		json_t *value;

		json_object_foreach(doc, name, value) INVARIANT(json_is_string(value));

		json_decref(doc);
	} else {
		INVARIANT(fail.count > 0);
	}
	if (len > 0 && memchr(data, '\0', len) == NULL)
		(void)form_value(&arena, body, "applicationId");
	arena_fini(&arena);
	fuzz_forget(body);
	return 0;
}

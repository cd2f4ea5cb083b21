/* SPDX-License-Identifier: Apache-2.0 */
/* A body of our own callers: read strictly, then by rows of every kind. */
#include "base/json.h"
#include "base/json_pointer.h"
#include "fuzz.h"

struct wanted {
	const char *text;
	const char *loose;
	struct opt_int count;
	struct opt_bool flag;
	struct opt_double rate;
	json_t *value;
	const char *inner;
};

static const struct json_row inner_rows[] = {
    {"a", JSON_ROW_TEXT, true, offsetof(struct wanted, inner), 0, 4, NULL}, {0}};

static const struct json_row rows[] = {
    {"t", JSON_ROW_TEXT, true, offsetof(struct wanted, text), 1, 20, NULL},
    {"l", JSON_ROW_LINE, false, offsetof(struct wanted, loose), 0, 20, NULL},
    {"i", JSON_ROW_INT, false, offsetof(struct wanted, count), -5, 100, NULL},
    {"b", JSON_ROW_BOOL, false, offsetof(struct wanted, flag), 0, 0, NULL},
    {"d", JSON_ROW_DOUBLE, false, offsetof(struct wanted, rate), 0.5, 2, NULL},
    {"o", JSON_ROW_OBJECT, false, 0, 0, 0, inner_rows},
    {"v", JSON_ROW_VALUE, false, offsetof(struct wanted, value), 0, 0, NULL}, {0}};

static void
read_rows(const json_t *doc)
{
	struct wanted out = {0};
	struct arena arena;
	struct fail fail;

	arena_init(&arena);
	fail_init(&fail, &arena);
	if (json_read(doc, rows, &fail, &out) == OK) {
		INVARIANT(out.text != NULL && out.text[0] != '\0');
		INVARIANT(
		    !out.count.set || (out.count.value >= -5 && out.count.value <= 100));
		INVARIANT(
		    !out.rate.set || (out.rate.value >= 0.5 && out.rate.value <= 2));
	}
	arena_fini(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span text = fuzz_copy(data, len);
	char scalar[16];
	struct arena arena;
	struct fail fail;
	json_t *doc = NULL;

	arena_init(&arena);
	fail_init(&fail, &arena);
	if (json_parse(text, &fail, &doc) == OK) {
		read_rows(doc);
		if (json_pointer_scalar_text(
			json_pointer_find(doc, "/o/a"), scalar, sizeof(scalar)))
			INVARIANT(strlen(scalar) < sizeof(scalar));
		json_decref(doc);
	}
	arena_fini(&arena);
	fuzz_forget(text);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template's text and a value of its placeholder, as anybody writes them: what it
 * costs, and that the lines for autofill keep their promises.
 */
#include "fuzz.h"
#include "twofa/template_variant.h"
#include "twofa/text_lint.h"

enum { TEXT_MAX = 4096 };

static void
check(const struct text_lint *found, bool domain, bool hash)
{
	INVARIANT(found->parts >= 1 && found->parts <= SMS_PARTS_MAX);
	INVARIANT(found->line.found == domain);
	INVARIANT(!domain || (found->line.whole && found->line.part == found->parts));
	INVARIANT(!found->autofill.hash || (hash && found->parts == 1));
	INVARIANT(!found->replaced || found->alphabet != SMS_UCS2);
	INVARIANT(found->kept_alphabet != SMS_UCS2 || found->forcing_count > 0);
	INVARIANT(found->forcing_kept <= TEXT_LINT_FORCING_MAX);
}

static void
lint(struct fuzz_input *in, uint8_t choice, struct arena *a)
{
	static const enum sms_alphabet own[] = {SMS_GSM7, SMS_LATIN1, SMS_ASCII};
	struct span value = fuzz_line(in);
	struct span text = {
	    (const char *)in->ptr, in->len < TEXT_MAX ? in->len : TEXT_MAX};
	const struct render_value values[] = {{"name", arena_text(a, value)}};
	bool domain = (choice & 1) != 0;
	bool hash = (choice & 2) != 0;
	const struct text_lint_ask ask = {
	    .message = {.text = span_of(arena_text(a, text)),
		.gsm7 = choice / 4 % GSM7_RULE_COUNT,
		.autofill = {domain ? "example.com" : NULL, hash ? "FA+9qCX9VSu" : NULL},
		.alphabet = own[choice / 16 % countof(own)]},
	    .pin_length = 1 + choice / 64,
	    .values = values,
	    .count = 1,
	    .other = "other"};
	struct text_lint found;

	if (text_lint(&ask, a, &found) == OK)
		check(&found, domain, hash);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	uint8_t choice = fuzz_octet(&in);
	struct template_variants variants;
	struct arena a;

	arena_init(&a);
	if (template_variant_load(
		arena_text(&a, (struct span){(const char *)in.ptr, in.len}), &a,
		&variants) == OK)
		INVARIANT(template_variant_choose(&variants, "en", "de", "41791000000") !=
			      NULL ||
			  variants.count < 22);
	lint(&in, choice, &a);
	arena_fini(&a);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* NAPTR records of a stranger's name server (RFC 6116), and the name asked for. */
#include <strings.h>

#include "fuzz.h"
#include "lookup/enum_rule.h"

enum { FIELD_MAX = 256 };

static const char *
field(struct fuzz_input *in, char out[FIELD_MAX])
{
	struct span line = fuzz_line(in);
	size_t n = line.len < FIELD_MAX ? line.len : FIELD_MAX - 1;

	memcpy(out, line.ptr, n);
	out[n] = '\0';
	return out;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	char flags[FIELD_MAX];
	char services[FIELD_MAX];
	char suffix[FIELD_MAX];
	char name[ENUM_NAME_MAX + 1];
	struct enum_record a = {.order = fuzz_octet(&in), .preference = fuzz_octet(&in)};
	struct enum_record b = a;
	enum lookup_status status;

	a.flags = field(&in, flags);
	a.services = field(&in, services);
	if (enum_rule_judge(&a, &status))
		INVARIANT(strcasecmp(a.flags, "u") == 0);
	INVARIANT(!enum_rule_before(&a, &b) || !enum_rule_before(&b, &a));
	if (enum_rule_name("41793026727", field(&in, suffix), name) == OK)
		INVARIANT(strlen(name) <= ENUM_NAME_MAX);
	return 0;
}

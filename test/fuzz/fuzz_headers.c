/* SPDX-License-Identifier: Apache-2.0 */
/* Header fields that are read further: credentials, and who stands behind a proxy. */
#include "api/access/auth.h"
#include "fuzz.h"
#include "http/forwarded.h"

enum { FIELDS_MAX = 8 };

static void
read_forwarded(const struct header *fields, size_t count, enum forwarded_header header)
{
	struct address_net nets[1];
	struct address peer;
	struct forwarded_rules rules = {nets, 1, header};

	INVARIANT(address_net_parse(SPAN("10.0.0.0/8"), &nets[0]));
	INVARIANT(address_parse(SPAN("10.1.2.3"), &peer));
	(void)forwarded_client(&rules, fields, count, &peer);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const names[] = {"X-Forwarded-For", "Forwarded"};
	struct fuzz_input in = {data, len};
	enum forwarded_header header = (enum forwarded_header)(fuzz_octet(&in) % 2);
	struct header fields[FIELDS_MAX];
	size_t count = 0;

	while (in.len > 0 && count < FIELDS_MAX) {
		struct span line = fuzz_line(&in);

		fields[count++] = (struct header){
		    span_of(names[header]), fuzz_copy(line.ptr, line.len)};
	}
	read_forwarded(fields, count, header);
	for (size_t i = 0; i < count; i++) {
		struct credential c = auth_parse(fields[i].value);

		INVARIANT(c.scheme < SCHEME_COUNT);
		fuzz_forget(fields[i].value);
	}
	return 0;
}

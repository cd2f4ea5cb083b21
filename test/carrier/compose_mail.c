/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mails as the composer writes them: reads from, to, subject, text and HTML a line, in
 * hexadecimal digits with blanks between them ("-": empty), and writes the id and the
 * octets in hexadecimal digits, or "-" and why there is none.
 */
#include <stdio.h>

#include "base/secret.h"
#include "carrier/mail_message.h"

enum { FIELDS = 5, AT_S = 1764547200 };

static struct span
field(struct arena *a, const char *hex)
{
	size_t len = hex == NULL ? 0 : strlen(hex) / 2;
	uint8_t *octets = arena_alloc(a, len + 1);

	if (!secret_from_hex(span_of(hex), octets, len))
		len = 0;
	return (struct span){(char *)octets, len};
}

static void
answer(struct arena *a, char *line)
{
	struct span f[FIELDS];
	struct content_email content;
	struct mail_message_draft draft = {.content = &content,
	    .at_ms = AT_S * INT64_C(1000),
	    .entropy = &entropy_system};
	struct mail_message m;
	const char *why;

	for (size_t i = 0; i < FIELDS; i++)
		f[i] = field(a, strtok_r(i == 0 ? line : NULL, " \n", &line));
	content = (struct content_email){.subject = f[2], .text = f[3], .html = f[4]};
	draft.from = f[0].ptr;
	draft.to = f[1].ptr;
	if (mail_message_compose(a, &draft, &m, &why) != OK) {
		printf("- %s\n", why);
		return;
	}
	printf("%s ", m.id);
	for (size_t i = 0; i < m.octets.len; i++)
		printf("%02x", (unsigned char)m.octets.ptr[i]);
	printf("\n");
	mail_message_fini(&m);
}

int
main(void)
{
	static char line[1 << 20];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct arena arena;

		arena_init(&arena);
		answer(&arena, line);
		arena_fini(&arena);
		fflush(stdout);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/mail_address.h"

#include <idn2.h>

#include "base/utf8.h"
#include "twofa/mailbox.h"

static bool
is_ascii(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] >= 0x80)
			return false;
	return true;
}

/* A domain of ASCII alone is used as it was written. NULL: it has no such form. */
static const char *
to_ascii(struct arena *a, struct span domain)
{
	const char *text = arena_text(a, domain);
	char *converted = NULL;
	const char *out;

	if (is_ascii(domain))
		return text;
	if (idn2_to_ascii_8z(text, &converted, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
	    IDN2_OK)
		return NULL;
	out = arena_text(a, span_of(converted));
	idn2_free(converted);
	return out;
}

/* RFC 5322 3.2.4: a quoted string means what stands in it. */
static const char *
unquote(struct arena *a, struct span name)
{
	char *out = arena_alloc(a, name.len + 1);
	size_t len = 0;
	bool quoted;

	name = span_trim(name);
	quoted = name.len >= 2 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"';
	if (quoted)
		name = (struct span){name.ptr + 1, name.len - 2};
	for (size_t i = 0; i < name.len; i++) {
		if (quoted && name.ptr[i] == '\\' && i + 1 < name.len)
			i++;
		out[len++] = name.ptr[i];
	}
	return out;
}

static struct span
split_name(struct span text, struct span *mailbox_out)
{
	const char *open = memchr(text.ptr, '<', text.len);
	size_t len = open == NULL ? 0 : (size_t)(open - text.ptr);

	*mailbox_out = open == NULL ? text : (struct span){open + 1, text.len - len - 2};
	return (struct span){text.ptr, len};
}

enum err
mail_address_parse(struct arena *a, const char *text, struct mail_address *out)
{
	struct span name;
	struct span mailbox;
	struct span local;

	if (text == NULL || !mailbox_is_from(span_of(text)))
		return ERR_INVALID;
	name = split_name(span_of(text), &mailbox);
	local = (struct span){mailbox.ptr, strcspn(mailbox.ptr, "@")};
	out->name = unquote(a, name);
	out->domain = to_ascii(
	    a, (struct span){mailbox.ptr + local.len + 1, mailbox.len - local.len - 1});
	out->needs_utf8 = !is_ascii(local);
	if (out->domain == NULL || !utf8_is_line(local))
		return ERR_INVALID;
	out->mailbox = arena_printf(a, "%.*s@%s", (int)local.len, local.ptr, out->domain);
	return strlen(out->mailbox) <= MAILBOX_LEN_MAX ? OK : ERR_INVALID;
}

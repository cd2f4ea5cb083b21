/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/mailbox.h"

#include "base/utf8.h"

enum { LOCAL_LEN_MAX = 64, LABEL_LEN_MAX = 63 };

static bool
is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') || ((unsigned char)c & 0x80) != 0;
}

/* RFC 5322 3.2.3 */
static bool
is_atom(char c)
{
	return is_letter_or_digit(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

static bool
is_label(struct span s)
{
	if (s.len == 0 || s.len > LABEL_LEN_MAX || s.ptr[0] == '-' ||
	    s.ptr[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!is_letter_or_digit(s.ptr[i]) && s.ptr[i] != '-')
			return false;
	return true;
}

static bool
is_atom_text(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!is_atom(s.ptr[i]))
			return false;
	return s.len > 0;
}

/* Every part between dots is of that kind. */
static bool
is_dotted(struct span s, bool (*is_part)(struct span))
{
	size_t from = 0;

	for (size_t i = 0; i <= s.len; i++) {
		if (i < s.len && s.ptr[i] != '.')
			continue;
		if (!is_part((struct span){s.ptr + from, i - from}))
			return false;
		from = i + 1;
	}
	return true;
}

bool
mailbox_is(struct span s)
{
	const char *at = s.len == 0 ? NULL : memchr(s.ptr, '@', s.len);
	struct span local;
	struct span domain;

	if (at == NULL || s.len > MAILBOX_LEN_MAX || !utf8_valid(s))
		return false;
	local = (struct span){s.ptr, (size_t)(at - s.ptr)};
	domain = (struct span){at + 1, s.len - local.len - 1};
	return local.len <= LOCAL_LEN_MAX && is_dotted(local, is_atom_text) &&
	       is_dotted(domain, is_label);
}

enum err
mailbox_canonical(struct span s, char out[MAILBOX_LEN_MAX + 1])
{
	s = span_trim(s);
	if (!mailbox_is(s))
		return ERR_INVALID;
	for (size_t i = 0; i < s.len; i++)
		out[i] = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] - 'A' + 'a')
							    : s.ptr[i];
	out[s.len] = '\0';
	return OK;
}

static bool
is_name(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '<' || s.ptr[i] == '>')
			return false;
	return utf8_is_line(s);
}

bool
mailbox_is_from(struct span s)
{
	const char *open = s.len == 0 ? NULL : memchr(s.ptr, '<', s.len);
	struct span name;

	if (open == NULL || s.len > MAILBOX_FROM_MAX)
		return mailbox_is(s);
	name = (struct span){s.ptr, (size_t)(open - s.ptr)};
	if (s.ptr[s.len - 1] != '>')
		return false;
	return is_name(name) && mailbox_is((struct span){open + 1, s.len - name.len - 2});
}

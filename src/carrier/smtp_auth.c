/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smtp_auth.h"

#include <sodium.h>

enum { TEXT_LEN_MAX = 8192 };

static void
put_base64(struct buf *out, const struct buf *text)
{
	size_t size =
	    sodium_base64_ENCODED_LEN(text->len, sodium_base64_VARIANT_ORIGINAL);
	char *coded = mem_array(size, 1);

	sodium_bin2base64(coded, size, (const unsigned char *)text->ptr, text->len,
	    sodium_base64_VARIANT_ORIGINAL);
	buf_add_text(out, coded);
	mem_free(coded);
}

static void
put_text(struct buf *out, const char *text)
{
	struct buf plain;

	buf_init(&plain, TEXT_LEN_MAX);
	buf_add_text(&plain, text);
	put_base64(out, &plain);
	buf_fini(&plain);
}

static bool
put_plain(struct buf *out, unsigned step, const struct smtp_auth_secret *s)
{
	struct buf plain;

	if (step > 0)
		return false;
	buf_init(&plain, TEXT_LEN_MAX);
	buf_add_char(&plain, '\0');
	buf_add_text(&plain, s->user);
	buf_add_char(&plain, '\0');
	buf_add_text(&plain, s->secret);
	buf_add_text(out, "AUTH PLAIN ");
	put_base64(out, &plain);
	buf_fini(&plain);
	return true;
}

static bool
put_login(struct buf *out, unsigned step, const struct smtp_auth_secret *s)
{
	if (step == 0)
		buf_add_text(out, "AUTH LOGIN");
	else if (step == 1)
		put_text(out, s->user);
	else if (step == 2)
		put_text(out, s->secret);
	return step <= 2;
}

/* The second step is an empty answer to the words of an error, after which the reply says
 * no. */
static bool
put_xoauth2(struct buf *out, unsigned step, const struct smtp_auth_secret *s)
{
	struct buf plain;

	if (step > 0)
		return step == 1;
	buf_init(&plain, TEXT_LEN_MAX);
	buf_printf(&plain, "user=%s\001auth=Bearer %s\001\001", s->user, s->secret);
	buf_add_text(out, "AUTH XOAUTH2 ");
	put_base64(out, &plain);
	buf_fini(&plain);
	return true;
}

static const struct {
	const char *name;
	bool (*put)(struct buf *out, unsigned step, const struct smtp_auth_secret *s);
} mechanisms[] = {
    [SMTP_AUTH_PLAIN] = {"PLAIN", put_plain},
    [SMTP_AUTH_LOGIN] = {"LOGIN", put_login},
    [SMTP_AUTH_XOAUTH2] = {"XOAUTH2", put_xoauth2},
};

enum smtp_auth
smtp_auth_named(struct span word)
{
	for (size_t i = SMTP_AUTH_PLAIN; i < countof(mechanisms); i++)
		if (span_equal_nocase(word, mechanisms[i].name))
			return (enum smtp_auth)i;
	return SMTP_AUTH_AUTO;
}

bool
smtp_auth_put(struct buf *out, enum smtp_auth mechanism, unsigned step,
    const struct smtp_auth_secret *secret)
{
	INVARIANT(mechanism != SMTP_AUTH_AUTO);
	return mechanisms[mechanism].put(out, step, secret);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/mail_message.h"

#include "base/secret.h"
#include "carrier/mail_body.h"
#include "carrier/mail_header.h"

enum {
	LEN_MAX = 4 * 1024 * 1024, /* of any text that a template may have, encoded */
	ID_OCTETS = MAIL_MESSAGE_ID_LEN / 2,
	DATE_LEN = 26 /* "Mon, 23 Nov 2026 10:00:00 " */
};

static void
random_id(const struct entropy *entropy, char out[MAIL_MESSAGE_ID_LEN + 1])
{
	uint8_t octets[ID_OCTETS];

	entropy->fill(entropy, octets, sizeof(octets));
	secret_hex_lower(octets, sizeof(octets), out);
}

/* RFC 5322 3.3: a zone in digits, where HTTP has a name. */
static void
put_date(struct buf *out, int64_t at_ms)
{
	char at[32];

	clock_format_http(at_ms, at, sizeof(at));
	buf_printf(out, "Date: %.*s+0000\r\n", DATE_LEN, at);
}

static void
put_head(struct mail_message *m, const struct mail_message_draft *draft)
{
	struct buf *out = &m->octets;

	put_date(out, draft->at_ms);
	mail_header_put_address(out, "From", &m->from);
	mail_header_put_address(out, "To", &m->to);
	mail_header_put_text(out, "Subject", draft->content->subject);
	buf_printf(out, "Message-ID:%s<%s@%s>\r\n",
	    strlen(m->from.domain) > 30 ? "\r\n " : " ", m->id, m->from.domain);
	buf_add_text(out, "MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n");
}

/* The later part is the one that a reader who can shows (RFC 2046 5.1.4). The boundary
 * stands in no part: quoted-printable has no "=_", Base64 no "_", and nobody knows it
 * beforehand. */
static void
put_alternatives(struct mail_message *m, const struct mail_message_draft *draft)
{
	struct buf *out = &m->octets;
	char boundary[MAIL_MESSAGE_ID_LEN + 1];

	random_id(draft->entropy, boundary);
	buf_printf(out,
	    "Content-Type: multipart/alternative;\r\n "
	    "boundary=\"=_%s\"\r\n\r\n--=_%s\r\n",
	    boundary, boundary);
	mail_body_put(out, "plain", draft->content->text);
	buf_printf(out, "\r\n--=_%s\r\n", boundary);
	mail_body_put(out, "html", draft->content->html);
	buf_printf(out, "\r\n--=_%s--\r\n", boundary);
}

static void
put_content(struct mail_message *m, const struct mail_message_draft *draft)
{
	const struct content_email *c = draft->content;

	if (c->text.len > 0 && c->html.len > 0)
		put_alternatives(m, draft);
	else if (c->html.len > 0)
		mail_body_put(&m->octets, "html", c->html);
	else
		mail_body_put(&m->octets, "plain", c->text);
}

enum err
mail_message_compose(struct arena *a, const struct mail_message_draft *draft,
    struct mail_message *out, const char **why_out)
{
	*out = (struct mail_message){0};
	*why_out = "the sender is no mailbox that a mail can be from";
	if (mail_address_parse(a, draft->from, &out->from) != OK)
		return ERR_INVALID;
	*why_out = "the destination is no mailbox that a mail can be written to";
	if (mail_address_parse(a, draft->to, &out->to) != OK)
		return ERR_INVALID;
	random_id(draft->entropy, out->id);
	buf_init(&out->octets, LEN_MAX);
	put_head(out, draft);
	put_content(out, draft);
	*why_out = NULL;
	if (!out->octets.failed)
		return OK;
	*why_out = "the mail is too long";
	mail_message_fini(out);
	return ERR_TOO_LARGE;
}

void
mail_message_fini(struct mail_message *m)
{
	buf_fini(&m->octets);
}

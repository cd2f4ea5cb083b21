/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smtp_bounce.h"

#include "carrier/mail_message.h"
#include "carrier/mail_part.h"
#include "carrier/options.h"
#include "carrier/smtp_reply.h"
#include "twofa/mailbox.h"

enum { PARTS_MAX = 16, GROUPS_MAX = 16, FIELDS_MAX = 4 };

/* The report and what it returns of the mail. */
struct bounce {
	struct mail_part mail;
	struct mail_part parts[PARTS_MAX];
	size_t count;
	const struct mail_part *status;   /* message/delivery-status; NULL: none */
	const struct mail_part *returned; /* the mail, or its head; NULL: none */
};

/* ---- the mail that it is about ---- */

/* An id of ours has 32 hexadecimal digits of lower case. NULL: none is there. */
static const char *
id_at(struct arena *a, struct span s)
{
	size_t len = 0;

	while (len < s.len && hex_digit_value(s.ptr[len]) >= 0)
		len++;
	return len == MAIL_MESSAGE_ID_LEN
		   ? arena_text(a, (struct span){s.ptr, MAIL_MESSAGE_ID_LEN})
		   : NULL;
}

/* The ID of "bounces+ID@example.com", wherever that stands in the text. */
static const char *
id_of_address(struct arena *a, struct span text, const char *bounce_address)
{
	const char *at = bounce_address == NULL ? NULL : strchr(bounce_address, '@');
	size_t local = at == NULL ? 0 : (size_t)(at - bounce_address);

	for (size_t i = 0; at != NULL && i + local < text.len; i++) {
		struct span here = {text.ptr + i, local};
		struct span rest = {text.ptr + i + local + 1, text.len - i - local - 1};
		const char *id;

		if (text.ptr[i + local] != '+' ||
		    !span_equal_nocase(
			here, arena_text(a, (struct span){bounce_address, local})))
			continue;
		id = id_at(a, rest);
		if (id != NULL)
			return id;
	}
	return NULL;
}

static const char *
id_of_recipient(struct carrier_receipts *r, const struct bounce *b)
{
	static const char *const fields[FIELDS_MAX] = {
	    "Delivered-To", "X-Original-To", "Envelope-To", "To"};
	const struct carrier_smtp_options *o = r->config->options;
	const char *id = NULL;

	for (size_t i = 0; id == NULL && i < FIELDS_MAX; i++)
		id = id_of_address(r->arena,
		    mail_part_field(r->arena, &b->mail, fields[i]), o->bounce_address);
	return id;
}

/* The ID of "<ID@example.com>". */
static const char *
id_of_returned(struct carrier_receipts *r, const struct bounce *b)
{
	struct mail_part head;
	struct span id;

	if (b->returned == NULL)
		return NULL;
	head = mail_part_of(mail_part_decoded(r->arena, b->returned));
	id = mail_part_field(r->arena, &head, "Message-ID");
	if (id.len == 0 || id.ptr[0] != '<')
		return NULL;
	return id_at(r->arena, (struct span){id.ptr + 1, id.len - 1});
}

/* ---- the report ---- */

static const struct mail_part *
find_part(struct arena *a, const struct bounce *b, const char *const types[])
{
	for (size_t i = 0; i < b->count; i++)
		for (size_t k = 0; types[k] != NULL; k++)
			if (mail_part_is(a, &b->parts[i], types[k]))
				return &b->parts[i];
	return NULL;
}

static void
take_apart(struct arena *a, struct span text, struct bounce *b)
{
	static const char *const status[] = {
	    "message/delivery-status", "message/global-delivery-status", NULL};
	static const char *const returned[] = {"message/rfc822", "text/rfc822-headers",
	    "message/global", "message/global-headers", NULL};
	struct span type;

	b->mail = mail_part_of(text);
	type = mail_part_field(a, &b->mail, "Content-Type");
	b->count = mail_part_split(
	    b->mail.body, mail_part_parameter(a, type, "boundary"), b->parts, PARTS_MAX);
	b->status = find_part(a, b, status);
	b->returned = find_part(a, b, returned);
}

/* "smtp; 550-5.1.1 no such user": the words of the server that refused it, where ours has
 * no status of its own to tell (5.0.0). All 0: there are none. */
static struct smtp_status
status_of_diagnostic(struct arena *a, const struct mail_part *group)
{
	struct span value = mail_part_field(a, group, "Diagnostic-Code");
	const char *mark = value.len == 0 ? NULL : memchr(value.ptr, ';', value.len);
	struct smtp_reply reply = {0};
	struct span text;
	bool last;

	if (mark == NULL)
		return (struct smtp_status){0};
	value.len -= (size_t)(mark + 1 - value.ptr);
	value.ptr = mark + 1;
	if (smtp_reply_add(&reply, span_trim(value), &last, &text) != OK ||
	    reply.code < 400)
		return (struct smtp_status){0};
	return smtp_reply_status(&reply, SMTP_ABOUT_RECIPIENT);
}

/* The status of a group of fields; REPORT_NONE: it does not say how it ended (delayed,
 * relayed to who knows where). */
static enum report_status
status_of(struct arena *a, const struct mail_part *group, enum report_error *error_out)
{
	struct span action = mail_part_field(a, group, "Action");
	struct smtp_status status;

	*error_out = REPORT_ERROR_NO_ERROR;
	if (span_equal_nocase(action, "delivered"))
		return REPORT_DELIVERED_TO_HANDSET;
	if (!span_equal_nocase(action, "failed"))
		return REPORT_NONE;
	if (!smtp_reply_status_parse(mail_part_field(a, group, "Status"), &status) ||
	    status.subject == 0)
		status = status_of_diagnostic(a, group);
	return smtp_reply_status_report(&status, error_out);
}

/* Groups are parted by a blank line: the first is of the mail, each other of a recipient
 * (RFC 3464 2.1). A mail of ours has one. */
static enum err
read_groups(struct carrier_receipts *r, const struct bounce *b, const char *id)
{
	struct span rest = mail_part_decoded(r->arena, b->status);
	bool any = false;

	for (size_t i = 0; rest.len > 0 && i < GROUPS_MAX; i++) {
		struct mail_part group = mail_part_of(rest);
		struct carrier_receipt one = {.message_id = id};

		rest = group.body;
		if (mail_part_field(r->arena, &group, "Action").len == 0)
			continue;
		any = true;
		one.status = status_of(r->arena, &group, &one.error);
		if (one.status == REPORT_NONE)
			continue;
		r->items[r->count++] = one;
		break;
	}
	return any ? OK : ERR_SYNTAX;
}

enum err
smtp_bounce_read(const struct carrier_request *request, struct carrier_receipts *out)
{
	struct bounce *b = arena_alloc(out->arena, sizeof(*b));
	const char *id;

	if (request->body.len > SMTP_BOUNCE_LEN_MAX)
		return ERR_SYNTAX;
	take_apart(out->arena, request->body, b);
	if (b->status == NULL)
		return ERR_SYNTAX;
	id = id_of_recipient(out, b);
	if (id == NULL)
		id = id_of_returned(out, b);
	if (id == NULL)
		return ERR_SYNTAX;
	out->items = arena_alloc(out->arena, sizeof(*out->items));
	return read_groups(out, b, id);
}

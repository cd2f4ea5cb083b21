/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/email_template.h"

#include "base/utf8.h"
#include "twofa/render.h"

/* A header line must not be ended by it. */
static bool
has_pin(const char *text)
{
	return text != NULL && strstr(text, RENDER_PLACEHOLDER) != NULL;
}

bool
email_template_is_landing_page(const char *text)
{
	static const char allowed[] = "0123456789_-abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(text);

	return len > 0 && len <= EMAIL_TEMPLATE_LANDING_PAGE_MAX &&
	       strspn(text, allowed) == len;
}

enum err
email_template_check(const struct email_template *t, struct fail *fail)
{
	unsigned before = fail->count;

	if (!utf8_is_line(span_of(t->subject)))
		fail_add(fail, "subject", "must be one line without control characters");
	if (fail_names(fail, "text") || fail_names(fail, "html"))
		; /* what it would say is not known */
	else if (t->text == NULL && t->html == NULL)
		fail_add(fail, "text", "must be given, or html, or both");
	else if (!has_pin(t->text) && !has_pin(t->html))
		fail_add(fail, t->text != NULL ? "text" : "html",
		    "must contain the placeholder " RENDER_PLACEHOLDER);
	if (t->landing_page != NULL && !email_template_is_landing_page(t->landing_page))
		fail_add(fail, "landingPageId",
		    "must be letters, digits, hyphens and underscores");
	return fail->count == before ? OK : ERR_INVALID;
}

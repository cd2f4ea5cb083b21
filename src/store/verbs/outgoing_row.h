/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads an outgoing message from a row, the same for sends, resends and open messages.
 * The columns are those of two macros in sql.def, and stand at the end of a statement.
 */
#ifndef WW_OUTGOING_ROW_H
#define WW_OUTGOING_ROW_H

#include "store/engine.h"
#include "store/outgoing.h"
#include "twofa/template_variant.h"
#include "twofa/ucs2_value.h"

/* The texts of a template in other languages, and its own language, or NULL. */
struct outgoing_row_languages {
	struct template_variants variants;
	const char *own;
};

/*
 * CONTENT_COLUMNS, of a template: the part of the message's channel, the placeholder of
 * the PIN, and the sender where the message has none. False, and the message has no
 * content: the template is for other channels.
 */
bool outgoing_row_content(struct row *r, struct outgoing_message *o,
    struct outgoing_row_languages *out) MUST_CHECK;
/* The text in the language for this message, whose destination is known. */
void outgoing_row_choose(
    struct outgoing_message *o, const struct outgoing_row_languages *languages);
/* OUTGOING_COLUMNS: from the row of the PIN all that is needed beside its id to make the
 * PIN and to send it; then the content. Placeholders that the message has go before
 * those of the row. */
bool outgoing_row_read(struct row *r, struct outgoing_message *o) MUST_CHECK;
/* The placeholder by which the text's rule for GSM 7 bit refuses the message, if there is
 * one among these; its name is in the arena. */
struct ucs2_value outgoing_row_unfit(const struct outgoing_message *o,
    const char *placeholders, struct arena *a) MUST_CHECK;

#endif

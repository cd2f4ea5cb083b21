/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of texts as short messages, asked before anybody is sent one (doc/texts.md).
 */
#ifndef WW_OPS_LINT_H
#define WW_OPS_LINT_H

#include "api/dialect.h"
#include "twofa/template.h"
#include "twofa/text_lint.h"

struct lint_ask {
	bool stored; /* the template of `id`, with all that it has; else one of these */
	struct ident id;
	struct template_change change;
	struct template_extras extras;
	/* The longest values of placeholders. */
	const struct render_value *values;
	size_t count;
};

struct lint_text {
	const char *language; /* NULL: the template's own text, which names none */
	enum err err;         /* ERR_TOO_LARGE: more parts than a message may have */
	struct text_lint longest;
	struct text_lint shortest; /* with nothing in the place of placeholders */
	const char *refused; /* the member by which a PUT of it is refused; NULL: none */
};

struct lint_result {
	const struct lint_text *texts; /* the template's own first, then its variants */
	size_t count;
};

extern const struct operation op_lint;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON of the cost of a text (doc/texts.md). */
#ifndef WW_OWN_LINT_H
#define WW_OWN_LINT_H

#include "api/dialect.h"

extern const struct wire wire_lint;

#endif

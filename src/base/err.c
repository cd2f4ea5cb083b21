/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: what err.def says of each. */
#include "base.h"

static const struct {
	enum err_kind kind;
	const char *text;
} err_rows[ERR_COUNT] = {
#define ERR_ROW(symbol, kind, sentence) [symbol] = {kind, sentence},
#include "err.def"
#undef ERR_ROW
};

const char *
err_text(enum err e)
{
	INVARIANT((unsigned)e < ERR_COUNT);
	return err_rows[e].text;
}

enum err_kind
err_kind(enum err e)
{
	INVARIANT((unsigned)e < ERR_COUNT);
	return err_rows[e].kind;
}

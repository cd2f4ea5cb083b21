/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the configuration: what a row of conf.def says. */
#ifndef WW_CONF_ROW_H
#define WW_CONF_ROW_H

#include "base/base.h"

enum conf_kind {
	CONF_TEXT,
	CONF_INT,
	CONF_BOOL,
	CONF_DURATION,
	CONF_CHOICE, /* the number of the choice */
	CONF_ADDRESS,
	CONF_DIGITS,
	CONF_SECRET_FILE,
	CONF_CARRIERS
};

struct conf_row {
	const char *section;
	const char *name;
	enum conf_kind kind;
	size_t offset;
	const char *initial;
	int64_t min;
	int64_t max;
	const char *choices;
	const char *type; /* of carrier; NULL: all */
	const char *help;
};

extern const struct conf_row conf_rows[];
extern const size_t conf_row_count;

#endif

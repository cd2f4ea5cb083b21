/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An item is the unit of a step: each step of a batch runs for many of them. A job of a
 * caller has one; a verb makes further ones for statements of its own.
 */
#ifndef WW_STORE_ITEM_H
#define WW_STORE_ITEM_H

#include "base/base.h"

/* First member of each verb's own struct, inside its job. */
struct item {
	/* Set: later steps pass the item over. First, because struct job names it too. */
	enum err err;
	bool skip; /* set by a verb: no further step concerns it */
};

#endif

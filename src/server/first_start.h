/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A start on an empty data directory makes the account `default` and one key with every
 * scope, kept in DATA/api-key (0600) for the person who tries it out.
 */
#ifndef WW_FIRST_START_H
#define WW_FIRST_START_H

#include "base/clock.h"

struct store;

/* Before store_start. Says on standard error what went wrong. */
enum err first_start(struct store *s, const char *data_dir, bool *made_out) MUST_CHECK;
/* A command that works when pasted, and the key when it is new; on standard output. */
void first_start_welcome(const char *data_dir, const char *url, bool made);

#endif

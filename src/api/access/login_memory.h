/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins that were right lately: marks (keyed MACs, which nobody can choose) in a table
 * of fixed size, each kept for a time after its last use. Where it is crowded, the one
 * that was not used the longest gives way. Not for several threads at once.
 */
#ifndef WW_LOGIN_MEMORY_H
#define WW_LOGIN_MEMORY_H

#include "base/secret.h"

struct login_memory;

struct login_memory *login_memory_new(int64_t keep_ms) MUST_CHECK;
void login_memory_free(struct login_memory *l);
void login_memory_put(
    struct login_memory *l, const uint8_t mark[SECRET_MAC_LEN], int64_t now_ms);
/* Asking is use. */
bool login_memory_has(
    struct login_memory *l, const uint8_t mark[SECRET_MAC_LEN], int64_t now_ms);

#endif

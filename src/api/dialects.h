/* SPDX-License-Identifier: Apache-2.0 */
/* The dialects of the product, by the prefix of their URLs. */
#ifndef WW_DIALECTS_H
#define WW_DIALECTS_H

#include "api/dialect.h"

extern const struct dialect dialect_v2;
/* v2's words for errors, for dialects that have none of their own. */
void v2_put_error(struct call *c, enum err e);
extern const struct dialect dialect_v1;
extern const struct dialect dialect_auth;
extern const struct dialect dialect_account;
extern const struct dialect dialect_settings_v1;
extern const struct dialect dialect_settings_v2;
extern const struct dialect dialect_extensions_v1;
extern const struct dialect dialect_health;

/* The first words what came before there was a URL; the last one has no prefix, and so
 * gets what is nobody else's. */
extern const struct dialect *const dialects[];
extern const size_t dialects_count;

#endif

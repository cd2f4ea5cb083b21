/* SPDX-License-Identifier: Apache-2.0 */
#include "api/dialects.h"

const struct dialect *const dialects[] = {&dialect_v2, &dialect_v1, &dialect_auth,
    &dialect_account, &dialect_settings_v1, &dialect_settings_v2, &dialect_extensions_v1,
    &dialect_health};
const size_t dialects_count = countof(dialects);

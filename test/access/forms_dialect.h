/* SPDX-License-Identifier: Apache-2.0 */
/* A dialect of the tests alone; see forms_dialect.c. */
#ifndef WW_TEST_FORMS_DIALECT_H
#define WW_TEST_FORMS_DIALECT_H

#include "api/dialect.h"

extern const struct dialect dialect_forms;

#endif

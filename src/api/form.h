/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of application/x-www-form-urlencoded, as in bodies of forms and in queries: the
 * same members as in JSON, those that are no objects.
 */
#ifndef WW_FORM_H
#define WW_FORM_H

#include "base/arena.h"
#include "base/fail.h"
#include "base/json.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

/* An object of texts. ERR_SYNTAX, with the reason, for what is not UTF-8, holds U+0000,
 * or gives a member twice. */
enum err form_parse(
    struct arena *a, struct fail *f, struct span body, json_t **out) MUST_CHECK;
/* The first member of that name, decoded; NULL when absent. */
const char *form_value(struct arena *a, struct span form, const char *name);

#endif

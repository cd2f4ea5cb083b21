/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The languages of templates (contract 2.3), as callers and devices write them, and those
 * of countries.
 */
#ifndef WW_LANGUAGE_H
#define WW_LANGUAGE_H

#include "base/base.h"

enum { LANGUAGE_COUNT = 22 };

/* The language of that name: "pt_br", lower case and with an underscore; "pt-BR" is the
 * same. NULL: it is not one of contract 2.3. */
const char *language_find(const char *name);
/* The nearest one to a locale (RFC 5646): "de-CH" is "de", "nb" is "no", "zh-Hant-HK" is
 * "zh_tw". NULL: there is none. */
const char *language_of_locale(const char *locale);
/* The languages of a country (ISO 3166-1 alpha-2), with spaces between, the one that most
 * understand first; NULL: none of contract 2.3 is. */
const char *language_of_country(const char *code);

#endif

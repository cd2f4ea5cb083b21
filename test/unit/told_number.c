/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers by the tables: reads one of E.164 digits a line and writes its type and its
 * country ("-": none), for a test that has another source to ask.
 */
#include <stdio.h>
#include <string.h>

#include "twofa/country.h"
#include "twofa/numbering.h"

int
main(void)
{
	char line[64];

	while (fgets(line, sizeof line, stdin) != NULL) {
		const struct country *country;

		line[strcspn(line, "\n")] = '\0';
		country = country_of(line);
		printf("%s %s\n", numbering_type_name(numbering_type(line)),
		    country == NULL || country->code[0] == '\0' ? "-" : country->code);
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The options of whatever type of carrier a test is about. */
#ifndef WW_TEST_ANY_OPTIONS_H
#define WW_TEST_ANY_OPTIONS_H

#include "carrier/options.h"

union any_options {
	struct carrier_file_options file;
	struct carrier_smpp_options smpp;
	struct carrier_smtp_options smtp;
	struct carrier_sip_options sip;
	struct carrier_http_options http; /* of all over HTTP */
	struct carrier_infobip_options infobip;
	struct carrier_twilio_options twilio;
	struct carrier_vonage_options vonage;
	struct carrier_generic_options generic;
};

/* The words that conf.def gives where a file gives none. */
static inline void
any_options_words(union any_options *o, const char *type)
{
	if (strcmp(type, "infobip") == 0)
		o->infobip.version = "3";
	else if (strcmp(type, "vonage") == 0)
		o->vonage.signature_method = "sha256";
	if (strcmp(type, "generic") != 0)
		return;
	o->generic.method = "POST";
	o->generic.auth = "none";
	o->generic.body_format = "json";
}

#endif

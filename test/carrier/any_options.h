/* SPDX-License-Identifier: Apache-2.0 */
/* The options of whatever type of carrier a test is about. */
#ifndef WW_TEST_ANY_OPTIONS_H
#define WW_TEST_ANY_OPTIONS_H

#include "carrier/options.h"

union any_options {
	struct carrier_file_options file;
	struct carrier_smpp_options smpp;
	struct carrier_http_options http; /* of all over HTTP */
	struct carrier_infobip_options infobip;
	struct carrier_twilio_options twilio;
	struct carrier_vonage_options vonage;
	struct carrier_generic_options generic;
};

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the room: the types of carriers that there are. A new one is a row in carrier.c.
 */
#ifndef WW_CARRIER_TYPES_H
#define WW_CARRIER_TYPES_H

#include "carrier/carrier.h"

extern const struct carrier_ops carrier_file_ops;
extern const struct carrier_ops carrier_smpp_ops;
extern const struct carrier_ops carrier_infobip_ops;
extern const struct carrier_ops carrier_twilio_ops;
extern const struct carrier_ops carrier_vonage_ops;
extern const struct carrier_ops carrier_generic_ops;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a short message from that of its template: placeholders filled, characters
 * replaced, the lines for autofill behind it. Delivery and lint make it here.
 */
#ifndef WW_SMS_COMPOSE_H
#define WW_SMS_COMPOSE_H

#include "twofa/render.h"
#include "twofa/sms_autofill.h"
#include "twofa/sms_equal.h"

struct sms_compose {
	struct span text;
	enum gsm7_rule gsm7;
	struct sms_autofill autofill;
	enum sms_alphabet alphabet; /* of the carrier; what is not in it goes as UCS-2 */
};

struct sms_composed {
	bool replaced; /* characters were */
	struct sms_autofill_added autofill;
};

/* Appends to `out`, which is the caller's to wipe: it then holds the PIN. */
struct sms_composed sms_compose_add(
    struct buf *out, const struct sms_compose *from, const struct render_fill *fill);

#endif

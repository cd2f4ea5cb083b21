/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of an outgoing message with its PIN, made as late as can be. */
#ifndef WW_OUTGOING_TEXT_H
#define WW_OUTGOING_TEXT_H

#include "base/buf.h"
#include "store/keyring.h"
#include "store/outgoing.h"

/* The texts are appended to `octets`, which is the caller's to wipe and is bounded for
 * the channel. ERR_NO_KEY, ERR_TOO_LARGE; ERR_CORRUPT: the row is not what a send wrote.
 */
enum err outgoing_text_make(struct outgoing_message *o, struct keyring *keyring,
    struct buf *octets, struct content *out) MUST_CHECK;

#endif

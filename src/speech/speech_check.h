/* SPDX-License-Identifier: Apache-2.0 */
/* The part of a configuration's check that is about speech. */
#ifndef WW_SPEECH_CHECK_H
#define WW_SPEECH_CHECK_H

#include "base/base.h"
#include "speech/options.h"

/* The name of the option that is wrong, with a sentence in `why`; NULL: none is. */
const char *speech_check(const struct speech_options *o, char why[256]);

/* Told of an option that is allowed and probably not meant as it is; borrowed. */
typedef void speech_check_warn_f(void *ctx, const char *field, const char *what);

/* Recordings that are no good or missing; espeak-ng where that is missing. */
void speech_check_warn(
    const struct speech_options *o, speech_check_warn_f *say, void *ctx);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operator's own recordings: LANGUAGE/NAME.wav in a folder, read once. "7.wav" and
 * "k.wav" are symbols of PINs; any other name is a sentence, whose words stand in
 * NAME.txt beside it.
 */
#ifndef WW_PROMPTS_H
#define WW_PROMPTS_H

#include "speech/sound_table.h"
#include "twofa/spoken.h"

enum { PROMPTS_MAX = 4096, PROMPTS_MIB_MAX = 128 };

struct prompts;

/* Told of each thing that is wrong with the recordings or missing among them. */
typedef void prompts_warn_f(void *ctx, const char *what);

/* ERR_IO: the folder cannot be read; ERR_TOO_LARGE: there are more than we hold. `why`
 * says it. A recording that is no good is as if it were not there; `warn` may be NULL. */
enum err prompts_open(const char *folder, prompts_warn_f *warn, void *ctx, char why[256],
    struct prompts **out) MUST_CHECK;
/* NULL is allowed. */
void prompts_close(struct prompts *p);
/* To be dropped; NULL: it was not recorded. From any thread; `p` may be NULL. */
struct sound *prompts_find(const struct prompts *p, const char *language,
    const struct spoken_phrase *phrase) MUST_CHECK;

#endif

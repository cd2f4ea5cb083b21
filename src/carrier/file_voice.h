/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Voice messages of the carrier for trying out, as WAV files: what a person would hear,
 * the PIN with it, for whoever tries it to listen to.
 */
#ifndef WW_FILE_VOICE_H
#define WW_FILE_VOICE_H

#include "carrier/carrier.h"

struct file_voice;

/* The message is spoken, and its file is written: its name in the folder; "" when the
 * outcome says why there is none. The message is a copy, borrowed. */
typedef void file_voice_saved_f(void *ctx, const struct carrier_message *m,
    const char *name, struct carrier_outcome *outcome);

/* `folder` is there. `saved` is called on the loop's thread, and never inside save. */
struct file_voice *file_voice_new(const struct carrier_env *env, const char *folder,
    file_voice_saved_f *saved, void *ctx) MUST_CHECK;
/* The outcome that `saved` left is told to `done`. */
void file_voice_save(struct file_voice *v, const struct carrier_message *m,
    carrier_done_f *done, void *ctx);
bool file_voice_has_room(const struct file_voice *v);
/* Outstanding messages are answered with CARRIER_UNKNOWN. NULL is allowed. */
void file_voice_free(struct file_voice *v);

#endif

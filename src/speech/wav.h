/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WAV (RIFF; Microsoft's "Multimedia Programming Interface and Data Specifications 1.0",
 * "New Multimedia Data Types and Data Techniques"): as people record it, and as a program
 * writes it into a pipe.
 */
#ifndef WW_WAV_H
#define WW_WAV_H

#include "base/buf.h"
#include "speech/pcm.h"

enum {
	WAV_HZ_MIN = 4000,
	WAV_HZ_MAX = 192000,
	WAV_CHANNELS_MAX = 8,
	WAV_SECONDS_MAX = 60,
	WAV_LEN_MAX = 32 * 1024 * 1024 /* octets of a file that is read */
};

/*
 * Integer samples of 8 or 16 bits, mu-law and A-law (ITU-T G.711); several channels
 * become their mean. ERR_INVALID: it is none of these; ERR_CORRUPT: it is cut short or
 * contradicts itself; ERR_TOO_LARGE: it is longer than WAV_SECONDS_MAX. `why` is then a
 * sentence.
 */
enum err wav_read(struct span octets, struct pcm *out, const char **why) MUST_CHECK;
/* One channel of 16 bits, 8000 samples a second. */
void wav_write(struct buf *out, const int16_t *samples, size_t count);

#endif

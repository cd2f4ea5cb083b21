/* SPDX-License-Identifier: Apache-2.0 */
/*
 * espeak-ng (GPL-3) as a program of its own: one child a phrase. The text goes in by
 * standard input and is on no command line. The child has no network (seccomp(2) refuses
 * it every socket), no file to write, no descriptor of ours, and bounds on memory, time
 * and output; it ends with the thread that began it.
 */
#ifndef WW_ESPEAK_H
#define WW_ESPEAK_H

#include "base/buf.h"

enum { ESPEAK_OUTPUT_MAX = 4 * 1024 * 1024, ESPEAK_PATH_MAX = 4096 };

struct espeak_task {
	const char *command; /* a path, or a name that PATH has */
	const char *voice;   /* "pt-br", "en+f3" */
	unsigned words_a_minute;
	bool spelled; /* the text is one letter or digit, said by its name */
	struct span text;
	int64_t timeout_ms;
	int stop_fd; /* readable: look whether to stop; -1: never */
	bool (*stopped)(void *ctx);
	void *ctx;
};

/* The path of the program, as it is found now; false: there is none. */
bool espeak_find(const char *command, char path[ESPEAK_PATH_MAX]) MUST_CHECK;
/*
 * A WAV file into `out`, which is bounded by ESPEAK_OUTPUT_MAX. ERR_INVALID: it refused,
 * most likely the voice; ERR_DOWN: it is not there, failed, or took too long;
 * ERR_TOO_LARGE: it says more than `out` holds; ERR_CONFLICT: stopped. `why` is then a
 * sentence.
 */
enum err espeak_run(
    const struct espeak_task *t, struct buf *out, const char **why) MUST_CHECK;

#endif

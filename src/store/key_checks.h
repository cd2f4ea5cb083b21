/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's knowledge of a keyring, so that the loss of that file is seen: the number
 * of the newest key that was used stands in the table meta, written with what uses it. No
 * key is there, only numbers.
 */
#ifndef WW_KEY_CHECKS_H
#define WW_KEY_CHECKS_H

#include "store/keyring.h"

struct engine;

struct key_check {
	struct keyring *keyring;
	int64_t written_id; /* what stands in meta; 0: nothing */
	int64_t newest_id;  /* what stands there once the batch is committed */
};

struct key_checks {
	struct key_check of[2]; /* of PINs, of idempotency records */
};

/*
 * At a start: reads the marks, and keeps new keys from numbers that were given once.
 * Where the newest key is not in its file, the event key_missing names each key that rows
 * need which live, and how many those are.
 */
enum err key_checks_start(struct key_checks *c, struct keyring *pins,
    struct keyring *records, struct engine *e, int64_t now_ms) MUST_CHECK;
/* In a batch: the marks, where there is a newer key. Nothing without keyrings. */
enum err key_checks_write(struct key_checks *c, struct engine *e) MUST_CHECK;
/* The batch was committed. */
void key_checks_committed(struct key_checks *c);

#endif

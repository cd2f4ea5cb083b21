/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list is answered whole, as the contract has no pages of it, and made in pieces: the
 * store reads some rows of it with one batch, the loop writes them as JSON, and between
 * two pieces everybody else has a turn. The memory that a piece was read into goes with
 * it, so that only the JSON gathers, and that has its room (answers.h) before it is made.
 * A list is no picture of one moment: a row that is made or removed meanwhile may be in
 * it or not; each other row is in it once, as it was when its piece was read.
 */
#ifndef WW_LISTING_H
#define WW_LISTING_H

#include "api/call.h"
#include "store/job.h"

/* Before the first piece is read. ERR_THROTTLED, ERR_OVERLOADED: there is no room for one
 * more answer. */
enum err listing_start(struct call *c) MUST_CHECK;
/* For the wire, once a piece: where its rows go. The list is opened with the first,
 * inside of an object when it has a name. */
struct json_out *listing_rows(struct call *c, const char *name);
/* After the rows of a piece: ends the list when it was the last one. */
void listing_go_on(struct call *c);

/* For the answering thread: the room for the octets that were written. ERR_THROTTLED and
 * ERR_OVERLOADED are for a GET alone. */
enum err listing_room(struct call *c) MUST_CHECK;

#endif

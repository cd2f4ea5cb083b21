/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mails that others wrote, as far as a bounce needs them read (RFC 5322, 2045, 2046):
 * fields by their names, and the parts of a multipart. Everything is a span of what came
 * in. Lines may end with LF alone, as a pipe from a mail server has them. Nothing is
 * decoded but a transfer encoding, and nothing is refused: a field that is not there is
 * empty.
 */
#ifndef WW_MAIL_PART_H
#define WW_MAIL_PART_H

#include "base/arena.h"

struct mail_part {
	struct span head; /* fields; without the blank line behind them */
	struct span body;
};

/* Takes the text apart at its first blank line. */
struct mail_part mail_part_of(struct span text);
/* The value of the first field of that name, of any case, unfolded and trimmed. */
struct span mail_part_field(
    struct arena *a, const struct mail_part *p, const char *name) MUST_CHECK;
/* Is its media type that one, "text/rfc822-headers"? */
bool mail_part_is(struct arena *a, const struct mail_part *p, const char *type);
/* The value of a parameter of a field's value, without its quotes. */
struct span mail_part_parameter(
    struct arena *a, struct span value, const char *name) MUST_CHECK;
/* The parts between the boundary; how many there are, `max` at most. */
size_t mail_part_split(
    struct span body, struct span boundary, struct mail_part *out, size_t max) MUST_CHECK;
/* The body without quoted-printable or Base64. */
struct span mail_part_decoded(struct arena *a, const struct mail_part *p) MUST_CHECK;

#endif

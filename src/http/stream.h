/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The octets of one accepted connection, plain or over TLS, behind the same few
 * functions, so that a connection has one state machine. Nothing here waits: what
 * cannot be done now says what it waits for.
 */
#ifndef WW_STREAM_H
#define WW_STREAM_H

#include <sys/types.h>

#include "base/base.h"

struct ssl_st;
struct tls;
struct stream;

/* In the place of a count. */
enum {
	STREAM_END = 0, /* reading: the other side sends no more */
	STREAM_WANT_READ = -1,
	STREAM_WANT_WRITE = -2,
	STREAM_FAILED = -3,
	STREAM_NOT_TLS = -4 /* reading: plain HTTP came to a port of TLS */
};

struct stream_ops {
	/* Octets read or written, or one of the above. The first read of TLS is the
	 * handshake as well. */
	ssize_t (*read)(struct stream *s, void *to, size_t size);
	ssize_t (*write)(struct stream *s, const void *from, size_t len);
	/* Says that nothing more comes from here; false when that cannot be said. */
	bool (*shut)(struct stream *s);
};

struct stream {
	const struct stream_ops *ops;
	int fd;
	struct ssl_st *ssl; /* NULL: plain */
	bool broken;        /* TLS failed: not even a farewell is allowed */
	unsigned quiet; /* records of TLS that brought nothing since the last answer */
};

/*
 * Takes the descriptor over; tls NULL: plain. `s` stays where it is until
 * stream_fini().
 */
void stream_init(struct stream *s, int fd, struct tls *tls);
/* From here on without TLS, to tell somebody who did not speak it. */
void stream_make_plain(struct stream *s);
/* Input is thrown away: octets, 0 at the end, -1: nothing now. */
ssize_t stream_drain(struct stream *s, void *scratch, size_t size);
/* A farewell where TLS wants one, as far as it goes at once; closes. */
void stream_fini(struct stream *s);

#endif

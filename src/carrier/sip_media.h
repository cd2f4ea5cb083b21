/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sound of a call: its SDP (RFC 3264, 4566), its RTP (RFC 3550, 3551: PCMU and PCMA,
 * 20 ms a packet), SRTP keyed by SDP (RFC 4568) and the keys that the person presses,
 * as events (RFC 4733) or as tones. It says samples once, or again when asked; whose
 * they are and what a key means, its user knows.
 *
 * All calls of a carrier are paced by one timer of the machine's steady clock.
 */
#ifndef WW_SIP_MEDIA_H
#define WW_SIP_MEDIA_H

#include <sys/queue.h>

#include "carrier/sip_re.h"

enum { SIP_MEDIA_HZ = 8000, SIP_MEDIA_FRAME = 160, SIP_MEDIA_FRAME_MS = 20 };

/* As in conf.def. */
enum sip_media_codec { SIP_MEDIA_PCMU, SIP_MEDIA_PCMA, SIP_MEDIA_CODECS };
enum sip_media_srtp { SIP_MEDIA_CLEAR, SIP_MEDIA_SRTP_OFFERED, SIP_MEDIA_SRTP_ALONE };

struct sip_media;

/* The things that all calls of a carrier share. */
struct sip_media_line {
	enum sip_media_codec codec; /* the first that is offered */
	enum sip_media_srtp srtp;
	uint16_t port_min;
	uint16_t port_max;
	const char *public_address; /* told in place of our own; NULL: none */
	TAILQ_HEAD(, sip_media) talking;
	int timer_fd;
};

/* From both the media may be freed. */
struct sip_media_user {
	void (*said)(void *ctx); /* all samples are out */
	void (*key)(void *ctx, char key);
	void *ctx;
};

void sip_media_line_init(struct sip_media_line *line);
void sip_media_line_fini(struct sip_media_line *line);

/* NULL: no port is free. `local` has no port. */
struct sip_media *sip_media_new(struct sip_media_line *line, const struct sa *local,
    const struct sip_media_user *user) MUST_CHECK;
void sip_media_free(struct sip_media *m); /* NULL is allowed */

/* Our offer as it stands; the caller's. */
struct mbuf *sip_media_offer(struct sip_media *m) MUST_CHECK;
/* Their answer to it: false when no sound can follow from that. */
bool sip_media_take_answer(struct sip_media *m, struct mbuf *answer) MUST_CHECK;
/* Our answer to their offer; NULL: it cannot be taken. */
struct mbuf *sip_media_take_offer(struct sip_media *m, struct mbuf *offer) MUST_CHECK;

/* Says them, after a breath; they are borrowed until the next call or the end. Silence
 * goes out before and after. */
void sip_media_say(struct sip_media *m, const int16_t *samples, size_t count);
/* The most samples that went out of any saying since the call of sip_media_start_over. */
size_t sip_media_furthest(const struct sip_media *m);

#endif

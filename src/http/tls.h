/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's side of TLS 1.2 and 1.3 (RFC 8446, RFC 5246; ciphers of Mozilla's
 * intermediate list, without those of finite-field Diffie-Hellman): what a listener
 * shows, and new versions of it while it runs. A pair of files that is no good is never
 * taken: at start that is a fault, later it is logged and the old pair stays.
 *
 * Expired is no good. Not yet valid is taken with a warning: the clock of a machine
 * that just started may be behind, and the fault would heal by itself.
 */
#ifndef WW_TLS_H
#define WW_TLS_H

#include "base/base.h"

struct tls;
struct ssl_st;

enum { TLS_WHY_MAX = 320, TLS_LOOK_S = 2 };

struct tls_files {
	const char *certificate; /* PEM: the certificate, then its chain */
	const char *key;         /* PEM, without a passphrase */
};

struct tls_fault {
	const char *field; /* "certificate" or "key" */
	char why[TLS_WHY_MAX];
};

/* Only whether the pair is good. */
enum err tls_check(
    const struct tls_files *files, int64_t now_ms, struct tls_fault *fault) MUST_CHECK;
/* ERR_INVALID with the fault; what is only doubtful is logged. The files' names are
 * borrowed as long as it lives. */
enum err tls_new(const struct tls_files *files, int64_t now_ms, struct tls_fault *fault,
    struct tls **out) MUST_CHECK;
void tls_free(struct tls *t);
/* For one connection, over a descriptor that stays the caller's; any thread. */
struct ssl_st *tls_accept(struct tls *t, int fd);
/*
 * Takes the files anew when they have changed and rested for one look, when `now` is
 * set, and once a day, which also changes the keys of session tickets. One thread.
 */
void tls_look(struct tls *t, int64_t now_ms, bool now);

#endif

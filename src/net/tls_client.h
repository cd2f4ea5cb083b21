/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS towards a server whose name we know: what it shows must be signed by somebody
 * we trust and must be of that name. 1.2 and later. For connections that are no HTTP;
 * those are libcurl's.
 */
#ifndef WW_TLS_CLIENT_H
#define WW_TLS_CLIENT_H

#include "base/base.h"

struct event_base;
struct bufferevent;
struct tls_client;

/* `ca_file`: PEM, NULL for what the system trusts. ERR_IO with a sentence in why. */
enum err tls_client_new(
    const char *ca_file, char why[256], struct tls_client **out) MUST_CHECK;
/* Our certificate, for a server that asks for one: PEM files of a certificate with its
 * chain and of its key, which has no passphrase. ERR_IO with a sentence in why. */
enum err tls_client_show(struct tls_client *t, const char *certificate, const char *key,
    char why[256]) MUST_CHECK;
void tls_client_free(struct tls_client *t); /* NULL is allowed */
/* The handshake begins, on a connection that `options` may say is the link's own; `name`
 * is a host name or an address as text. */
struct bufferevent *tls_client_link(struct tls_client *t, struct event_base *base, int fd,
    const char *name, int options) MUST_CHECK;
/* Why the link failed, after BEV_EVENT_ERROR; NULL when it was not TLS. */
const char *tls_client_fault(struct bufferevent *link);
/* Past the buffers, without waiting, best effort: the link is about to be closed. */
void tls_client_put_now(struct bufferevent *link, struct span octets);

#endif

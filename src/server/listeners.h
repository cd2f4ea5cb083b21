/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server's listeners, out of the configuration: `listen`, or the list `listeners`,
 * with the certificates of those that speak TLS.
 */
#ifndef WW_LISTENERS_H
#define WW_LISTENERS_H

#include "conf/conf.h"
#include "http/http.h"

struct listeners {
	size_t count;
	struct http_listener items[HTTP_LISTENERS_MAX];
};

/* Says what is wrong on standard error; what was made is in `out` all the same, for
 * listeners_fini. */
enum err listeners_init(
    const struct conf *conf, int64_t now_ms, struct listeners *out) MUST_CHECK;
/* After the threads that accept have ended. */
void listeners_fini(struct listeners *l);
bool listeners_have_tls(const struct listeners *l);
/* New certificates, see tls_look; every TLS_LOOK_S, and with `now` on SIGHUP. */
void listeners_look(struct listeners *l, int64_t now_ms, bool now);

#endif

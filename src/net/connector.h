/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TCP connection to a name: all of its addresses are tried, of both families in turn,
 * and the first that takes the connection has it (RFC 8305). An address that is silent
 * holds up the next one by 250 ms alone (section 5). Names are asked anew each time, so
 * that a name which moves is followed. The protocol on the connection is not known here,
 * nor is TLS.
 */
#ifndef WW_CONNECTOR_H
#define WW_CONNECTOR_H

#include "base/base.h"

struct event_base;
struct connector;

struct connector_target {
	const char *host; /* a name, or an address; copied */
	int64_t port;
	int64_t timeout_ms; /* for names and addresses together */
	unsigned first;     /* with which address to begin, modulo how many there are: for
			       who connected and then found nobody to talk to */
	const char *servers; /* as resolver_options; NULL: the machine's; copied */
};

/*
 * `fd` is connected, does not block and belongs to the callee; or it is -1, and `why`
 * says of each address what became of it. Once, later on the loop; the connector may be
 * freed from here.
 */
typedef void connector_done_f(void *ctx, int fd, const char *why);

struct connector *connector_new(struct event_base *base,
    const struct connector_target *target, connector_done_f *done, void *ctx) MUST_CHECK;
/* Before `done` was called: it will not be. NULL is allowed. */
void connector_free(struct connector *c);

#endif

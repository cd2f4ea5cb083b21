/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The caller's address when a proxy stands in front. Only what a listed proxy says is
 * believed, and of it only what it added: the right-most address that is no listed proxy.
 * Anybody can write the rest.
 */
#ifndef WW_FORWARDED_H
#define WW_FORWARDED_H

#include "base/address.h"
#include "base/header.h"

enum forwarded_header { FORWARDED_X_FORWARDED_FOR, FORWARDED_FORWARDED };

struct forwarded_rules {
	const struct address_net *proxies;
	size_t count;
	/* The one that the proxies write; the other one is passed on from the client and
	 * is never read. */
	enum forwarded_header header;
};

/*
 * The client of a request that came from `peer`: `peer` itself unless that is a listed
 * proxy. At an entry that is no address (RFC 7239 6: unknown, _hidden) the search ends
 * with the one before it.
 */
struct address forwarded_client(const struct forwarded_rules *rules,
    const struct header *headers, size_t count, const struct address *peer);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IP addresses and ranges of them, as values. An IPv4 address stands mapped into
 * IPv6 (RFC 4291 2.5.5.2), so that there is one kind to compare. No names, no ports,
 * no zones, and nothing is asked of the network.
 */
#ifndef WW_ADDRESS_H
#define WW_ADDRESS_H

#include "base.h"

enum { ADDRESS_LEN = 16, ADDRESS_TEXT_LEN = 46 /* with its end */ };

struct address {
	uint8_t bytes[ADDRESS_LEN];
};

struct address_net {
	struct address address; /* the bits after the prefix are zero */
	unsigned bits;          /* of 128; an IPv4 range of n bits has 96 + n */
};

struct sockaddr;

/* "192.0.2.1", "::1", "::ffff:192.0.2.1"; false for anything else. */
bool address_parse(struct span text, struct address *out);
/* "192.0.2.1" for a mapped one; the shortest form of RFC 5952 otherwise. */
const char *address_text(const struct address *a, char out[ADDRESS_TEXT_LEN]);
/* ::, for another family than IPv4 and IPv6. */
struct address address_of_sockaddr(const struct sockaddr *from);
/* Whether it is an IPv4 address; its octets are then the last four. */
bool address_is_four(const struct address *a);
bool address_equal(const struct address *a, const struct address *b);
/*
 * Loopback, private, shared, link-local with the metadata services on it, unique local,
 * unspecified, multicast, reserved; also inside the IPv6 forms that carry an IPv4
 * address. A request on behalf of others must not reach these.
 */
bool address_is_private(const struct address *a);

/* "10.0.0.0/8", "2001:db8::/32", or one address; bits after the prefix are dropped. */
bool address_net_parse(struct span text, struct address_net *out);
bool address_net_contains(const struct address_net *net, const struct address *a);

#endif

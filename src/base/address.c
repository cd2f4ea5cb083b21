/* SPDX-License-Identifier: Apache-2.0 */
#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { MAPPED_BITS = 96, MAPPED_LEN = 12 };

static const uint8_t mapped[MAPPED_LEN] = {[10] = 0xff, [11] = 0xff};

bool
address_parse(struct span text, struct address *out)
{
	char copy[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(copy) ||
	    memchr(text.ptr, '\0', text.len) != NULL)
		return false;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	memcpy(out->bytes, mapped, MAPPED_LEN);
	return inet_pton(AF_INET, copy, out->bytes + MAPPED_LEN) == 1 ||
	       inet_pton(AF_INET6, copy, out->bytes) == 1;
}

bool
address_is_four(const struct address *a)
{
	return memcmp(a->bytes, mapped, MAPPED_LEN) == 0;
}

const char *
address_text(const struct address *a, char out[ADDRESS_TEXT_LEN])
{
	bool four = address_is_four(a);
	const uint8_t *from = four ? a->bytes + MAPPED_LEN : a->bytes;

	INVARIANT(
	    inet_ntop(four ? AF_INET : AF_INET6, from, out, ADDRESS_TEXT_LEN) != NULL);
	return out;
}

struct address
address_of_sockaddr(const struct sockaddr *from)
{
	struct address a = {{0}};

	if (from->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const void *)from;

		memcpy(a.bytes, mapped, MAPPED_LEN);
		memcpy(a.bytes + MAPPED_LEN, &four->sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)from;

		memcpy(a.bytes, &six->sin6_addr, ADDRESS_LEN);
	}
	return a;
}

bool
address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, ADDRESS_LEN) == 0;
}

/* ---- ranges ---- */

/* The bits of byte i that belong to a prefix of so many. */
static uint8_t
prefix_mask(unsigned bits, unsigned i)
{
	static const uint8_t masks[] = {0, 0x80, 0xc0, 0xe0, 0xf0, 0xf8, 0xfc, 0xfe};

	if (bits >= (i + 1) * 8)
		return 0xff;
	return bits <= i * 8 ? 0 : masks[bits - i * 8];
}

static bool
parse_bits(struct span text, unsigned most, unsigned *out)
{
	unsigned value = 0;

	if (text.len == 0 || text.len > 3)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] < '0' || text.ptr[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text.ptr[i] - '0');
	}
	*out = value;
	return value <= most;
}

bool
address_net_parse(struct span text, struct address_net *out)
{
	const char *slash = text.len == 0 ? NULL : memchr(text.ptr, '/', text.len);
	struct span host = text;
	unsigned before; /* bits that the form implies */
	unsigned most;

	if (slash != NULL)
		host.len = (size_t)(slash - text.ptr);
	if (!address_parse(host, &out->address))
		return false;
	before = memchr(host.ptr, ':', host.len) == NULL ? MAPPED_BITS : 0;
	most = ADDRESS_LEN * 8 - before;
	out->bits = most;
	if (slash != NULL &&
	    !parse_bits(
		(struct span){slash + 1, text.len - host.len - 1}, most, &out->bits))
		return false;
	out->bits += before;
	for (unsigned i = 0; i < ADDRESS_LEN; i++)
		out->address.bytes[i] &= prefix_mask(out->bits, i);
	return true;
}

bool
address_net_contains(const struct address_net *net, const struct address *a)
{
	for (unsigned i = 0; i < ADDRESS_LEN; i++)
		if (((a->bytes[i] ^ net->address.bytes[i]) & prefix_mask(net->bits, i)) !=
		    0)
			return false;
	return true;
}

/* ---- private ---- */

/* IANA's registries of special-purpose addresses (RFC 6890), without the ranges for
 * documentation, which nothing answers at. */
static const struct address_net private_six[] = {
    {{{0}}, 127},                                             /* unspecified, loopback */
    {{{[1] = 0x64, [2] = 0xff, [3] = 0x9b, [5] = 0x01}}, 48}, /* NAT64 of one's own */
    {{{0xfc}}, 7},
    {{{0xfe, 0x80}}, 10},
    {{{0xfe, 0xc0}}, 10},
    {{{0xff}}, 8},
};

static const struct {
	uint8_t bytes[4];
	unsigned bits;
} private_four[] = {
    {{0}, 8}, {{10}, 8}, {{100, 64}, 10}, {{127}, 8}, {{169, 254}, 16}, {{172, 16}, 12},
    {{192, 0, 0}, 24}, {{192, 168}, 16}, {{198, 18}, 15},
    {{224}, 3}, /* multicast and all above it */
};

/* Where the IPv4 address stands in the forms that carry one. */
static const struct {
	struct address_net net;
	unsigned at;
} carriers[] = {
    {{{{[10] = 0xff, [11] = 0xff}}, MAPPED_BITS}, 12},
    {{{{[1] = 0x64, [2] = 0xff, [3] = 0x9b}}, MAPPED_BITS}, 12}, /* NAT64, RFC 6052 */
    {{{{0}}, MAPPED_BITS}, 12},                                  /* "compatible" */
    {{{{0x20, 0x02}}, 16}, 2},                                   /* 6to4, RFC 3056 */
};

static bool
is_private_four(const uint8_t *bytes)
{
	for (size_t i = 0; i < countof(private_four); i++) {
		bool same = true;

		for (unsigned k = 0; k < 4; k++)
			same = same && ((bytes[k] ^ private_four[i].bytes[k]) &
					   prefix_mask(private_four[i].bits, k)) == 0;
		if (same)
			return true;
	}
	return false;
}

bool
address_is_private(const struct address *a)
{
	for (size_t i = 0; i < countof(private_six); i++)
		if (address_net_contains(&private_six[i], a))
			return true;
	for (size_t i = 0; i < countof(carriers); i++)
		if (address_net_contains(&carriers[i].net, a))
			return is_private_four(a->bytes + carriers[i].at);
	return false;
}

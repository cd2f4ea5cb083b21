/* SPDX-License-Identifier: Apache-2.0 */
#include "http/forwarded.h"

static bool
is_proxy(const struct forwarded_rules *rules, const struct address *a)
{
	for (size_t i = 0; i < rules->count; i++)
		if (address_net_contains(&rules->proxies[i], a))
			return true;
	return false;
}

/* Takes off what follows the last separator that stands outside of quotes. */
static struct span
last_part(struct span *s, char separator)
{
	size_t from = s->len;
	bool quoted = false;
	struct span part;

	for (; from > 0; from--) {
		char c = s->ptr[from - 1];

		if (c == '"')
			quoted = !quoted;
		else if (c == separator && !quoted)
			break;
	}
	part = (struct span){s->ptr + from, s->len - from};
	s->len = from == 0 ? 0 : from - 1;
	return span_trim(part);
}

/* The value of `for` (RFC 7239 4), without its quotes. */
static struct span
for_of(struct span element)
{
	while (element.len > 0) {
		struct span pair = last_part(&element, ';');

		if (pair.len < 4 ||
		    !span_equal_nocase((struct span){pair.ptr, 4}, "for="))
			continue;
		pair = (struct span){pair.ptr + 4, pair.len - 4};
		if (pair.len >= 2 && pair.ptr[0] == '"' && pair.ptr[pair.len - 1] == '"')
			pair = (struct span){pair.ptr + 1, pair.len - 2};
		return pair;
	}
	return (struct span){NULL, 0};
}

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:80" */
static bool
parse_node(struct span node, struct address *out)
{
	const char *end;

	if (node.len == 0)
		return false;
	if (node.ptr[0] == '[') {
		end = memchr(node.ptr, ']', node.len);
		return end != NULL && address_parse((struct span){node.ptr + 1,
							(size_t)(end - node.ptr - 1)},
					  out);
	}
	if (address_parse(node, out))
		return true;
	end = memchr(node.ptr, ':', node.len);
	return end != NULL &&
	       address_parse((struct span){node.ptr, (size_t)(end - node.ptr)}, out);
}

/* Through the entries of one field, from the right; false when the search has ended. */
static bool
walk_field(const struct forwarded_rules *rules, struct span value, struct address *client)
{
	bool rfc7239 = rules->header == FORWARDED_FORWARDED;
	struct address a;

	while (value.len > 0) {
		struct span entry = last_part(&value, ',');

		if (!parse_node(rfc7239 ? for_of(entry) : entry, &a))
			return false;
		*client = a;
		if (!is_proxy(rules, &a))
			return false;
	}
	return true;
}

struct address
forwarded_client(const struct forwarded_rules *rules, const struct header *headers,
    size_t count, const struct address *peer)
{
	static const char *const names[] = {
	    [FORWARDED_X_FORWARDED_FOR] = "X-Forwarded-For",
	    [FORWARDED_FORWARDED] = "Forwarded"};
	struct address client = *peer;
	bool on = is_proxy(rules, peer);

	for (size_t i = count; i > 0 && on; i--)
		if (span_equal_nocase(headers[i - 1].name, names[rules->header]))
			on = walk_field(rules, headers[i - 1].value, &client);
	return client;
}

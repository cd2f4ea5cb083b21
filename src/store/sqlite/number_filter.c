/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/number_filter.h"

#include <endian.h>

/* Bits of a number in its line, and how many bits of a hash say which one is meant. */
enum { PROBES = 6, PROBE_BITS = 9 };
/* The kept form ends with a sum of all before it and of the form's number. */
enum { SUM_LEN = sizeof(uint64_t) };

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t
fnv(uint64_t hash, const void *octets, size_t len)
{
	const uint8_t *at = octets;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * FNV_PRIME;
	return hash;
}

/* FNV leaves its upper bits poorly mixed; each bit of the answer follows from all
 * (finalizer of MurmurHash3). */
static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	x = (x ^ x >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return x ^ x >> 33;
}

uint64_t
number_filter_hash(const struct ident *application, const char *destination)
{
	uint64_t hash = fnv(FNV_START, application->bytes, IDENT_LEN);

	return mix(fnv(hash, destination, strlen(destination)));
}

static void
make_room(struct number_filter *f, size_t lines)
{
	f->lines = lines;
	f->octets = mem_new(lines * NUMBER_FILTER_LINE + SUM_LEN);
}

void
number_filter_init(struct number_filter *f, int64_t entries)
{
	make_room(f, (size_t)entries * NUMBER_FILTER_BITS / (8 * NUMBER_FILTER_LINE) + 1);
}

void
number_filter_fini(struct number_filter *f)
{
	mem_free(f->octets);
	*f = (struct number_filter){NULL, 0};
}

/* The upper half of the hash chooses; up to 2^32 lines. */
static uint8_t *
line_of(const struct number_filter *f, uint64_t hash)
{
	return f->octets + ((hash >> 32) * f->lines >> 32) * NUMBER_FILTER_LINE;
}

void
number_filter_add(struct number_filter *f, uint64_t hash)
{
	uint8_t *line = line_of(f, hash);
	uint64_t places = mix(hash);

	INVARIANT(f->lines > 0);
	for (int i = 0; i < PROBES; i++, places >>= PROBE_BITS)
		line[places >> 3 & 63] |= (uint8_t)(1u << (places & 7));
}

/* Most that are not there end at the first bit or the second; to look at all of them, or
 * to fetch the lines of many filters before, was measured and takes longer. */
bool
number_filter_may_have(const struct number_filter *f, uint64_t hash)
{
	const uint8_t *line = line_of(f, hash);
	uint64_t places = mix(hash);

	for (int i = 0; i < PROBES; i++, places >>= PROBE_BITS)
		if ((line[places >> 3 & 63] >> (places & 7) & 1) == 0)
			return false;
	return true;
}

/* By words of 8 octets, little-endian: half a megabyte takes a tenth of a millisecond. */
static uint64_t
sum_of(const struct number_filter *f)
{
	uint64_t sum = FNV_START ^ NUMBER_FILTER_FORM;
	uint64_t word;

	for (size_t i = 0; i < f->lines * NUMBER_FILTER_LINE; i += sizeof(word)) {
		memcpy(&word, f->octets + i, sizeof(word));
		sum = (sum ^ le64toh(word)) * FNV_PRIME;
	}
	return htole64(mix(sum));
}

struct span
number_filter_save(struct number_filter *f)
{
	size_t len = f->lines * NUMBER_FILTER_LINE;
	uint64_t sum = sum_of(f);

	INVARIANT(len > 0);
	memcpy(f->octets + len, &sum, SUM_LEN);
	return (struct span){(const char *)f->octets, len + SUM_LEN};
}

bool
number_filter_load(struct number_filter *f, struct span kept)
{
	size_t len = kept.len - SUM_LEN;
	uint64_t sum;

	if (kept.len <= SUM_LEN || len % NUMBER_FILTER_LINE != 0)
		return false;
	make_room(f, len / NUMBER_FILTER_LINE);
	memcpy(f->octets, kept.ptr, kept.len);
	sum = sum_of(f);
	if (memcmp(f->octets + len, &sum, SUM_LEN) == 0)
		return true;
	number_filter_fini(f);
	return false;
}

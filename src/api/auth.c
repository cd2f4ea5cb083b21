/* SPDX-License-Identifier: Apache-2.0 */
#include "api/auth.h"

#include <pthread.h>
#include <stdlib.h>

#include "twofa/scope.h"

struct entry {
	uint8_t hash[SECRET_HASH_LEN];
	struct principal principal;
};

struct auth {
	pthread_rwlock_t lock;
	size_t count;
	struct entry *entries; /* by hash */
};

struct auth *
auth_new(void)
{
	struct auth *a = mem_new(sizeof(*a));

	pthread_rwlock_init(&a->lock, NULL);
	return a;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	pthread_rwlock_destroy(&a->lock);
	mem_free(a->entries);
	mem_free(a);
}

static int
compare_entries(const void *a, const void *b)
{
	return memcmp(a, b, SECRET_HASH_LEN);
}

void
auth_replace(struct auth *a, const struct key_row *rows, size_t count)
{
	struct entry *entries = mem_array(count, sizeof(*entries));
	struct entry *old;
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (rows[i].revoked_at_ms != 0)
			continue;
		memcpy(entries[n].hash, rows[i].hash, SECRET_HASH_LEN);
		entries[n].principal.account = rows[i].account;
		entries[n].principal.scopes = (unsigned)rows[i].scopes;
		n++;
	}
	qsort(entries, n, sizeof(*entries), compare_entries);
	pthread_rwlock_wrlock(&a->lock);
	old = a->entries;
	a->entries = entries;
	a->count = n;
	pthread_rwlock_unlock(&a->lock);
	mem_free(old);
}

/* What follows the scheme "App", or an empty span. */
static struct span
app_key(struct span header)
{
	size_t scheme = 0;
	struct span key;

	header = span_trim(header);
	while (scheme < header.len && header.ptr[scheme] != ' ')
		scheme++;
	key = span_trim((struct span){header.ptr + scheme, header.len - scheme});
	header.len = scheme;
	if (!span_equal_nocase(header, "App") || key.len > API_KEY_TEXT_MAX)
		return (struct span){NULL, 0};
	return key;
}

enum err
auth_check(struct auth *a, struct span header, struct principal *out)
{
	struct span key = app_key(header);
	uint8_t hash[SECRET_HASH_LEN];
	const struct entry *found;

	if (key.len == 0)
		return ERR_UNAUTHORIZED;
	api_key_hash(key, hash);
	pthread_rwlock_rdlock(&a->lock);
	found = bsearch(hash, a->entries, a->count, sizeof(*found), compare_entries);
	if (found != NULL)
		*out = found->principal;
	pthread_rwlock_unlock(&a->lock);
	return found == NULL ? ERR_UNAUTHORIZED : OK;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access/auth.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "store/access.h"
#include "twofa/scope.h"

enum { SESSION_BUCKETS = 4096, SCHEME_TEXT_MAX = 16 };

struct key_entry {
	uint8_t hash[SECRET_HASH_LEN];
	struct ident account;
	struct key_terms terms;
	unsigned scopes;
	size_t net_first;
	size_t net_count; /* 0: from everywhere */
};

struct user_entry {
	char *name;
	bool disabled;
	struct auth_user user;
};

struct session_entry {
	struct session_entry *next;
	struct session_row row; /* expires_at_ms: what the store knows */
	struct ident account;
	unsigned scopes;
	_Atomic int64_t expires_at_ms;
	_Atomic int64_t told_ms; /* the end that the store was told last */
};

/* One generation of everything. */
struct table {
	size_t key_count;
	struct key_entry *keys; /* by hash */
	struct address_net *nets;
	size_t user_count;
	struct user_entry *users;        /* by name */
	const struct user_entry **by_id; /* the same */
	struct session_entry *sessions[SESSION_BUCKETS];
};

struct auth {
	pthread_rwlock_t lock;
	struct table *table;
	_Atomic bool unknown; /* rows of keys and users cannot be read */
};

/* ---- building a table ---- */

static int
compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, SECRET_HASH_LEN);
}

static int
compare_users(const void *a, const void *b)
{
	return strcmp(
	    ((const struct user_entry *)a)->name, ((const struct user_entry *)b)->name);
}

static int
compare_ids(const void *a, const void *b)
{
	return ident_compare(&(*(const struct user_entry *const *)a)->user.id,
	    &(*(const struct user_entry *const *)b)->user.id);
}

static void
add_key(struct table *t, const struct key_row *row, size_t *nets)
{
	struct key_entry *k = &t->keys[t->key_count++];

	memcpy(k->hash, row->hash, SECRET_HASH_LEN);
	k->account = row->account;
	k->terms = row->terms;
	k->scopes = key_terms_scopes(&row->terms) | SCOPE_SIGNED_IN;
	k->net_first = *nets;
	k->net_count = key_terms_nets(&row->terms, t->nets + *nets);
	k->terms.allowed = NULL;
	*nets += k->net_count;
}

/* At most: one more than there are spaces. */
static size_t
count_nets(const struct access *access)
{
	size_t count = 0;

	for (size_t i = 0; i < access->key_count; i++) {
		const char *at = access->keys[i].terms.allowed;

		for (count++; at != NULL && *at != '\0'; at++)
			count += *at == ' ';
	}
	return count;
}

static void
add_keys(struct table *t, const struct access *access)
{
	size_t nets = 0;

	t->keys = mem_array(access->key_count, sizeof(*t->keys));
	t->nets = mem_array(count_nets(access) + KEY_NETS_MAX, sizeof(*t->nets));
	for (size_t i = 0; i < access->key_count; i++)
		if (access->keys[i].revoked_at_ms == 0)
			add_key(t, &access->keys[i], &nets);
	qsort(t->keys, t->key_count, sizeof(*t->keys), compare_keys);
}

static void
add_users(struct table *t, const struct access *access)
{
	t->users = mem_array(access->user_count, sizeof(*t->users));
	for (size_t i = 0; i < access->user_count; i++) {
		const struct user_row *row = &access->users[i];
		struct user_entry *u = &t->users[t->user_count];

		if (strlen(row->password) >= sizeof(u->user.password))
			continue;
		u->name = mem_text(row->name);
		u->disabled = row->disabled_at_ms != 0;
		u->user.id = row->id;
		u->user.account = row->account;
		u->user.scopes = row->scopes;
		memcpy(u->user.password, row->password, strlen(row->password) + 1);
		t->user_count++;
	}
	qsort(t->users, t->user_count, sizeof(*t->users), compare_users);
	t->by_id = mem_array(access->user_count, sizeof(*t->by_id));
	for (size_t i = 0; i < t->user_count; i++)
		t->by_id[i] = &t->users[i];
	qsort(t->by_id, t->user_count, sizeof(*t->by_id), compare_ids);
}

static int
compare_id(const void *key, const void *entry)
{
	return ident_compare(key, &(*(const struct user_entry *const *)entry)->user.id);
}

static const struct user_entry *
find_user_id(const struct table *t, const struct ident *id)
{
	const struct user_entry **found =
	    bsearch(id, t->by_id, t->user_count, sizeof(*found), compare_id);

	return found == NULL ? NULL : *found;
}

static struct session_entry **
bucket(struct table *t, const uint8_t hash[SECRET_HASH_LEN])
{
	return &t->sessions[(hash[0] | (unsigned)hash[1] << 8) % SESSION_BUCKETS];
}

static struct session_entry *
find_session(struct table *t, const uint8_t hash[SECRET_HASH_LEN])
{
	struct session_entry *s = *bucket(t, hash);

	while (s != NULL && memcmp(s->row.hash, hash, SECRET_HASH_LEN) != 0)
		s = s->next;
	return s;
}

static void
drop_session(struct table *t, const uint8_t hash[SECRET_HASH_LEN])
{
	struct session_entry **at = bucket(t, hash);

	while (*at != NULL && memcmp((*at)->row.hash, hash, SECRET_HASH_LEN) != 0)
		at = &(*at)->next;
	if (*at != NULL) {
		struct session_entry *gone = *at;

		*at = gone->next;
		mem_free(gone);
	}
}

/* A session of a user that is gone is none. */
static void
add_session(struct table *t, const struct session_row *row)
{
	const struct user_entry *u = find_user_id(t, &row->user);
	struct session_entry **at = bucket(t, row->hash);
	struct session_entry *s;

	if (u == NULL || u->disabled || find_session(t, row->hash) != NULL)
		return;
	s = mem_new(sizeof(*s));
	s->row = *row;
	s->account = u->user.account;
	s->scopes = u->user.scopes | SCOPE_SIGNED_IN;
	atomic_init(&s->expires_at_ms, row->expires_at_ms);
	atomic_init(&s->told_ms, row->expires_at_ms);
	s->next = *at;
	*at = s;
}

static void
table_free(struct table *t)
{
	for (size_t i = 0; i < t->user_count; i++)
		mem_free(t->users[i].name);
	for (size_t i = 0; i < SESSION_BUCKETS; i++)
		while (t->sessions[i] != NULL)
			drop_session(t, t->sessions[i]->row.hash);
	mem_free(t->by_id);
	mem_free(t->users);
	mem_free(t->keys);
	mem_free(t->nets);
	mem_free(t);
}

/* A session that was used lately lives longer than the store knows. */
static void
keep_ends(struct table *fresh, struct table *old)
{
	for (size_t i = 0; i < SESSION_BUCKETS; i++)
		for (struct session_entry *s = fresh->sessions[i]; s != NULL;
		     s = s->next) {
			struct session_entry *was = find_session(old, s->row.hash);

			if (was == NULL)
				continue;
			atomic_store(&s->expires_at_ms, atomic_load(&was->expires_at_ms));
			atomic_store(&s->told_ms, atomic_load(&was->told_ms));
		}
}

struct auth *
auth_new(void)
{
	struct auth *a = mem_new(sizeof(*a));

	pthread_rwlock_init(&a->lock, NULL);
	a->table = mem_new(sizeof(*a->table));
	return a;
}

void
auth_free(struct auth *a)
{
	if (a == NULL)
		return;
	pthread_rwlock_destroy(&a->lock);
	table_free(a->table);
	mem_free(a);
}

void
auth_replace(struct auth *a, const struct access *access)
{
	struct table *fresh;
	struct table *old;

	atomic_store(&a->unknown, access == NULL);
	if (access == NULL)
		return;
	fresh = mem_new(sizeof(*fresh));
	add_keys(fresh, access);
	add_users(fresh, access);
	for (size_t i = 0; i < access->session_count; i++)
		add_session(fresh, &access->sessions[i]);
	pthread_rwlock_wrlock(&a->lock);
	old = a->table;
	keep_ends(fresh, old);
	a->table = fresh;
	pthread_rwlock_unlock(&a->lock);
	table_free(old);
}

/* Those of the same bucket whose time is over go with it, so that what nobody uses does
 * not pile up. */
static void
sweep(struct table *t, const struct session_row *beside, int64_t now_ms)
{
	struct session_entry *s = *bucket(t, beside->hash);

	while (s != NULL) {
		struct session_entry *next = s->next;

		if (atomic_load(&s->expires_at_ms) <= now_ms)
			drop_session(t, s->row.hash);
		s = next;
	}
}

void
auth_session_changed(struct auth *a, const struct session_job *j)
{
	if (j->job.err != OK)
		return;
	pthread_rwlock_wrlock(&a->lock);
	if (j->job.verb == VERB_SESSION_DELETE) {
		drop_session(a->table, j->session.hash);
	} else {
		sweep(a->table, &j->session, j->job.now_ms);
		add_session(a->table, &j->session);
		for (size_t i = 0; i < j->count; i++)
			drop_session(a->table, j->rows[i].hash);
	}
	pthread_rwlock_unlock(&a->lock);
}

/* ---- looking up ---- */

static const char *const scheme_names[SCHEME_COUNT] = {
    [SCHEME_NONE] = "none",
    [SCHEME_APP] = "App",
    [SCHEME_BASIC] = "Basic",
    [SCHEME_IBSSO] = "IBSSO",
    [SCHEME_BEARER] = "Bearer",
};

const char *
auth_scheme_name(enum scheme s)
{
	INVARIANT((unsigned)s < SCHEME_COUNT);
	return scheme_names[s];
}

struct credential
auth_parse(struct span header)
{
	struct credential c = {SCHEME_NONE, {NULL, 0}};
	struct span word = span_trim(header);
	size_t len = 0;

	while (len < word.len && word.ptr[len] != ' ')
		len++;
	c.text = span_trim((struct span){word.ptr + len, word.len - len});
	word.len = len;
	for (enum scheme s = SCHEME_APP; s < SCHEME_COUNT; s++)
		if (span_equal_nocase(word, scheme_names[s]) && c.text.len > 0)
			c.scheme = s;
	return c;
}

static bool
is_allowed_from(
    const struct table *t, const struct key_entry *k, const struct address *peer)
{
	if (k->net_count == 0)
		return true;
	for (size_t i = 0; i < k->net_count; i++)
		if (address_net_contains(&t->nets[k->net_first + i], peer))
			return true;
	return false;
}

static bool
check_key(struct table *t, const struct address *peer, int64_t now_ms,
    const uint8_t hash[SECRET_HASH_LEN], struct principal *out)
{
	const struct key_entry *k =
	    bsearch(hash, t->keys, t->key_count, sizeof(*k), compare_keys);

	if (k == NULL || !key_terms_in_force(&k->terms, now_ms) ||
	    !is_allowed_from(t, k, peer))
		return false;
	out->account = k->account;
	out->scopes = k->scopes;
	return true;
}

/* A session that is used lives on; one loop of those that use it tells the store. */
static void
extend(struct session_entry *s, int64_t now_ms, struct principal *out)
{
	int64_t end_ms = now_ms + SESSION_IDLE_MS;
	int64_t told_ms = atomic_load(&s->told_ms);

	atomic_store(&s->expires_at_ms, end_ms);
	if (end_ms - told_ms >= SESSION_STEP_MS &&
	    atomic_compare_exchange_strong(&s->told_ms, &told_ms, end_ms)) {
		out->extend_to_ms = end_ms;
		out->extend_from_ms = told_ms;
	}
}

void
auth_not_extended(struct auth *a, const uint8_t session[SECRET_HASH_LEN], int64_t from_ms,
    int64_t to_ms)
{
	struct session_entry *s;

	pthread_rwlock_rdlock(&a->lock);
	s = find_session(a->table, session);
	if (s != NULL)
		(void)atomic_compare_exchange_strong(&s->told_ms, &to_ms, from_ms);
	pthread_rwlock_unlock(&a->lock);
}

static bool
check_session(struct table *t, const struct address *peer, int64_t now_ms,
    const uint8_t hash[SECRET_HASH_LEN], struct principal *out)
{
	struct session_entry *s = find_session(t, hash);
	enum session_kind kind =
	    out->scheme == SCHEME_IBSSO ? SESSION_IBSSO : SESSION_BEARER;

	if (s == NULL || s->row.kind != kind ||
	    now_ms >= atomic_load(&s->expires_at_ms) ||
	    (s->row.bound && !address_equal(&s->row.address, peer)))
		return false;
	out->account = s->account;
	out->scopes = s->scopes;
	memcpy(out->session, hash, SECRET_HASH_LEN);
	if (kind == SESSION_IBSSO)
		extend(s, now_ms, out);
	return true;
}

bool
auth_is_known(struct auth *a)
{
	return !atomic_load(&a->unknown);
}

enum err
auth_check(struct auth *a, const struct credential *credential,
    const struct address *peer, int64_t now_ms, struct principal *out)
{
	uint8_t hash[SECRET_HASH_LEN];
	bool valid;

	if (!auth_is_known(a))
		return ERR_DOWN;
	if (credential->scheme == SCHEME_NONE || credential->text.len > API_KEY_TEXT_MAX)
		return ERR_UNAUTHORIZED;
	api_key_hash(credential->text, hash);
	*out = (struct principal){.scheme = credential->scheme};
	pthread_rwlock_rdlock(&a->lock);
	valid = credential->scheme == SCHEME_APP
		    ? check_key(a->table, peer, now_ms, hash, out)
		    : check_session(a->table, peer, now_ms, hash, out);
	pthread_rwlock_unlock(&a->lock);
	return valid ? OK : ERR_UNAUTHORIZED;
}

static int
compare_name(const void *key, const void *entry)
{
	return strcmp(key, ((const struct user_entry *)entry)->name);
}

bool
auth_user_find(struct auth *a, struct span name, struct auth_user *out)
{
	char text[SECRET_PASSWORD_MAX + 1] = "";
	const struct user_entry *u;

	if (name.len > SECRET_PASSWORD_MAX ||
	    (name.len > 0 && memchr(name.ptr, '\0', name.len)))
		return false;
	memcpy(text, name.ptr, name.len);
	pthread_rwlock_rdlock(&a->lock);
	u = bsearch(
	    text, a->table->users, a->table->user_count, sizeof(*u), compare_name);
	if (u != NULL && u->disabled)
		u = NULL;
	if (u != NULL)
		*out = u->user;
	pthread_rwlock_unlock(&a->lock);
	return u != NULL;
}

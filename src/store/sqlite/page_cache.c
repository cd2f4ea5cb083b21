/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/page_cache.h"

#include <sqlite3.h>

#include "base/base.h"

/* One cache of SQLite's; the members are in its thread's hands, as that is. */
struct page_cache {
	sqlite3_pcache *inner;
	unsigned highest; /* no page came in with a greater number */
	unsigned beyond;  /* so many pages at most were given a greater one */
};

static sqlite3_pcache_methods2 inner;

static struct page_cache *
cache_of(sqlite3_pcache *p)
{
	return (struct page_cache *)p;
}

static sqlite3_pcache *
create(int page_len, int extra_len, int purgeable)
{
	struct page_cache *c = mem_new(sizeof(*c));

	c->inner = inner.xCreate(page_len, extra_len, purgeable);
	if (c->inner == NULL) {
		mem_free(c);
		return NULL;
	}
	return (sqlite3_pcache *)c;
}

static void
destroy(sqlite3_pcache *p)
{
	inner.xDestroy(cache_of(p)->inner);
	mem_free(cache_of(p));
}

static void
set_size(sqlite3_pcache *p, int pages)
{
	inner.xCachesize(cache_of(p)->inner, pages);
}

static int
count(sqlite3_pcache *p)
{
	return inner.xPagecount(cache_of(p)->inner);
}

static void
shrink(sqlite3_pcache *p)
{
	inner.xShrink(cache_of(p)->inner);
}

/* A page that was beyond may be below the new mark, and is counted all the same. */
static sqlite3_pcache_page *
fetch(sqlite3_pcache *p, unsigned number, int how)
{
	struct page_cache *c = cache_of(p);

	if (how != 0 && number > c->highest)
		c->highest = number;
	return inner.xFetch(c->inner, number, how);
}

static void
unpin(sqlite3_pcache *p, sqlite3_pcache_page *page, int discard)
{
	inner.xUnpin(cache_of(p)->inner, page, discard);
}

static void
rename_page(sqlite3_pcache *p, sqlite3_pcache_page *page, unsigned from, unsigned to)
{
	struct page_cache *c = cache_of(p);

	if (from > c->highest && c->beyond > 0)
		c->beyond--;
	if (to > c->highest)
		c->beyond++;
	inner.xRekey(c->inner, page, from, to);
}

/* All pages from this number on are let go of. */
static void
truncate_to(sqlite3_pcache *p, unsigned from)
{
	struct page_cache *c = cache_of(p);

	if (from > c->highest && c->beyond == 0) {
		INVARIANT((unsigned)inner.xPagecount(c->inner) <= c->highest);
		return;
	}
	inner.xTruncate(c->inner, from);
	c->highest = from == 0 ? 0 : from - 1;
	c->beyond = 0;
}

int
page_cache_configure(void)
{
	sqlite3_pcache_methods2 own;
	int rc = sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &inner);

	if (rc != SQLITE_OK)
		return rc;
	own = inner;
	own.xCreate = create;
	own.xCachesize = set_size;
	own.xPagecount = count;
	own.xFetch = fetch;
	own.xUnpin = unpin;
	own.xRekey = rename_page;
	own.xTruncate = truncate_to;
	own.xDestroy = destroy;
	own.xShrink = shrink;
	return sqlite3_config(SQLITE_CONFIG_PCACHE2, &own);
}

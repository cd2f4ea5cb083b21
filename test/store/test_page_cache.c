/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page cache beside a plain array of pages: whatever comes in, is renamed or let go
 * of, each page is where it was put, with what was in it, and none beyond the end stays.
 */
#include "store/sqlite/page_cache.h"

#include <sqlite3.h>

#include "unit/unit.h"

/* Pages of a file, and numbers far beyond its end, by way of which two of them change
 * places. */
enum { PAGES = 60, FAR = 262145, FARS = 3, STEPS = 20000, PAGE_LEN = 512 };

struct model {
	sqlite3_pcache_methods2 cache;
	sqlite3_pcache *pages;
	struct dice dice;
	int stamps[PAGES + FARS]; /* 0: it is not there */
	int stamp;
};

static size_t
dice(struct model *m, size_t sides)
{
	return (size_t)dice_between(&m->dice, 0, (int64_t)sides - 1);
}

static unsigned
number_of(size_t at)
{
	return (unsigned)(at < PAGES ? at + 1 : FAR + at - PAGES);
}

static sqlite3_pcache_page *
fetch(struct model *m, size_t at, int how)
{
	return m->cache.xFetch(m->pages, number_of(at), how);
}

static void
let_go(struct model *m, sqlite3_pcache_page *page, bool discard)
{
	m->cache.xUnpin(m->pages, page, discard);
}

static void
put(struct model *m, size_t at)
{
	sqlite3_pcache_page *page = fetch(m, at, 2);

	assert_non_null(page);
	m->stamps[at] = ++m->stamp;
	memcpy(page->pBuf, &m->stamp, sizeof(m->stamp));
	let_go(m, page, false);
}

static void
discard(struct model *m, size_t at)
{
	sqlite3_pcache_page *page = fetch(m, at, 0);

	m->stamps[at] = 0;
	if (page != NULL)
		let_go(m, page, true);
}

static void
rename_page(struct model *m, size_t from, size_t to)
{
	sqlite3_pcache_page *page = fetch(m, from, 0);

	if (page == NULL)
		return;
	discard(m, to);
	m->cache.xRekey(m->pages, page, number_of(from), number_of(to));
	m->stamps[to] = m->stamps[from];
	m->stamps[from] = 0;
	let_go(m, page, false);
}

/* As a balance of a B-tree does. */
static void
swap(struct model *m, size_t a, size_t b)
{
	rename_page(m, a, PAGES);
	rename_page(m, b, a);
	rename_page(m, PAGES, b);
}

static void
cut(struct model *m, size_t from)
{
	m->cache.xTruncate(m->pages, number_of(from));
	for (size_t i = from; i < countof(m->stamps); i++)
		m->stamps[i] = 0;
}

static void
check(struct model *m, size_t step)
{
	int count = 0;

	for (size_t i = 0; i < countof(m->stamps); i++) {
		sqlite3_pcache_page *page = fetch(m, i, 0);
		int stamp = 0;

		if (page != NULL)
			memcpy(&stamp, page->pBuf, sizeof(stamp));
		check_case(step, stamp == m->stamps[i]);
		count += stamp != 0;
		if (page != NULL)
			let_go(m, page, false);
	}
	check_case(step, m->cache.xPagecount(m->pages) == count);
}

static void
do_step(struct model *m)
{
	size_t what = dice(m, 10);
	size_t a = dice(m, PAGES);
	size_t b = dice(m, PAGES);

	if (what < 5)
		put(m, a);
	else if (what < 6)
		discard(m, a);
	else if (what < 8 && a != b)
		swap(m, a, b);
	else if (what < 9)
		rename_page(m, a, PAGES + dice(m, FARS));
	else
		cut(m, dice(m, 2) == 0 ? PAGES / 2 + a / 2 : PAGES);
}

static void
test_each_page_is_where_it_was_put(void **state)
{
	struct model m = {.dice = {7}};

	(void)state;
	assert_int_equal(page_cache_configure(), SQLITE_OK);
	assert_int_equal(sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &m.cache), SQLITE_OK);
	assert_int_equal(sqlite3_initialize(), SQLITE_OK);
	m.pages = m.cache.xCreate(PAGE_LEN, 8, 1);
	m.cache.xCachesize(m.pages, 2 * PAGES);
	for (size_t step = 0; step < STEPS; step++) {
		do_step(&m);
		check(&m, step);
	}
	m.cache.xDestroy(m.pages);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_page_is_where_it_was_put),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

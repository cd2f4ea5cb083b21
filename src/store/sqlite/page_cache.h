/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite's own page cache, with one question less. When a leaf is split and the numbers
 * of its pages come out of order, SQLite (balance_nonroot) swaps two pages by
 * way of a number that no page has: that of the lock octet, 262145 with pages of 4 KiB.
 * The cache takes it for the greatest number that it holds. So in a file below 1 GiB the
 * end of the transaction, which lets go of pages beyond the end of the file, walks
 * through all pages of the cache to find none: 0.4 ms a commit, half of what it costs to
 * enter an index in order.
 *
 * Here the walk is left out when no page beyond the end is there. All else is SQLite's.
 */
#ifndef WW_PAGE_CACHE_H
#define WW_PAGE_CACHE_H

/* For all databases that this process opens from now on; before the first one. Returns
 * SQLite's result. */
int page_cache_configure(void);

#endif

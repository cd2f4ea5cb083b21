/* SPDX-License-Identifier: Apache-2.0 */
/* When the store looks for what others have changed, and who tells it. */
#include "store/watcher.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/engine.h"
#include "store/sqlite/log_watch.h"
#include "unit/unit.h"

#define NOW INT64_C(1000000)

enum { BELL = 42, LOOK = WATCHER_LOOK_MS };

/* ---- an engine that tells, or cannot ---- */

static bool can_tell;
static int watching;

static int
watch(struct engine *e)
{
	(void)e;
	watching += can_tell;
	return can_tell ? BELL : -1;
}

static void
unwatch(struct engine *e)
{
	(void)e;
	watching--;
}

static const struct engine_ops ops = {.watch = watch, .unwatch = unwatch};
static struct engine engine = {.ops = &ops};

static struct watcher
watcher_that(bool is_told)
{
	struct watcher w;

	can_tell = is_told;
	watching = 0;
	watcher_init(&w, &engine);
	return w;
}

/* Looks when it is time; how often, until then, with nothing else to do. */
static int
count_looks(struct watcher *w, int64_t from_ms, int64_t until_ms)
{
	int looks = 0;

	while (from_ms < until_ms) {
		watcher_rest(w, from_ms);
		if (watcher_is_due(w, from_ms)) {
			watcher_looked(w, from_ms);
			looks++;
		}
		from_ms += watcher_wait_ms(w, from_ms);
	}
	return looks;
}

static void
test_with_work_it_looks_and_is_not_told(void **state)
{
	struct watcher w = watcher_that(true);

	(void)state;
	watcher_looked(&w, NOW);
	for (int i = 1; i <= 10 * LOOK; i++) {
		watcher_worked(&w, NOW + i);
		watcher_rest(&w, NOW + i);
		assert_int_equal(watcher_fd(&w, NOW + i), -1);
		assert_int_equal(watcher_is_due(&w, NOW + i), i % LOOK == 0);
		if (i % LOOK == 0)
			watcher_looked(&w, NOW + i);
	}
	assert_int_equal(watching, 0);
}

/* Jobs come now and then, and each wakes it up between two looks. */
static void
test_work_does_not_put_a_look_off(void **state)
{
	static const int64_t every_ms[] = {10, 300, 500, LOOK - 1};

	(void)state;
	for (size_t i = 0; i < countof(every_ms); i++) {
		struct watcher w = watcher_that(true);
		int64_t job_ms = NOW;
		int64_t now_ms = NOW;

		watcher_looked(&w, now_ms);
		while (now_ms < NOW + 20 * LOOK) {
			int64_t wait_ms = watcher_wait_ms(&w, now_ms);

			now_ms = job_ms < now_ms + wait_ms ? job_ms : now_ms + wait_ms;
			if (now_ms == job_ms) {
				watcher_worked(&w, now_ms);
				job_ms += every_ms[i];
			}
			watcher_rest(&w, now_ms);
			check_case(i, now_ms - w.looked_ms <= LOOK);
			if (watcher_is_due(&w, now_ms))
				watcher_looked(&w, now_ms);
		}
	}
}

static void
test_with_nothing_to_do_it_looks_once_more_and_sleeps(void **state)
{
	struct watcher w = watcher_that(true);

	(void)state;
	watcher_worked(&w, NOW);
	watcher_looked(&w, NOW);
	assert_int_equal(count_looks(&w, NOW, NOW + LOOK + 1), 1);
	assert_int_equal(watcher_fd(&w, NOW + LOOK + 1), BELL);
	assert_true(watcher_wait_ms(&w, NOW + LOOK + 1) >= 30 * 1000);
	watcher_worked(&w, NOW + 2 * LOOK);
	assert_int_equal(watcher_fd(&w, NOW + 2 * LOOK), -1);
	assert_int_equal(watching, 0);
}

static void
test_an_engine_that_cannot_tell_is_looked_at(void **state)
{
	struct watcher w = watcher_that(false);

	(void)state;
	assert_int_equal(count_looks(&w, NOW, NOW + 100 * LOOK), 100);
	assert_int_equal(watcher_fd(&w, NOW), -1);
}

static void
test_what_is_told_is_followed_for_a_while(void **state)
{
	struct watcher w = watcher_that(true);

	(void)state;
	(void)count_looks(&w, NOW, NOW + 1);
	watcher_told(&w, NOW + 1000);
	assert_true(watcher_is_due(&w, NOW + 1000));
	assert_in_range(count_looks(&w, NOW + 1000, NOW + 10000), 9, 11);
	assert_in_range(count_looks(&w, NOW + 12000, NOW + 60000), 1, 3);
	assert_int_equal(watching, 1);
}

/* Somebody writes without an end. */
static void
test_much_that_is_told_does_not_keep_it_busy(void **state)
{
	struct watcher w = watcher_that(true);
	int told = 0;

	(void)state;
	(void)count_looks(&w, NOW, NOW + 1);
	for (int64_t t = NOW + 1; t < NOW + 1000; t++) {
		if (watcher_fd(&w, t) < 0)
			continue;
		watcher_told(&w, t);
		watcher_looked(&w, t);
		told++;
	}
	assert_in_range(told, 10, 51);
}

/* ---- inotify ---- */

static bool
is_readable(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

static void
test_a_write_to_the_log_and_its_end_are_told(void **state)
{
	char folder[] = "/tmp/test_watcher.XXXXXX";
	char path[64];
	struct log_watch w;
	int fd;
	int log;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a.db", folder);
	log_watch_init(&w, path);
	assert_int_equal(log_watch_begin(&w), -1);
	snprintf(path, sizeof(path), "%s/a.db-wal", folder);
	log = open(path, O_RDWR | O_CREAT, 0600);
	fd = log_watch_begin(&w);
	assert_true(log >= 0 && fd >= 0);
	assert_false(is_readable(fd));
	assert_int_equal(write(log, "x", 1), 1);
	assert_true(is_readable(fd));
	log_watch_end(&w);
	assert_false(is_readable(fd));
	assert_int_equal(log_watch_begin(&w), fd);
	assert_false(is_readable(fd));
	close(log);
	assert_true(is_readable(fd));
	log_watch_end(&w);
	log_watch_fini(&w);
	unlink(path);
	rmdir(folder);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_with_work_it_looks_and_is_not_told),
	    cmocka_unit_test(test_work_does_not_put_a_look_off),
	    cmocka_unit_test(test_with_nothing_to_do_it_looks_once_more_and_sleeps),
	    cmocka_unit_test(test_an_engine_that_cannot_tell_is_looked_at),
	    cmocka_unit_test(test_what_is_told_is_followed_for_a_while),
	    cmocka_unit_test(test_much_that_is_told_does_not_keep_it_busy),
	    cmocka_unit_test(test_a_write_to_the_log_and_its_end_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

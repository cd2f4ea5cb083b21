/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/checkpointer.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/log.h"
#include "store/sqlite/foreign_lock.h"

enum {
	/*
	 * Pages that are moved at a time: few, as commits wait for a large sync, but
	 * those of so many commits, as a page that is written again and again is moved
	 * once.
	 */
	BEGIN_COMMITS = 32,
	BEGIN_PAGES_MIN = 200,
	BEGIN_PAGES_MAX = 1000,
	WAIT_PAGES = 100000, /* about 400 MB: the disk does not keep up */
	LITTLE_PAGES = 40,   /* what a commit may move itself */
	PASSES_MAX = 5,
	/* Pages that a reader keeps from being moved: when they are told of, and how
	 * often moving them is tried. */
	HELD_PAGES = 4096,
	HELD_AGAIN_MS = 200,
	PAGES_A_MIB = 256 /* of SQLite's usual 4096 octets */
};

enum state {
	IDLE,
	WANTED, /* the thread shall move what there is */
	MOVING, /* it does */
	HELD,   /* a reader of before keeps it from being moved; the thread rests */
	LITTLE, /* little is left, for the committing thread */
	FAILED, /* an fsync did */
	STATES
};

#define TO(state) (1u << (state))
static const unsigned moves[STATES] = {
    [IDLE] = TO(WANTED),
    [WANTED] = TO(MOVING) | TO(LITTLE), /* there is no thread */
    [MOVING] = TO(HELD) | TO(LITTLE) | TO(FAILED),
    [HELD] = TO(IDLE),
    [LITTLE] = TO(IDLE) | TO(FAILED),
    [FAILED] = 0,
};

#define CHECKPOINTER_MAGIC 0xc4ec4901u

struct checkpointer {
	unsigned magic;
	char *path;
	checkpointer_open_f *open;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	atomic_int state;      /* enum state; changed under the lock */
	int log_pages;         /* at the last commit */
	atomic_int told_pages; /* of a log that is held; 0: it is not */
	bool started;
	atomic_bool stopping; /* set under the lock */
	pthread_t thread;
};

struct checkpointer *
checkpointer_new(const char *path, checkpointer_open_f *open)
{
	struct checkpointer *c = mem_new(sizeof(*c));
	pthread_condattr_t attributes;

	c->magic = CHECKPOINTER_MAGIC;
	c->path = mem_text(path);
	c->open = open;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&c->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return c;
}

/* The one place where the state changes; false when it is not `from` any more. */
static bool
move(struct checkpointer *c, enum state from, enum state to)
{
	bool moved;

	INVARIANT((moves[from] & TO(to)) != 0);
	pthread_mutex_lock(&c->lock);
	moved = atomic_load(&c->state) == (int)from;
	if (moved) {
		atomic_store(&c->state, (int)to);
		pthread_cond_broadcast(&c->changed);
	}
	pthread_mutex_unlock(&c->lock);
	return moved;
}

static bool
is_sync_error(int rc)
{
	return rc == SQLITE_IOERR_FSYNC || rc == SQLITE_IOERR_DIR_FSYNC;
}

/*
 * SQLite syncs the database only when a checkpoint got to the end of the log, which is
 * the committing thread's to do: by then there shall be little to sync.
 */
static int
sync_database(sqlite3 *db)
{
	sqlite3_file *f = NULL;
	int rc = sqlite3_file_control(db, NULL, SQLITE_FCNTL_FILE_POINTER, (void *)&f);

	if (rc != SQLITE_OK || f == NULL || f->pMethods == NULL)
		return SQLITE_OK;
	return f->pMethods->xSync(f, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

/* At twice the size again. */
static void
tell_held(struct checkpointer *c, int pages)
{
	int64_t pid;
	char name[64];

	if (pages < HELD_PAGES || pages < 2 * atomic_load(&c->told_pages))
		return;
	atomic_store(&c->told_pages, pages);
	pid = foreign_lock_pid(c->path, FOREIGN_READER);
	foreign_lock_name(pid, name);
	log_event(LOG_LEVEL_WARNING, "store_log_held",
	    LOG_TEXT("reason", "a reader of the database keeps its log from being moved"),
	    LOG_INT("pid", pid), LOG_TEXT("process", name),
	    LOG_INT("mib", pages / PAGES_A_MIB));
}

/*
 * A pass takes what was there at its begin; meanwhile less comes than it moves. Where two
 * passes come to the same place, somebody reads what is before it: were it left to a
 * commit, that one would move all of it when the reader has gone.
 */
static enum state
move_most(struct checkpointer *c, sqlite3 *db)
{
	int before = -1;

	for (int i = 0; i < PASSES_MAX && !atomic_load(&c->stopping); i++) {
		int all = 0;
		int moved = 0;
		int rc = sqlite3_wal_checkpoint_v2(
		    db, NULL, SQLITE_CHECKPOINT_PASSIVE, &all, &moved);

		if (rc == SQLITE_OK && moved != before)
			rc = sync_database(db);
		if (is_sync_error(rc))
			return FAILED;
		if (rc != SQLITE_OK || all - moved < LITTLE_PAGES)
			return LITTLE;
		if (moved == before) {
			tell_held(c, all);
			return HELD;
		}
		before = moved;
	}
	return LITTLE;
}

/* Until it is worth another try, or the end. */
static void
rest(struct checkpointer *c)
{
	struct timespec until;

	INVARIANT(clock_gettime(CLOCK_MONOTONIC, &until) == 0);
	until.tv_nsec += HELD_AGAIN_MS * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&c->lock);
	while (!c->stopping &&
	       pthread_cond_timedwait(&c->changed, &c->lock, &until) != ETIMEDOUT)
		continue;
	pthread_mutex_unlock(&c->lock);
	(void)move(c, HELD, IDLE);
}

/* False when the thread is to end. */
static bool
wait_until_wanted(struct checkpointer *c)
{
	bool stopping;

	pthread_mutex_lock(&c->lock);
	while (atomic_load(&c->state) != WANTED && !c->stopping)
		pthread_cond_wait(&c->changed, &c->lock);
	stopping = c->stopping;
	pthread_mutex_unlock(&c->lock);
	return !stopping;
}

static void *
run(void *ctx)
{
	struct checkpointer *c = ctx;
	sqlite3 *db = NULL;
	bool opened = c->open(c->path, &db) == SQLITE_OK;

	while (wait_until_wanted(c)) {
		if (!move(c, WANTED, MOVING))
			continue;
		(void)move(c, MOVING, opened ? move_most(c, db) : LITTLE);
		if (atomic_load(&c->state) == HELD)
			rest(c);
	}
	sqlite3_close(db);
	return NULL;
}

static void
want(struct checkpointer *c)
{
	if (!move(c, IDLE, WANTED) || c->started)
		return;
	c->started = pthread_create(&c->thread, NULL, run, c) == 0;
	if (!c->started)
		(void)move(c, WANTED, LITTLE);
	else
		pthread_setname_np(c->thread, "checkpoint");
}

static void
wait_for_thread(struct checkpointer *c)
{
	int state;

	pthread_mutex_lock(&c->lock);
	while ((state = atomic_load(&c->state)) == WANTED || state == MOVING)
		pthread_cond_wait(&c->changed, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

static enum err
move_rest(struct checkpointer *c, sqlite3 *db)
{
	int rc =
	    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);

	(void)move(c, LITTLE, is_sync_error(rc) ? FAILED : IDLE);
	return is_sync_error(rc) ? ERR_SYNC : OK;
}

static int
begin_pages(int commit_pages)
{
	int pages = commit_pages * BEGIN_COMMITS;

	if (pages < BEGIN_PAGES_MIN)
		return BEGIN_PAGES_MIN;
	return pages < BEGIN_PAGES_MAX ? pages : BEGIN_PAGES_MAX;
}

enum err
checkpointer_after_commit(struct checkpointer *c, sqlite3 *db, int log_pages)
{
	bool began_anew = log_pages < c->log_pages;
	int commit_pages = began_anew ? log_pages : log_pages - c->log_pages;
	int state;

	CHECK_OBJ(c, CHECKPOINTER_MAGIC);
	c->log_pages = log_pages;
	if (began_anew && atomic_exchange(&c->told_pages, 0) > 0)
		log_event(LOG_LEVEL_INFO, "store_log_freed");
	if (log_pages >= WAIT_PAGES)
		wait_for_thread(c);
	state = atomic_load(&c->state);
	if (state == FAILED)
		return ERR_SYNC;
	if (state == LITTLE)
		return move_rest(c, db);
	if (state == IDLE && log_pages >= begin_pages(commit_pages))
		want(c);
	return OK;
}

enum err
checkpointer_free(struct checkpointer *c)
{
	bool failed;

	if (c == NULL)
		return OK;
	CHECK_OBJ(c, CHECKPOINTER_MAGIC);
	if (c->started) {
		pthread_mutex_lock(&c->lock);
		c->stopping = true;
		pthread_cond_broadcast(&c->changed);
		pthread_mutex_unlock(&c->lock);
		pthread_join(c->thread, NULL);
	}
	failed = atomic_load(&c->state) == FAILED;
	pthread_cond_destroy(&c->changed);
	pthread_mutex_destroy(&c->lock);
	mem_free(c->path);
	c->magic = 0;
	mem_free(c);
	return failed ? ERR_SYNC : OK;
}

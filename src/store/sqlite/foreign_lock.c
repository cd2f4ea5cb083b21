/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/foreign_lock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

enum {
	TELL_MS = 1000,
	GIVE_UP_MS = 5000,
	OCTET_WRITE = 120,
	OCTET_READ_FIRST = 123,
	OCTET_READ_LAST = 127,
	PATH_LEN = 4096
};

/* ---- who has it ---- */

struct held {
	char kind[16]; /* READ, WRITE */
	long long pid;
	unsigned long long inode;
	long long first, last;
};

/* proc_locks(5); who waits has an arrow, and does not hold it. */
static bool
read_line(const char *line, struct held *out)
{
	char last[32];

	if (sscanf(line, "%*[^:]: POSIX %*s %15s %lld %*x:%*x:%llu %lld %31s", out->kind,
		&out->pid, &out->inode, &out->first, last) != 5)
		return false;
	out->last = strcmp(last, "EOF") == 0 ? INT64_MAX : strtoll(last, NULL, 10);
	return true;
}

static bool
is_of_kind(const struct held *h, enum foreign_lock_kind kind)
{
	if (kind == FOREIGN_WRITER)
		return strcmp(h->kind, "WRITE") == 0 && h->first <= OCTET_WRITE &&
		       h->last >= OCTET_WRITE;
	return strcmp(h->kind, "READ") == 0 && h->first <= OCTET_READ_LAST &&
	       h->last >= OCTET_READ_FIRST;
}

int64_t
foreign_lock_pid(const char *database, enum foreign_lock_kind kind)
{
	char line[256];
	char path[PATH_LEN];
	struct stat index;
	int64_t found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s-shm", database);
	if (stat(path, &index) != 0)
		return 0;
	f = fopen("/proc/locks", "re");
	if (f == NULL)
		return 0;
	while (found == 0 && fgets(line, sizeof(line), f) != NULL) {
		struct held h;

		if (read_line(line, &h) && h.inode == index.st_ino && h.pid > 0 &&
		    h.pid != getpid() && is_of_kind(&h, kind))
			found = h.pid;
	}
	(void)fclose(f);
	return found;
}

void
foreign_lock_name(int64_t pid, char out[64])
{
	char path[64];
	FILE *f;

	out[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%lld/comm", (long long)pid);
	f = pid == 0 ? NULL : fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(out, 64, f) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	(void)fclose(f);
}

/* ---- waiting ---- */

void
foreign_lock_wait_init(struct foreign_lock_wait *w, const char *database)
{
	*w = (struct foreign_lock_wait){.database = mem_text(database)};
}

void
foreign_lock_wait_fini(struct foreign_lock_wait *w)
{
	mem_free(w->database);
}

static void
tell(struct foreign_lock_wait *w)
{
	int64_t pid = foreign_lock_pid(w->database, FOREIGN_WRITER);
	char name[64];

	w->told = true;
	foreign_lock_name(pid, name);
	log_event(LOG_LEVEL_WARNING, "store_locked",
	    LOG_TEXT("reason", "another process has the write lock of the database"),
	    LOG_INT("pid", pid), LOG_TEXT("process", name),
	    LOG_INT("waited_ms", w->waited_ms));
}

/* Waits a little and then a little longer; 0: no more. */
static int
on_busy(void *ctx, int count)
{
	static const int delays_ms[] = {1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100};
	struct foreign_lock_wait *w = ctx;
	int delay_ms =
	    delays_ms[(size_t)count < countof(delays_ms) ? (size_t)count
							 : countof(delays_ms) - 1];

	if (count == 0)
		w->turn_ms = 0;
	if (w->turn_ms >= GIVE_UP_MS)
		return 0;
	(void)sqlite3_sleep(delay_ms);
	w->turn_ms += delay_ms;
	w->waited_ms += delay_ms;
	if (!w->told && w->waited_ms >= TELL_MS)
		tell(w);
	return 1;
}

int
foreign_lock_wait_set(struct foreign_lock_wait *w, sqlite3 *db)
{
	return sqlite3_busy_handler(db, on_busy, w);
}

void
foreign_lock_wait_over(struct foreign_lock_wait *w)
{
	INVARIANT(w->told == (w->waited_ms >= TELL_MS));
	if (w->told)
		log_event(
		    LOG_LEVEL_INFO, "store_unlocked", LOG_INT("waited_ms", w->waited_ms));
	w->waited_ms = 0;
	w->told = false;
}

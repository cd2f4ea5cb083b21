/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server under test: a machine that may lose its power at any moment.
 * A file of the folder $SYNC_ORDER is dirty from a write to the sync that began after it,
 * and its folder from the making or renaming of a file until the folder is synced. Into
 * $SYNC_ORDER.log goes a line for each
 *
 *   answer KIND PATH   an HTTP answer 2xx left while PATH was dirty (KIND file or
 * folder), or after a sync of it had failed (KIND lost) rename file PATH   PATH was dirty
 * when it took another file's name clean              an HTTP answer 2xx left, and
 * nothing was dirty
 *
 * The database itself is not looked at: a commit is in its log, and a checkpoint's syncs
 * are SQLite's own. With $FAIL_SYNC=n the n-th sync in the folder fails with EIO, and
 * what was dirty then stays so for ever, as Linux forgets such pages; `failed PATH` is
 * noted.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { FILES = 64, FDS = 4096, PATH_LEN = 512 };

struct file {
	char path[PATH_LEN];
	unsigned long writes;
	unsigned long synced; /* writes that are on the disk */
	int is_folder;
	int lost; /* a sync failed: nothing of it is sure any more */
};

static struct file files[FILES];
static int file_count;
static int file_of_fd[FDS]; /* index + 1 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int syncs;

#define REAL(name, ...) ((__VA_ARGS__)dlsym(RTLD_NEXT, #name))

static void
note(const char *what, const char *kind, const char *path)
{
	static int log = -1;
	char line[PATH_LEN + 64];
	char name[PATH_LEN];
	int n = snprintf(line, sizeof(line), "%s%s%s%s%s\n", what, *kind ? " " : "", kind,
	    *path ? " " : "", path);

	if (log < 0) {
		snprintf(name, sizeof(name), "%s.log", getenv("SYNC_ORDER"));
		log = REAL(open, int (*)(const char *, int, ...))(
		    name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	}
	if (REAL(write, ssize_t(*)(int, const void *, size_t))(log, line, (size_t)n) != n)
		abort();
}

static int
is_ours(const char *path)
{
	const char *folder = getenv("SYNC_ORDER");
	size_t len = folder == NULL ? 0 : strlen(folder);

	return len > 0 && strncmp(path, folder, len) == 0 &&
	       (path[len] == '\0' || path[len] == '/');
}

/* A checkpoint's writes, the map of the log, and messages of the trial carrier, which
 * promises nothing, are none of this. */
static int
is_watched(const char *path)
{
	size_t len = strlen(path);

	return !(len > 3 && strcmp(path + len - 3, ".db") == 0) &&
	       !(len > 4 && strcmp(path + len - 4, "-shm") == 0) &&
	       !(len > 6 && strcmp(path + len - 6, ".jsonl") == 0) &&
	       !(len > 5 && strcmp(path + len - 5, "/lock") == 0);
}

static struct file *
file_named(const char *path)
{
	for (int i = 0; i < file_count; i++)
		if (strcmp(files[i].path, path) == 0)
			return &files[i];
	if (file_count == FILES)
		abort();
	snprintf(files[file_count].path, PATH_LEN, "%s", path);
	return &files[file_count++];
}

static struct file *
file_at(int fd)
{
	int index = fd >= 0 && fd < FDS ? file_of_fd[fd] : 0;

	return index == 0 ? NULL : &files[index - 1];
}

static struct file *
folder_of(const char *path)
{
	char folder[PATH_LEN];
	struct file *f;
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash != NULL)
		*slash = '\0';
	f = file_named(folder);
	f->is_folder = 1;
	return f;
}

static void
opened(int fd, const char *path, int made)
{
	if (fd < 0 || fd >= FDS)
		return;
	pthread_mutex_lock(&lock);
	file_of_fd[fd] = 0;
	if (is_ours(path)) {
		file_of_fd[fd] = (int)(file_named(path) - files) + 1;
		if (made && is_watched(path))
			folder_of(path)->writes++;
	}
	pthread_mutex_unlock(&lock);
}

static int
open_as(const char *name, const char *path, int flags, mode_t mode)
{
	int (*f)(const char *, int, ...) =
	    (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
	int made = (flags & O_CREAT) != 0 && access(path, F_OK) != 0;
	int fd = f(path, flags, mode);

	opened(fd, path, made);
	return fd;
}

#define OPEN(name)                                                                       \
	int name(const char *path, int flags, ...)                                       \
	{                                                                                \
		va_list args;                                                            \
		mode_t mode;                                                             \
                                                                                         \
		va_start(args, flags);                                                   \
		mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;                \
		va_end(args);                                                            \
		return open_as(#name, path, flags, mode);                                \
	}

OPEN(open)
OPEN(open64)

int
close(int fd)
{
	pthread_mutex_lock(&lock);
	if (fd >= 0 && fd < FDS)
		file_of_fd[fd] = 0;
	pthread_mutex_unlock(&lock);
	return REAL(close, int (*)(int))(fd);
}

/* ---- writes ---- */

static void
wrote(int fd)
{
	struct file *f;

	pthread_mutex_lock(&lock);
	f = file_at(fd);
	if (f != NULL)
		f->writes++;
	pthread_mutex_unlock(&lock);
}

ssize_t
pwrite(int fd, const void *ptr, size_t len, off_t at)
{
	ssize_t n =
	    REAL(pwrite, ssize_t(*)(int, const void *, size_t, off_t))(fd, ptr, len, at);

	wrote(fd);
	return n;
}

ssize_t
pwrite64(int fd, const void *ptr, size_t len, off_t at)
{
	ssize_t n = REAL(pwrite64, ssize_t(*)(int, const void *, size_t, off_t))(
	    fd, ptr, len, at);

	wrote(fd);
	return n;
}

ssize_t
write(int fd, const void *ptr, size_t len)
{
	ssize_t n = REAL(write, ssize_t(*)(int, const void *, size_t))(fd, ptr, len);

	wrote(fd);
	return n;
}

/* ---- syncs ---- */

static int
sync_as(const char *name, int fd)
{
	const char *nth = getenv("FAIL_SYNC");
	unsigned long writes = 0;
	struct file *f;
	int fails = 0;
	int rc;

	pthread_mutex_lock(&lock);
	f = file_at(fd);
	if (f != NULL) {
		writes = f->writes;
		fails = nth != NULL && ++syncs == strtol(nth, NULL, 10);
		f->lost |= fails && writes > f->synced && !f->is_folder;
		if (fails)
			note("failed", "", f->path);
	}
	pthread_mutex_unlock(&lock);
	if (fails) {
		errno = EIO;
		return -1;
	}
	rc = ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
	pthread_mutex_lock(&lock);
	if (f != NULL && rc == 0 && writes > f->synced)
		f->synced = writes;
	pthread_mutex_unlock(&lock);
	return rc;
}

int
fsync(int fd)
{
	return sync_as("fsync", fd);
}

int
fdatasync(int fd)
{
	return sync_as("fdatasync", fd);
}

/* ---- what must be clean ---- */

static int
is_dirty(const struct file *f)
{
	return is_watched(f->path) && (f->writes > f->synced || f->lost);
}

int
rename(const char *from, const char *to)
{
	int rc;

	pthread_mutex_lock(&lock);
	if (is_ours(from) && is_dirty(file_named(from)))
		note("rename", "file", from);
	pthread_mutex_unlock(&lock);
	rc = REAL(rename, int (*)(const char *, const char *))(from, to);
	if (rc != 0 || !is_ours(to))
		return rc;
	pthread_mutex_lock(&lock);
	*file_named(to) = *file_named(from);
	snprintf(file_named(from)->path, PATH_LEN, "%s", to);
	folder_of(to)->writes++;
	pthread_mutex_unlock(&lock);
	return rc;
}

int
unlink(const char *path)
{
	int rc = REAL(unlink, int (*)(const char *))(path);

	pthread_mutex_lock(&lock);
	if (rc == 0 && is_ours(path))
		file_named(path)->synced = file_named(path)->writes;
	pthread_mutex_unlock(&lock);
	return rc;
}

static void
answered(void)
{
	int clean = 1;

	pthread_mutex_lock(&lock);
	for (int i = 0; i < file_count; i++) {
		struct stat st;

		if (!is_dirty(&files[i]) || stat(files[i].path, &st) != 0)
			continue;
		note("answer",
		    files[i].lost         ? "lost"
		    : S_ISDIR(st.st_mode) ? "folder"
					  : "file",
		    files[i].path);
		clean = 0;
	}
	if (clean)
		note("clean", "", "");
	pthread_mutex_unlock(&lock);
}

ssize_t
send(int fd, const void *ptr, size_t len, int flags)
{
	if (len > 10 && memcmp(ptr, "HTTP/1.1 2", 10) == 0)
		answered();
	return REAL(send, ssize_t(*)(int, const void *, size_t, int))(
	    fd, ptr, len, flags);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server under test. While the file $FSYNC_FAILS exists, writing to
 * stable storage fails with EIO, each time noted in $FSYNC_FAILS.log. While the file
 * $DISK_FULL exists, nothing can be written to a regular file: ENOSPC.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
is_set(const char *name)
{
	const char *trigger = getenv(name);

	return trigger != NULL && access(trigger, F_OK) == 0;
}

static int
sync_fails(void)
{
	char path[4096];
	int fd;

	if (!is_set("FSYNC_FAILS"))
		return 0;
	snprintf(path, sizeof(path), "%s.log", getenv("FSYNC_FAILS"));
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0) {
		/* not by write, which is one of those below */
		dprintf(fd, "x");
		close(fd);
	}
	errno = EIO;
	return 1;
}

static int
is_full(int fd)
{
	struct stat st;

	if (!is_set("DISK_FULL") || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return 0;
	errno = ENOSPC;
	return 1;
}

int
fsync(int fd)
{
	int (*f)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");

	return sync_fails() ? -1 : f(fd);
}

int
fdatasync(int fd)
{
	int (*f)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");

	return sync_fails() ? -1 : f(fd);
}

typedef ssize_t pwrite_f(int, const void *, size_t, off_t);

ssize_t
pwrite(int fd, const void *ptr, size_t len, off_t at)
{
	pwrite_f *f = (pwrite_f *)dlsym(RTLD_NEXT, "pwrite");

	return is_full(fd) ? -1 : f(fd, ptr, len, at);
}

ssize_t
pwrite64(int fd, const void *ptr, size_t len, off_t at)
{
	pwrite_f *f = (pwrite_f *)dlsym(RTLD_NEXT, "pwrite64");

	return is_full(fd) ? -1 : f(fd, ptr, len, at);
}

ssize_t
write(int fd, const void *ptr, size_t len)
{
	ssize_t (*f)(int, const void *, size_t) =
	    (ssize_t(*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");

	return is_full(fd) ? -1 : f(fd, ptr, len);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server under test: of a file whose name ends with $READ_FAILS the
 * first $READ_FAILS_AFTER octets can be read, and what is behind them is EIO, as of a
 * disk with a bad sector.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
is_bad(int fd)
{
	const char *end = getenv("READ_FAILS");
	char link[64];
	char path[4096];
	ssize_t len;

	if (end == NULL)
		return 0;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, sizeof(path) - 1);
	if (len < (ssize_t)strlen(end))
		return 0;
	path[len] = '\0';
	return strcmp(path + len - strlen(end), end) == 0;
}

ssize_t
read(int fd, void *to, size_t len)
{
	ssize_t (*f)(int, void *, size_t) =
	    (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	off_t at;
	off_t good;

	if (!is_bad(fd))
		return f(fd, to, len);
	at = lseek(fd, 0, SEEK_CUR);
	good = strtol(getenv("READ_FAILS_AFTER"), NULL, 10);
	if (at >= good) {
		errno = EIO;
		return -1;
	}
	return f(fd, to, len < (size_t)(good - at) ? len : (size_t)(good - at));
}

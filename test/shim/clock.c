/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server under test: a machine whose clocks a test moves. The file
 * $CLOCK_FILE is mapped; it has two numbers of 64 bits, in nanoseconds, that are added to
 * CLOCK_REALTIME and to CLOCK_BOOTTIME, and then the boot id, a text of 37 octets. The
 * main thread's wait for signals ends by that boot clock.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct moved {
	volatile int64_t wall_ns;
	volatile int64_t boot_ns;
	char boot_id[64];
};

static struct moved *
moved(void)
{
	static struct moved none;
	static struct moved *mapped;
	const char *path = getenv("CLOCK_FILE");
	int fd;

	if (mapped != NULL)
		return mapped;
	fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return &none;
	mapped = mmap(NULL, sizeof(*mapped), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	return mapped;
}

int
clock_gettime(clockid_t id, struct timespec *out)
{
	static int (*next)(clockid_t, struct timespec *);
	int64_t ns = 0;
	int rc;

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "clock_gettime");
	rc = next(id, out);
	if (id == CLOCK_REALTIME)
		ns = moved()->wall_ns;
	else if (id == CLOCK_BOOTTIME)
		ns = moved()->boot_ns;
	if (rc != 0 || ns == 0)
		return rc;
	ns += out->tv_nsec;
	out->tv_sec += ns / 1000000000;
	out->tv_nsec = ns % 1000000000;
	if (out->tv_nsec < 0) {
		out->tv_nsec += 1000000000;
		out->tv_sec--;
	}
	return 0;
}

static int64_t
boot_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000000000 + now.tv_nsec;
}

int
sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout)
{
	static int (*next)(const sigset_t *, siginfo_t *, const struct timespec *);
	static const struct timespec slice = {0, 20 * 1000000};
	int64_t until = boot_ns() + timeout->tv_sec * 1000000000 + timeout->tv_nsec;
	int got;

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "sigtimedwait");
	do
		got = next(set, info, &slice);
	while (got < 0 && errno == EAGAIN && boot_ns() < until);
	return got;
}

FILE *
fopen(const char *path, const char *mode)
{
	static FILE *(*next)(const char *, const char *);

	if (next == NULL)
		*(void **)&next = dlsym(RTLD_NEXT, "fopen");
	if (strcmp(path, "/proc/sys/kernel/random/boot_id") == 0 && moved()->boot_id[0])
		return fmemopen(moved()->boot_id, 37, "r");
	return next(path, mode);
}

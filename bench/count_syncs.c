/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server under test: counts its fsync and fdatasync calls in the file
 * that COUNT_SYNCS names, eight octets of the machine's own order.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static atomic_ulong *count;

__attribute__((constructor)) static void
set_up(void)
{
	const char *path = getenv("COUNT_SYNCS");
	int fd = path == NULL ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at;

	if (fd < 0 || ftruncate(fd, sizeof(*count)) != 0)
		return;
	at = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at != MAP_FAILED)
		count = at;
}

static int
counted(const char *name, int fd)
{
	int (*real)(int) = (int (*)(int))(uintptr_t)dlsym(RTLD_NEXT, name);

	if (count != NULL)
		atomic_fetch_add(count, 1);
	return real(fd);
}

int
fsync(int fd)
{
	return counted("fsync", fd);
}

int
fdatasync(int fd)
{
	return counted("fdatasync", fd);
}

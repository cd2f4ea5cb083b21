/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD: every accepted socket has little room for what is written, so that a
 * client that does not read is felt at once rather than after megabytes.
 */
#include <dlfcn.h>
#include <sys/socket.h>

int
accept4(int fd, struct sockaddr *from, socklen_t *len, int flags)
{
	static int (*next)(int, struct sockaddr *, socklen_t *, int);
	int room = 4096;
	int got;

	if (next == 0)
		*(void **)&next = dlsym(RTLD_NEXT, "accept4");
	got = next(fd, from, len, flags);
	if (got >= 0)
		setsockopt(got, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	return got;
}

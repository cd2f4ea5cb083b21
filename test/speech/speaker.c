/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program in the place of espeak-ng, which does what its voice (-v) says: `report` what
 * a child can do and has, or be one of those that do not end as they should.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *
outcome(int result)
{
	return result >= 0 ? "done" : strerrorname_np(errno);
}

static void
report_network(void)
{
	static const int families[] = {AF_INET, AF_INET6, AF_UNIX, AF_NETLINK, AF_PACKET};
	char ring[120] = "";
	int pair[2];

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		printf("socket %d: %s\n", families[i],
		    outcome(socket(families[i], SOCK_DGRAM, 0)));
	printf("pair: %s\n", outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)));
	printf("ring: %s\n", outcome((int)syscall(SYS_io_uring_setup, 1, ring)));
	printf("parent: %s\n",
	    outcome((int)syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0)));
}

static void
report_files(void)
{
	const char *path = getenv("HOME");
	int fd = memfd_create("x", 0);

	for (int i = 3; i < 1024; i++)
		if (i != fd && fcntl(i, F_GETFD) >= 0)
			printf("descriptor %d is open\n", i);
	printf("write: %s\n", outcome((int)write(fd, "x", 1)));
	printf("home: %s\n", path == NULL ? "none" : path);
}

static void
report_rest(int argc, char **argv)
{
	char text[100] = "";
	sigset_t blocked;
	struct rlimit core;

	getrlimit(RLIMIT_CORE, &core);
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	printf("core: %d, term blocked: %d\n", (int)core.rlim_max,
	    sigismember(&blocked, SIGTERM));
	for (int i = 1; i < argc; i++)
		printf("%s ", argv[i]);
	printf("< %s\n", fgets(text, sizeof(text), stdin));
}

int
main(int argc, char **argv)
{
	const char *voice = argc > 2 ? argv[2] : "";

	if (strcmp(voice, "sleep") == 0)
		sleep(60);
	if (strcmp(voice, "deaf") == 0 && close(STDOUT_FILENO) == 0)
		sleep(60);
	if (strcmp(voice, "refuse") == 0)
		return 1;
	if (strcmp(voice, "die") == 0)
		raise(SIGKILL);
	while (strcmp(voice, "endless") == 0)
		puts("and so on");
	report_network();
	report_files();
	report_rest(argc, argv);
	return 0;
}

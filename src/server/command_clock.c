/* SPDX-License-Identifier: Apache-2.0 */
/* A store whose time is ahead, because a clock was wrong for long, is put right. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/log.h"
#include "server/command.h"
#include "store/clock_lower.h"

static int
lower(const struct conf *conf)
{
	struct clock_lowered lowered;
	char why[256] = "";
	enum err e =
	    clock_lower(conf->data, clock_system.wall_ms(&clock_system), why, &lowered);

	if (e != OK)
		return cli_fail("%s", why);
	log_event(LOG_LEVEL_WARNING, "clock_lowered",
	    LOG_INT("seconds", lowered.by_ms / 1000), LOG_INT("pins", lowered.pins));
	printf("The store's time was %lld seconds ahead of the clock; %lld PINs have "
	       "another id now.\n",
	    (long long)(lowered.by_ms / 1000), (long long)lowered.pins);
	return EXIT_SUCCESS;
}

/* The same lock as a server's; -1: somebody has it, or there is none. */
static int
take_lock(const char *data)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/lock", data);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		cli_fail("%s: %s", path, strerror(errno));
	} else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		cli_fail("a watchword serves %s; stop it first", data);
		close(fd);
		fd = -1;
	}
	return fd;
}

int
command_clock_lower(const struct cli *cli)
{
	struct conf conf;
	int status = CLI_FAILED;
	int lock;

	if (cli_conf(cli, &conf) != OK)
		return CLI_FAILED;
	lock = take_lock(conf.data);
	if (lock >= 0) {
		status = lower(&conf);
		close(lock);
	}
	conf_fini(&conf);
	return status;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/log_watch.h"

#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

void
log_watch_init(struct log_watch *w, const char *database)
{
	static const char suffix[] = "-wal";
	size_t len = strlen(database) + sizeof(suffix);

	*w = (struct log_watch){.path = mem_array(len, 1), .fd = -1, .watch = -1};
	snprintf(w->path, len, "%s%s", database, suffix);
}

void
log_watch_fini(struct log_watch *w)
{
	if (w->fd >= 0)
		close(w->fd);
	mem_free(w->path);
}

int
log_watch_begin(struct log_watch *w)
{
	INVARIANT(w->watch < 0);
	if (w->fd < 0)
		w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->fd < 0)
		return -1;
	w->watch = inotify_add_watch(w->fd, w->path, IN_MODIFY | IN_CLOSE_WRITE);
	return w->watch < 0 ? -1 : w->fd;
}

void
log_watch_end(struct log_watch *w)
{
	char events[1024];

	if (w->watch < 0)
		return;
	(void)inotify_rm_watch(w->fd, w->watch);
	w->watch = -1;
	while (read(w->fd, events, sizeof(events)) > 0)
		continue;
}

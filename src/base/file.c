/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
err_of_errno(void)
{
	return errno == ENOSPC || errno == EDQUOT ? ERR_NO_SPACE : ERR_IO;
}

enum err
file_write_whole(int fd, struct span octets)
{
	while (octets.len > 0) {
		ssize_t n = write(fd, octets.ptr, octets.len);

		if (n < 0 && errno != EINTR)
			return err_of_errno();
		if (n > 0) {
			octets.ptr += n;
			octets.len -= (size_t)n;
		}
	}
	return fsync(fd) == 0 ? OK : err_of_errno();
}

/* "a/b", "a/b/", "b", "/b": what stands before the last name. */
static char *
folder_of(const char *path)
{
	char *folder = mem_text(path);
	size_t len = strlen(folder);

	while (len > 1 && folder[len - 1] == '/')
		len--;
	while (len > 0 && folder[len - 1] != '/')
		len--;
	while (len > 1 && folder[len - 1] == '/')
		len--;
	folder[len] = '\0';
	return folder;
}

enum err
file_sync_folder(const char *path)
{
	char *folder = folder_of(path);
	int fd =
	    open(folder[0] == '\0' ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = fd >= 0 && fsync(fd) == 0 ? OK : err_of_errno();

	if (fd >= 0)
		close(fd);
	mem_free(folder);
	return e;
}

enum err
file_make_folder(const char *path)
{
	if (mkdir(path, 0700) == 0)
		return file_sync_folder(path);
	return errno == EEXIST ? OK : err_of_errno();
}

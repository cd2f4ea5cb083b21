/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of secrets, as editors and deployments leave them: with a byte order mark, with
 * either end of line, with more lines behind the first. A text that cannot be a secret is
 * reported by the name of its file, as its length would only mislead.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/utf8.h"
#include "conf/conf_row.h"

enum { SECRET_MAX = 1024 * 16 };

/* systemd hands credentials over as files of a directory (systemd.exec(5)). */
static const char *
secret_path(struct arena *a, struct span name)
{
	static const char scheme[] = "credential:";
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	const char *path = arena_text(a, name);

	if (strncmp(path, scheme, sizeof(scheme) - 1) != 0)
		return path;
	return arena_printf(a, "%s/%s",
	    folder == NULL ? "no $CREDENTIALS_DIRECTORY" : folder,
	    path + sizeof(scheme) - 1);
}

/* A descriptor of a regular file; a FIFO would have to be waited for. */
static int
open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		return fd;
	errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
	close(fd);
	return -1;
}

/* The beginning of the file; false with errno when it cannot be read. */
static bool
read_begin(const char *path, char out[SECRET_MAX], size_t *len_out)
{
	int fd = open_file(path);
	ssize_t n = 1;

	*len_out = 0;
	if (fd < 0)
		return false;
	while (n > 0 && *len_out < SECRET_MAX) {
		n = read(fd, out + *len_out, SECRET_MAX - *len_out);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n > 0)
			*len_out += (size_t)n;
	}
	close(fd);
	return n >= 0;
}

static struct span
first_line(struct span s)
{
	s = utf8_without_mark(s);
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] == '\n' || s.ptr[i] == '\r')
			s.len = i;
	return s;
}

/* Why the line can be no secret of the row, or NULL. */
static const char *
line_fault(const struct conf_row *row, struct span line)
{
	bool whole = row->kind == CONF_SECRET_TEXT;

	if (memchr(line.ptr, '\0', line.len) != NULL)
		return whole ? "it holds a NUL octet; save it as UTF-8"
			     : "its first line holds a NUL octet; save it as UTF-8";
	if (line.len > 0 || row->min == 0)
		return NULL;
	return whole ? "it is empty" : "its first line is empty";
}

enum err
conf_secret_read(const struct conf_row *row, struct arena *a, struct span name,
    struct span *out, char why[CONF_WHY_MAX])
{
	const char *path = secret_path(a, name);
	char text[SECRET_MAX];
	struct span line = {text, 0};
	const char *fault;

	if (!read_begin(path, text, &line.len)) {
		snprintf(why, CONF_WHY_MAX, "%.150s: %s", path,
		    errno == EINVAL ? "it is no regular file" : strerror(errno));
		return ERR_IO;
	}
	line = row->kind == CONF_SECRET_TEXT ? utf8_without_mark(line) : first_line(line);
	fault = line_fault(row, line);
	if (fault != NULL)
		snprintf(why, CONF_WHY_MAX, "%.150s: %s", path, fault);
	else
		*out = span_of(arena_text(a, line));
	explicit_bzero(text, sizeof(text));
	return fault == NULL ? OK : ERR_INVALID;
}

const char *
conf_secret_remark(struct arena *a, struct span name)
{
	const char *path = secret_path(a, name);
	struct stat st;

	if (stat(path, &st) != 0 || (st.st_mode & S_IRWXO) == 0)
		return NULL;
	return arena_printf(a,
	    "%s: mode %04o lets everybody on this machine %s it; make it 0600", path,
	    (unsigned)st.st_mode & 07777u,
	    (st.st_mode & S_IROTH) != 0 ? "read" : "change");
}

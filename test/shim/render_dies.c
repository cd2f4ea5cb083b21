/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server under test. While the file $RENDER_DIES exists, reading the
 * placeholders of a message (a JSON object that begins with "poison") ends the process,
 * as a fault in rendering would; each time is noted in $RENDER_DIES.log.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

json_t *
json_loadb(const char *octets, size_t len, size_t flags, json_error_t *error)
{
	static const char begin[] = "{\"poison\"";
	json_t *(*real)(const char *, size_t, size_t, json_error_t *) =
	    (json_t * (*)(const char *, size_t, size_t, json_error_t *))
		dlsym(RTLD_NEXT, "json_loadb");
	const char *trigger = getenv("RENDER_DIES");
	char path[4096];
	int fd;

	if (trigger == NULL || access(trigger, F_OK) != 0 || len < sizeof(begin) - 1 ||
	    memcmp(octets, begin, sizeof(begin) - 1) != 0)
		return real(octets, len, flags, error);
	snprintf(path, sizeof(path), "%s.log", trigger);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dprintf(fd, "x");
	abort();
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration as an editor left it: a fault has a line, and nothing else happens. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "conf/conf.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char path[64];
	char said[4096];
	FILE *errors = fmemopen(said, sizeof(said), "w");
	int fd = memfd_create("conf", MFD_CLOEXEC);
	struct conf conf;
	enum err e;

	INVARIANT(errors != NULL && fd >= 0 && write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	conf_init(&conf);
	e = conf_load(&conf, path, errors);
	INVARIANT(e == OK || ftell(errors) > 0);
	conf_fini(&conf);
	fclose(errors);
	close(fd);
	return 0;
}

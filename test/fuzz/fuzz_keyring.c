/* SPDX-License-Identifier: Apache-2.0 */
/* A file of keys as a disk or a person left it: it opens, or a sentence says why not. */
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "fuzz.h"
#include "store/keyring.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	int fd = memfd_create("keyring", MFD_CLOEXEC);
	struct keyring *k = NULL;
	char why[256] = "";
	char path[64];

	secret_init();
	INVARIANT(fd >= 0 && fchmod(fd, 0600) == 0);
	INVARIANT(write(fd, data, len) == (ssize_t)len);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (keyring_open(path, &entropy_system, INT64_C(86400000), why, &k) == OK)
		keyring_free(k);
	else
		INVARIANT(why[0] != '\0');
	close(fd);
	return 0;
}

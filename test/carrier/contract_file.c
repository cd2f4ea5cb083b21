/* SPDX-License-Identifier: Apache-2.0 */
/* The file carrier has no peer but a file: it takes what it gets, at once. */
#include "carrier/contract.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

static void
start(struct contract *c)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/ww-contract-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	c->base = event_base_new();
	c->options.file = (struct carrier_file_options){.path = path};
	c->config = (struct carrier_config){
	    .name = "test", .type = "file", .options = &c->options};
}

static void
behave(struct contract *c, enum contract_way way)
{
	(void)c;
	assert_int_equal(way, WAY_ACCEPT);
}

static unsigned
lines(struct contract *c)
{
	FILE *f = fopen(path, "r");
	unsigned n = 0;
	int octet;

	(void)c;
	assert_non_null(f);
	while ((octet = fgetc(f)) != EOF)
		n += octet == '\n';
	fclose(f);
	return n;
}

static void
stop(struct contract *c)
{
	unlink(path);
	event_base_free(c->base);
}

const struct contract_peer contract_file = {.name = "file",
    .channels = CHANNELS_ALL,
    .ways = 1u << WAY_ACCEPT,
    .instant = true,
    .start = start,
    .behave = behave,
    .submits = lines,
    .stop = stop};

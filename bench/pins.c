/* SPDX-License-Identifier: Apache-2.0 */
#include "pins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PLACES = 1 << 21, LINES_LEN = 1 << 18 };

struct pins {
	int fd;
	uint64_t count; /* ever */
	struct pin *ring;
	uint32_t *places; /* by hash of the id: ring index + 1; newer ones win */
	char lines[LINES_LEN];
	size_t len;
};

struct pins *
pins_open(const char *path)
{
	struct pins *p = mem_new(sizeof(*p));

	p->fd = -1;
	p->ring = mem_array(PINS_MAX, sizeof(*p->ring));
	p->places = mem_array(PLACES, sizeof(*p->places));
	if (path == NULL)
		return p;
	/* for writing too, so that it never ends while the server is away */
	p->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (p->fd < 0)
		panic("%s: %s", path, strerror(errno));
	(void)fcntl(p->fd, F_SETPIPE_SZ, 1 << 20);
	return p;
}

int
pins_fd(const struct pins *p)
{
	return p->fd;
}

static uint32_t
place_of(const char *id)
{
	uint32_t hash = 2166136261u;

	for (const char *c = id; *c != '\0'; c++)
		hash = (hash ^ (uint8_t)*c) * 16777619u;
	return hash % PLACES;
}

/* The text between two others, into `out`; false when it does not fit or is not there. */
static bool
between(struct span line, const char *before, char after, char *out, size_t out_len)
{
	const char *from = memmem(line.ptr, line.len, before, strlen(before));
	const char *to;

	if (from == NULL)
		return false;
	from += strlen(before);
	to = memchr(from, after, (size_t)(line.ptr + line.len - from));
	if (to == NULL || (size_t)(to - from) >= out_len)
		return false;
	memcpy(out, from, (size_t)(to - from));
	out[to - from] = '\0';
	return true;
}

static void
take_line(struct pins *p, struct span line)
{
	struct pin pin;
	uint32_t at = (uint32_t)(p->count % PINS_MAX);

	if (!between(line, "\"pinId\":\"", '"', pin.id, sizeof(pin.id)) ||
	    !between(line, "[", ']', pin.code, sizeof(pin.code)))
		return;
	p->ring[at] = pin;
	p->places[place_of(pin.id)] = at + 1;
	p->count++;
}

void
pins_read(struct pins *p)
{
	ssize_t n;
	size_t done = 0;
	char *end;

	n = read(p->fd, p->lines + p->len, LINES_LEN - p->len);
	if (n <= 0)
		return;
	p->len += (size_t)n;
	while ((end = memchr(p->lines + done, '\n', p->len - done)) != NULL) {
		take_line(
		    p, (struct span){p->lines + done, (size_t)(end - (p->lines + done))});
		done = (size_t)(end - p->lines) + 1;
	}
	INVARIANT(done > 0 || p->len < LINES_LEN);
	memmove(p->lines, p->lines + done, p->len - done);
	p->len -= done;
}

uint64_t
pins_count(const struct pins *p)
{
	return p->count;
}

const struct pin *
pins_any(const struct pins *p, uint64_t random)
{
	INVARIANT(p->count > 0);
	return &p->ring[random % (p->count < PINS_MAX ? p->count : PINS_MAX)];
}

const struct pin *
pins_find(const struct pins *p, const char *id)
{
	uint32_t at = p->places[place_of(id)];

	if (at == 0 || strcmp(p->ring[at - 1].id, id) != 0)
		return NULL;
	return &p->ring[at - 1];
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "speech/phrase_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "speech/wav.h"

enum {
	NAME_KEY_LEN = 16,
	NAME_LEN = 2 * NAME_KEY_LEN + 4,
	MAGIC_LEN = 8,
	HEAD_LEN = MAGIC_LEN + SECRET_HASH_LEN,
	LEN_MAX = WAV_SECONDS_MAX * 16000 + HEAD_LEN,
	MADE_BY_MAX = 5000
};

#define FILE_HEAD "WWSOUND1"
#define ENDING ".pcm"
#define MAKER "made-by"
#define HALF_DONE "half-done"

struct phrase_cache {
	unsigned magic;
	int folder;
	size_t len; /* of all files */
	size_t len_max;
};

enum { CACHE_MAGIC = 0x9a7a5ecf };

struct kept {
	char name[NAME_LEN + 1];
	struct timespec used;
	size_t len;
};

static void
name_of(const uint8_t key[SOUND_TABLE_KEY_LEN], char name[NAME_LEN + 1])
{
	secret_hex_lower(key, NAME_KEY_LEN, name);
	memcpy(name + (ptrdiff_t)2 * NAME_KEY_LEN, ENDING, sizeof(ENDING));
}

/* ---- octets ---- */

static void
put_samples(struct buf *out, const struct sound *s)
{
	for (size_t i = 0; i < s->count; i++) {
		uint16_t sample = (uint16_t)s->samples[i];

		buf_add_char(out, (char)(sample & 0xff));
		buf_add_char(out, (char)(sample >> 8));
	}
}

static void
checksum(const uint8_t key[SOUND_TABLE_KEY_LEN], struct span samples,
    uint8_t out[SECRET_HASH_LEN])
{
	struct buf all;

	buf_init(&all, SOUND_TABLE_KEY_LEN + samples.len);
	buf_add(&all, key, SOUND_TABLE_KEY_LEN);
	buf_add(&all, samples.ptr, samples.len);
	secret_hash(buf_span(&all), out);
	buf_fini(&all);
}

static struct sound *
sound_from(const uint8_t key[SOUND_TABLE_KEY_LEN], struct span octets)
{
	struct span samples = {octets.ptr + HEAD_LEN, octets.len - HEAD_LEN};
	uint8_t sum[SECRET_HASH_LEN];
	struct sound *s;

	checksum(key, samples, sum);
	if (memcmp(octets.ptr, FILE_HEAD, MAGIC_LEN) != 0 ||
	    memcmp(octets.ptr + MAGIC_LEN, sum, sizeof(sum)) != 0)
		return NULL;
	s = sound_table_sound(NULL, samples.len / sizeof(*s->samples));
	for (size_t i = 0; i < s->count; i++)
		s->samples[i] = (int16_t)((uint8_t)samples.ptr[2 * i] |
					  (uint8_t)samples.ptr[2 * i + 1] << 8);
	return s;
}

/* ---- the folder ---- */

static bool
is_kept(const char *name)
{
	return strlen(name) == NAME_LEN &&
	       strspn(name, "0123456789abcdef") == (size_t)2 * NAME_KEY_LEN &&
	       strcmp(name + (ptrdiff_t)2 * NAME_KEY_LEN, ENDING) == 0;
}

/* Calls `see` for each file; how many there are. */
static size_t
each_kept(struct phrase_cache *c,
    void (*see)(
	struct phrase_cache *c, const char *name, const struct stat *st, void *ctx),
    void *ctx)
{
	int fd = openat(c->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	struct stat st;
	size_t n = 0;

	if (d == NULL && fd >= 0)
		close(fd);
	while (d != NULL && (e = readdir(d)) != NULL) {
		if (!is_kept(e->d_name) ||
		    fstatat(c->folder, e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		see(c, e->d_name, &st, ctx);
		n++;
	}
	if (d != NULL)
		closedir(d);
	return n;
}

static void
remove_it(struct phrase_cache *c, const char *name, const struct stat *st, void *ctx)
{
	(void)ctx;
	if (unlinkat(c->folder, name, 0) == 0)
		c->len -= c->len < (size_t)st->st_size ? c->len : (size_t)st->st_size;
}

static void
count_it(struct phrase_cache *c, const char *name, const struct stat *st, void *ctx)
{
	(void)name;
	(void)ctx;
	c->len += (size_t)st->st_size;
}

static void
note_it(struct phrase_cache *c, const char *name, const struct stat *st, void *ctx)
{
	struct buf *all = ctx;
	struct kept k = {.used = st->st_mtim, .len = (size_t)st->st_size};

	(void)c;
	memcpy(k.name, name, NAME_LEN);
	buf_add(all, &k, sizeof(k));
}

static int
by_age(const void *a, const void *b)
{
	const struct kept *x = a;
	const struct kept *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	return (x->used.tv_nsec > y->used.tv_nsec) - (x->used.tv_nsec < y->used.tv_nsec);
}

/* The oldest leave until a quarter is free, so that this is not done for each. */
static void
make_room(struct phrase_cache *c)
{
	const struct kept *all;
	struct buf octets;
	size_t n;

	buf_init(&octets, SIZE_MAX);
	c->len = 0;
	(void)each_kept(c, count_it, NULL);
	n = each_kept(c, note_it, &octets);
	all = (const void *)octets.ptr;
	if (n > 0)
		qsort(octets.ptr, n, sizeof(*all), by_age);
	for (size_t i = 0; i < n && c->len > c->len_max / 4 * 3; i++)
		if (unlinkat(c->folder, all[i].name, 0) == 0)
			c->len -= all[i].len < c->len ? all[i].len : c->len;
	buf_fini(&octets);
}

/* ---- files ---- */

/* All of a file up to a length; false: it is not there, or longer. */
static bool
read_file(const struct phrase_cache *c, const char *name, struct buf *out)
{
	int fd = openat(c->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char octets[16384];
	ssize_t n = 1;

	if (fd < 0)
		return false;
	while (n > 0 && !out->failed) {
		n = read(fd, octets, sizeof(octets));
		if (n > 0)
			buf_add(out, octets, (size_t)n);
	}
	close(fd);
	return n == 0 && !out->failed;
}

static enum err
write_file(const struct phrase_cache *c, const char *name, struct span octets)
{
	int fd =
	    openat(c->folder, HALF_DONE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t n;

	if (fd < 0)
		return errno == ENOSPC ? ERR_NO_SPACE : ERR_IO;
	n = write(fd, octets.ptr, octets.len);
	close(fd);
	if (n == (ssize_t)octets.len &&
	    renameat(c->folder, HALF_DONE, c->folder, name) == 0)
		return OK;
	(void)unlinkat(c->folder, HALF_DONE, 0);
	return n >= 0 && n < (ssize_t)octets.len ? ERR_NO_SPACE : ERR_IO;
}

struct sound *
phrase_cache_load(struct phrase_cache *c, const uint8_t key[SOUND_TABLE_KEY_LEN])
{
	struct sound *s = NULL;
	char name[NAME_LEN + 1];
	struct buf octets;
	bool there;

	CHECK_OBJ(c, CACHE_MAGIC);
	name_of(key, name);
	buf_init(&octets, LEN_MAX);
	there = read_file(c, name, &octets);
	if (there && octets.len >= HEAD_LEN && octets.len % 2 == 0)
		s = sound_from(key, buf_span(&octets));
	if (s != NULL)
		(void)utimensat(c->folder, name, NULL, 0);
	else if (there || octets.failed)
		(void)unlinkat(c->folder, name, 0);
	buf_fini(&octets);
	return s;
}

enum err
phrase_cache_save(
    struct phrase_cache *c, const uint8_t key[SOUND_TABLE_KEY_LEN], const struct sound *s)
{
	uint8_t sum[SECRET_HASH_LEN];
	char name[NAME_LEN + 1];
	struct buf samples;
	struct buf octets;
	enum err e;

	CHECK_OBJ(c, CACHE_MAGIC);
	name_of(key, name);
	buf_init(&samples, LEN_MAX - HEAD_LEN);
	buf_init(&octets, LEN_MAX);
	put_samples(&samples, s);
	checksum(key, buf_span(&samples), sum);
	buf_add_text(&octets, FILE_HEAD);
	buf_add(&octets, sum, sizeof(sum));
	buf_add(&octets, samples.ptr, samples.len);
	e = samples.failed ? ERR_NO_SPACE : write_file(c, name, buf_span(&octets));
	if (e == OK)
		c->len += octets.len;
	if (c->len > c->len_max)
		make_room(c);
	buf_fini(&octets);
	buf_fini(&samples);
	return e;
}

/* ---- life ---- */

static void
forget_of_others(struct phrase_cache *c, const char *made_by)
{
	struct buf before;

	buf_init(&before, MADE_BY_MAX);
	if (!read_file(c, MAKER, &before) ||
	    !span_equal_text(buf_span(&before), made_by)) {
		(void)each_kept(c, remove_it, NULL);
		(void)!write_file(c, MAKER, span_of(made_by));
	}
	buf_fini(&before);
}

enum err
phrase_cache_open(const char *folder, size_t len_max, const char *made_by, char why[256],
    struct phrase_cache **out)
{
	struct phrase_cache *c = mem_new(sizeof(*c));

	c->magic = CACHE_MAGIC;
	c->len_max = len_max;
	c->folder = -1;
	if (file_make_folder(folder) == OK)
		c->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->folder < 0) {
		snprintf(why, 256, "%.180s: %s", folder, strerror(errno));
		phrase_cache_close(c);
		return ERR_IO;
	}
	if (made_by[0] != '\0')
		forget_of_others(c, made_by);
	(void)each_kept(c, count_it, NULL);
	if (c->len > c->len_max)
		make_room(c);
	*out = c;
	return OK;
}

void
phrase_cache_close(struct phrase_cache *c)
{
	if (c == NULL)
		return;
	CHECK_OBJ(c, CACHE_MAGIC);
	if (c->folder >= 0)
		close(c->folder);
	mem_free(c);
}

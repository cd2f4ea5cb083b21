/* SPDX-License-Identifier: Apache-2.0 */
/* Phrases on disk: whole or not there, never more than their share. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "speech/phrase_cache.h"
#include "unit/unit.h"

enum { COUNT = 4000 };

static char base[] = "/tmp/ww-phrases-XXXXXX";
static char folder[64];

static struct phrase_cache *
open_cache(size_t len_max, const char *maker)
{
	struct phrase_cache *c = NULL;
	char why[256] = "";

	assert_int_equal(phrase_cache_open(folder, len_max, maker, why, &c), OK);
	return c;
}

static void
key_of(unsigned n, uint8_t key[SOUND_TABLE_KEY_LEN])
{
	secret_hash((struct span){(const char *)&n, sizeof(n)}, key);
}

static struct sound *
sound_of(unsigned n)
{
	struct sound *s = sound_table_sound(NULL, COUNT);

	for (size_t i = 0; i < COUNT; i++)
		s->samples[i] = (int16_t)(n * 77 + i * 31);
	return s;
}

static void
save(struct phrase_cache *c, unsigned n)
{
	uint8_t key[SOUND_TABLE_KEY_LEN];
	struct sound *s = sound_of(n);

	key_of(n, key);
	assert_int_equal(phrase_cache_save(c, key, s), OK);
	sound_table_drop(s);
}

static bool
has(struct phrase_cache *c, unsigned n)
{
	uint8_t key[SOUND_TABLE_KEY_LEN];
	struct sound *want = sound_of(n);
	struct sound *s;
	bool found;

	key_of(n, key);
	s = phrase_cache_load(c, key);
	found = s != NULL;
	if (found) {
		assert_int_equal(s->count, COUNT);
		assert_memory_equal(s->samples, want->samples, COUNT * 2);
	}
	sound_table_drop(s);
	sound_table_drop(want);
	return found;
}

static void
path_of(unsigned n, char path[256])
{
	uint8_t key[SOUND_TABLE_KEY_LEN];
	char name[40];

	key_of(n, key);
	secret_hex_lower(key, 16, name);
	snprintf(path, 256, "%s/%s.pcm", folder, name);
}

static size_t
octets(void)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	struct stat st;
	size_t sum = 0;

	while ((e = readdir(d)) != NULL)
		if (strstr(e->d_name, ".pcm") != NULL &&
		    fstatat(dirfd(d), e->d_name, &st, 0) == 0)
			sum += (size_t)st.st_size;
	closedir(d);
	return sum;
}

static void
test_a_phrase_is_there_after_a_restart(void **state)
{
	struct phrase_cache *c = open_cache(1 << 20, "a");
	char path[256];
	struct stat st;

	(void)state;
	assert_false(has(c, 1));
	save(c, 1);
	assert_true(has(c, 1));
	phrase_cache_close(c);
	c = open_cache(1 << 20, "a");
	assert_true(has(c, 1));
	path_of(1, path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	phrase_cache_close(c);
	c = open_cache(1 << 20, "another");
	assert_false(has(c, 1));
	phrase_cache_close(c);
}

static void
test_a_damaged_one_is_not_there(void **state)
{
	static const long places[] = {0, 7, 8, 39, 40, 41, 4000, 2 * COUNT + 39};
	struct phrase_cache *c = open_cache(1 << 20, "a");
	char path[256];
	char other[256];

	(void)state;
	path_of(2, path);
	path_of(3, other);
	for (size_t i = 0; i < countof(places); i++) {
		char octet;
		FILE *f;

		save(c, 2);
		f = fopen(path, "r+");
		assert_int_equal(fseek(f, places[i], SEEK_SET), 0);
		octet = (char)(fgetc(f) ^ 1);
		assert_int_equal(fseek(f, places[i], SEEK_SET), 0);
		fputc(octet, f);
		fclose(f);
		check_case(i, !has(c, 2));
		check_case(i, access(path, F_OK) != 0);
	}
	for (long len = 0; len < 100; len += 13) {
		save(c, 2);
		assert_int_equal(truncate(path, len), 0);
		assert_false(has(c, 2));
	}
	/* whole, and under the name of another */
	save(c, 2);
	assert_int_equal(rename(path, other), 0);
	assert_false(has(c, 3));
	assert_int_equal(symlink("/dev/zero", path), 0);
	assert_false(has(c, 2));
	(void)unlink(path);
	phrase_cache_close(c);
}

static void
test_the_oldest_leave(void **state)
{
	enum { ROOM = 10 * (2 * COUNT + 40) };
	struct phrase_cache *c = open_cache(ROOM, "a");

	(void)state;
	for (unsigned n = 100; n < 140; n++) {
		save(c, n);
		assert_true(octets() <= ROOM);
		assert_true(has(c, n));
		usleep(2000); /* so that one is older than the other */
	}
	assert_false(has(c, 100));
	assert_true(has(c, 138));
	phrase_cache_close(c);
	c = open_cache(ROOM / 4, "a");
	assert_true(octets() <= ROOM / 4);
	assert_true(has(c, 139) || has(c, 138));
	phrase_cache_close(c);
}

static void
test_a_place_that_is_none(void **state)
{
	struct phrase_cache *c = NULL;
	char why[256] = "";

	(void)state;
	assert_int_equal(phrase_cache_open("/dev/null/x", 1, "", why, &c), ERR_IO);
	assert_string_equal(why, "/dev/null/x: Not a directory");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_phrase_is_there_after_a_restart),
	    cmocka_unit_test(test_a_damaged_one_is_not_there),
	    cmocka_unit_test(test_the_oldest_leave),
	    cmocka_unit_test(test_a_place_that_is_none),
	};
	char command[128];
	int failed;

	secret_init();
	if (mkdtemp(base) == NULL)
		return 1;
	snprintf(folder, sizeof(folder), "%s/speech", base);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", base);
	return system(command) == 0 ? failed : 1;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/keyring.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/secret.h"
#include "twofa/period.h"

#define KEYRING_MAGIC 0x6e7817ceu
/* A key outlives its last PIN by this, for clocks that disagree. */
#define GRACE_MS PERIOD_MS_MINUTE
/* The life that not_after covers from the start, so that usual lives never rewrite the
 * file. */
#define USUAL_TTL_MS PERIOD_MS_HOUR
#define FILE_LEN_MAX (256u * 1024)

enum { SUM_TEXT_LEN = 8, HEX_LEN = 2 * PIN_KEY_LEN, LINE_LEN_MAX = 256 };

struct key {
	int64_t id;
	int64_t created_ms;
	int64_t not_after_ms;
	uint8_t bytes[PIN_KEY_LEN];
};

struct keyring {
	unsigned magic;
	char *path;
	const struct entropy *entropy;
	int64_t rotation_ms;
	pthread_mutex_t lock;
	int64_t floor; /* numbers up to this one are taken */
	size_t count;
	struct key *keys; /* oldest first, in locked memory */
};

/* The check sum of a line: of all that stands before the blank in front of it. */
static void
sum_line(struct span line, char out[SUM_TEXT_LEN + 1])
{
	uint8_t hash[SECRET_HASH_LEN];

	secret_hash(line, hash);
	secret_hex_lower(hash, SUM_TEXT_LEN / 2, out);
}

static void
put_key(struct buf *b, const struct key *k)
{
	char line[LINE_LEN_MAX];
	char sum[SUM_TEXT_LEN + 1];
	int len = snprintf(line, sizeof(line) - 2 * PIN_KEY_LEN,
	    "%" PRId64 " %" PRId64 " %" PRId64 " ", k->id, k->created_ms,
	    k->not_after_ms);

	secret_hex_lower(k->bytes, PIN_KEY_LEN, line + len);
	sum_line(span_of(line), sum);
	buf_add_text(b, line);
	buf_add_char(b, ' ');
	buf_add_text(b, sum);
	buf_add_char(b, '\n');
	secret_wipe(line, sizeof(line));
}

static enum err
err_of_errno(void)
{
	return errno == ENOSPC || errno == EDQUOT ? ERR_NO_SPACE : ERR_IO;
}

static enum err
replace_file(const char *path, struct span content)
{
	size_t len = strlen(path) + 5;
	char *temporary = mem_new(len);
	int fd;
	enum err e;

	snprintf(temporary, len, "%s.new", path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	e = fd < 0 ? err_of_errno() : file_write_whole(fd, content);
	if (fd >= 0)
		close(fd);
	if (e == OK && rename(temporary, path) != 0)
		e = err_of_errno();
	if (e == OK)
		e = file_sync_folder(path);
	else
		unlink(temporary);
	mem_free(temporary);
	return e;
}

static enum err
save(const struct keyring *k)
{
	struct buf b;
	enum err e;

	buf_init(&b, FILE_LEN_MAX);
	buf_add_text(&b,
	    "# Watchword keys: key_id created not_after key check_sum. Keep it secret, "
	    "keep it apart from backups of the store.\n");
	for (size_t i = 0; i < k->count; i++)
		put_key(&b, &k->keys[i]);
	INVARIANT(!b.failed);
	e = replace_file(k->path, buf_span(&b));
	buf_fini(&b);
	return e;
}

/* A line from before there were sums has none: what follows its key is the line's end. */
static bool
sum_is_right(const char *line, const char *after_key)
{
	char sum[SUM_TEXT_LEN + 1];

	if (*after_key == '\0')
		return true;
	sum_line((struct span){line, (size_t)(after_key - line)}, sum);
	return *after_key == ' ' && strcmp(after_key + 1, sum) == 0;
}

/* NULL, or what is wrong with the line. */
static const char *
parse_line(const char *line, struct key *out)
{
	const char *at = line;
	int64_t *const numbers[] = {&out->id, &out->created_ms, &out->not_after_ms};

	for (size_t i = 0; i < countof(numbers); i++) {
		char *end;

		errno = 0;
		*numbers[i] = strtoll(at, &end, 10);
		if (errno != 0 || end == at || *end != ' ' || *numbers[i] < 0 ||
		    *numbers[i] > KEYRING_ID_MAX)
			return "is no key";
		at = end + 1;
	}
	if (strlen(at) < HEX_LEN ||
	    !secret_from_hex((struct span){at, HEX_LEN}, out->bytes, PIN_KEY_LEN))
		return "is no key";
	return sum_is_right(line, at + HEX_LEN)
		   ? NULL
		   : "is not what was written: its check sum differs";
}

/* Lines may be put together by hand, from two copies of the file. */
static void
put_in_order(struct keyring *k)
{
	size_t at = k->count;
	struct key fresh = k->keys[at];

	for (; at > 0 && k->keys[at - 1].id > fresh.id; at--)
		k->keys[at] = k->keys[at - 1];
	k->keys[at] = fresh;
	k->count++;
	secret_wipe(&fresh, sizeof(fresh));
}

/* Two copies of one key: the longer life holds, as a PIN may need it so long. False: they
 * are two keys of one number. */
static bool
merge(struct key *into, const struct key *other)
{
	if (memcmp(into->bytes, other->bytes, PIN_KEY_LEN) != 0)
		return false;
	if (into->not_after_ms < other->not_after_ms)
		into->not_after_ms = other->not_after_ms;
	return true;
}

/* NULL, or what is wrong with the line: two keys of one number are one too many. */
static const char *
take_line(struct keyring *k, const char *line)
{
	struct key *key = &k->keys[k->count];
	const char *wrong = k->count == KEYRING_KEYS_MAX ? "is one key too many" : NULL;

	if (wrong == NULL)
		wrong = parse_line(line, key);
	for (size_t i = 0; wrong == NULL && i < k->count; i++)
		if (k->keys[i].id == key->id)
			return merge(&k->keys[i], key)
				   ? NULL
				   : "has a number that another key has too";
	if (wrong == NULL)
		put_in_order(k);
	return wrong;
}

static const char damaged[] =
    "Nothing was changed. Put the copy back, or move the file away: PINs of its keys are "
    "answered 503 then";

/* A file without a key was cut short: one at least is always written. */
/* The path as far as a sentence has room: its end, which names the file. */
static const char *
shown(const struct keyring *k)
{
	enum { SHOWN_MAX = 90 };
	size_t len = strlen(k->path);

	return k->path + (len > SHOWN_MAX ? len - SHOWN_MAX : 0);
}

static enum err
parse(struct keyring *k, char *text, char why[256])
{
	unsigned number = 0;
	char *next;

	for (char *line = text; line != NULL && *line != '\0'; line = next) {
		const char *wrong = NULL;

		number++;
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (*line != '#' && *line != '\0')
			wrong = take_line(k, line);
		if (wrong == NULL)
			continue;
		snprintf(
		    why, 256, "%s: line %u %s. %s", shown(k), number, wrong, damaged);
		return ERR_CORRUPT;
	}
	if (k->count > 0)
		return OK;
	snprintf(why, 256, "%s: has no key in it. %s", shown(k), damaged);
	return ERR_CORRUPT;
}

/* All of it: an error in the midst is not the end of the file. */
static enum err
read_all(int fd, char text[FILE_LEN_MAX + 1], size_t *len_out)
{
	ssize_t n = 1;

	*len_out = 0;
	while (n != 0 && *len_out < FILE_LEN_MAX) {
		n = read(fd, text + *len_out, FILE_LEN_MAX - *len_out);
		if (n < 0 && errno != EINTR)
			return ERR_IO;
		if (n > 0)
			*len_out += (size_t)n;
	}
	return OK;
}

static enum err
read_file(struct keyring *k, int fd, char why[256])
{
	char *text = mem_new(FILE_LEN_MAX + 1);
	size_t len;
	enum err e = read_all(fd, text, &len);

	if (e != OK)
		snprintf(why, 256, "%s: %s", shown(k), strerror(errno));
	else if (len == FILE_LEN_MAX || memchr(text, '\0', len) != NULL)
		e = ERR_CORRUPT;
	if (e == ERR_CORRUPT)
		snprintf(why, 256, "%s: %s. %s", shown(k),
		    len == FILE_LEN_MAX ? "is too long" : "has a NUL octet in it",
		    damaged);
	if (e == OK)
		e = parse(k, text, why);
	mem_free(text);
	return e;
}

/* Opening a FIFO to read would wait for a writer. */
static enum err
load(struct keyring *k, char why[256])
{
	int fd = open(k->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	enum err e = OK;

	if (fd < 0 && errno == ENOENT)
		return OK;
	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(why, 256, "%s: %s", shown(k), strerror(errno));
		e = ERR_IO;
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(why, 256, "%s: is no file", shown(k));
		e = ERR_IO;
	} else if ((st.st_mode & 077) != 0) {
		snprintf(why, 256, "%s: mode %04o lets others read it; it must be 0600",
		    shown(k), st.st_mode & 07777);
		e = ERR_FORBIDDEN;
	} else {
		e = read_file(k, fd, why);
	}
	if (fd >= 0)
		close(fd);
	return e;
}

enum err
keyring_open(const char *path, const struct entropy *e, int64_t rotation_ms,
    char why[256], struct keyring **out)
{
	struct keyring *k = mem_new(sizeof(*k));
	enum err err;

	k->magic = KEYRING_MAGIC;
	k->path = mem_text(path);
	k->entropy = e;
	k->rotation_ms = rotation_ms;
	pthread_mutex_init(&k->lock, NULL);
	k->keys = sodium_allocarray(KEYRING_KEYS_MAX, sizeof(*k->keys));
	if (k->keys == NULL)
		panic("no memory for the keyring");
	err = load(k, why);
	if (err == OK)
		*out = k;
	else
		keyring_free(k);
	return err;
}

void
keyring_free(struct keyring *k)
{
	if (k == NULL)
		return;
	CHECK_OBJ(k, KEYRING_MAGIC);
	sodium_free(k->keys);
	pthread_mutex_destroy(&k->lock);
	mem_free(k->path);
	mem_free(k);
}

/* The newest key is never dropped: it is the one in use, or about to be replaced. */
static unsigned
drop_expired(struct keyring *k, int64_t now_ms)
{
	unsigned dropped = 0;

	for (size_t i = 0; i + 1 < k->count;) {
		if (k->keys[i].not_after_ms + GRACE_MS > now_ms) {
			i++;
			continue;
		}
		memmove(
		    &k->keys[i], &k->keys[i + 1], (k->count - i - 1) * sizeof(*k->keys));
		secret_wipe(&k->keys[--k->count], sizeof(*k->keys));
		dropped++;
	}
	return dropped;
}

static enum err
rotate(struct keyring *k, int64_t now_ms)
{
	struct key *fresh;
	enum err e;

	INVARIANT(k->count < KEYRING_KEYS_MAX);
	fresh = &k->keys[k->count];
	fresh->created_ms = now_ms;
	fresh->id = now_ms;
	if (k->count > 0 && k->floor < k->keys[k->count - 1].id)
		k->floor = k->keys[k->count - 1].id;
	if (fresh->id <= k->floor)
		fresh->id = k->floor + 1;
	INVARIANT(k->count == 0 || fresh->id > k->keys[k->count - 1].id);
	fresh->not_after_ms = now_ms + k->rotation_ms + USUAL_TTL_MS;
	k->entropy->fill(k->entropy, fresh->bytes, PIN_KEY_LEN);
	k->count++;
	e = save(k);
	if (e != OK)
		secret_wipe(&k->keys[--k->count], sizeof(*fresh));
	return e;
}

/* One of the future is of a time that was lowered (clock_lower.h). A keyring that is full
 * of keys goes on with its newest: each older one may have PINs that are out. */
static bool
needs_rotation(const struct keyring *k, int64_t now_ms)
{
	const struct key *newest = k->count == 0 ? NULL : &k->keys[k->count - 1];

	if (k->count == KEYRING_KEYS_MAX)
		return false;
	return newest == NULL || now_ms >= newest->created_ms + k->rotation_ms ||
	       newest->created_ms - now_ms > PERIOD_MS_MINUTE;
}

/* A longer life than any before it: cover it for the whole time the key is in use, which
 * is one more period when its own is over. */
static enum err
cover(struct keyring *k, struct key *newest, int64_t now_ms, int64_t life_ms)
{
	int64_t before = newest->not_after_ms;
	int64_t in_use_ms = newest->created_ms + k->rotation_ms;
	enum err e;

	if (in_use_ms < now_ms)
		in_use_ms = now_ms + k->rotation_ms;
	newest->not_after_ms = in_use_ms + life_ms;
	e = save(k);
	if (e != OK)
		newest->not_after_ms = before;
	return e;
}

enum err
keyring_current(
    struct keyring *k, int64_t now_ms, int64_t expires_at_ms, int64_t *key_id_out)
{
	enum err e = OK;
	struct key *newest;

	CHECK_OBJ(k, KEYRING_MAGIC);
	pthread_mutex_lock(&k->lock);
	if (needs_rotation(k, now_ms))
		e = rotate(k, now_ms);
	if (e == OK) {
		newest = &k->keys[k->count - 1];
		if (expires_at_ms > newest->not_after_ms)
			e = cover(k, newest, now_ms, expires_at_ms - now_ms);
		*key_id_out = newest->id;
	}
	pthread_mutex_unlock(&k->lock);
	return e;
}

enum err
keyring_find(struct keyring *k, int64_t key_id, uint8_t out[PIN_KEY_LEN])
{
	enum err e = ERR_NO_KEY;

	CHECK_OBJ(k, KEYRING_MAGIC);
	pthread_mutex_lock(&k->lock);
	for (size_t i = k->count; i > 0 && e != OK; i--) {
		if (k->keys[i - 1].id != key_id)
			continue;
		memcpy(out, k->keys[i - 1].bytes, PIN_KEY_LEN);
		e = OK;
	}
	pthread_mutex_unlock(&k->lock);
	return e;
}

bool
keyring_has(struct keyring *k, int64_t key_id)
{
	uint8_t key[PIN_KEY_LEN] = {0};
	bool found = keyring_find(k, key_id, key) == OK;

	secret_wipe(key, sizeof(key));
	return found;
}

int64_t
keyring_newest(struct keyring *k)
{
	int64_t newest;

	CHECK_OBJ(k, KEYRING_MAGIC);
	pthread_mutex_lock(&k->lock);
	newest = k->count > 0 ? k->keys[k->count - 1].id : 0;
	pthread_mutex_unlock(&k->lock);
	return newest;
}

void
keyring_reserve(struct keyring *k, int64_t key_id)
{
	CHECK_OBJ(k, KEYRING_MAGIC);
	pthread_mutex_lock(&k->lock);
	if (k->floor < key_id)
		k->floor = key_id;
	pthread_mutex_unlock(&k->lock);
}

unsigned
keyring_expire(struct keyring *k, int64_t settled_ms)
{
	unsigned dropped;

	CHECK_OBJ(k, KEYRING_MAGIC);
	pthread_mutex_lock(&k->lock);
	dropped = drop_expired(k, settled_ms);
	if (dropped > 0 && save(k) != OK)
		dropped = 0; /* the file keeps them until the next time */
	pthread_mutex_unlock(&k->lock);
	return dropped;
}

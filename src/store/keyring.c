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
#include "base/secret.h"
#include "twofa/period.h"

#define KEYRING_MAGIC 0x6e7817ceu
/* A key outlives its last PIN by this, for clocks that disagree. */
#define GRACE_MS PERIOD_MS_MINUTE
/* What not_after covers from the start, so that usual lives never rewrite the file. */
#define USUAL_TTL_MS PERIOD_MS_HOUR
#define FILE_LEN_MAX (256u * 1024)

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
	size_t count;
	struct key *keys; /* oldest first, in locked memory */
};

static void
put_key(struct buf *b, const struct key *k)
{
	char hex[2 * PIN_KEY_LEN + 1];

	secret_hex_lower(k->bytes, PIN_KEY_LEN, hex);
	buf_printf(b, "%" PRId64 " %" PRId64 " %" PRId64 " ", k->id, k->created_ms,
	    k->not_after_ms);
	buf_add(b, hex, sizeof(hex) - 1);
	buf_add_char(b, '\n');
	secret_wipe(hex, sizeof(hex));
}

static enum err
err_of_errno(void)
{
	return errno == ENOSPC || errno == EDQUOT ? ERR_NO_SPACE : ERR_IO;
}

static enum err
write_whole(int fd, struct span s)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.ptr, s.len);

		if (n < 0 && errno != EINTR)
			return err_of_errno();
		if (n > 0) {
			s.ptr += n;
			s.len -= (size_t)n;
		}
	}
	return fsync(fd) == 0 ? OK : err_of_errno();
}

/* A rename is durable once the directory is. */
static enum err
sync_directory(const char *path)
{
	char *dir = mem_text(path);
	char *slash = strrchr(dir, '/');
	int fd;
	enum err e = OK;

	if (slash != NULL)
		*slash = '\0';
	fd = open(slash == NULL ? "." : dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) != 0)
		e = err_of_errno();
	if (fd >= 0)
		close(fd);
	mem_free(dir);
	return e;
}

static enum err
replace_file(const char *path, struct span content)
{
	size_t len = strlen(path) + 5;
	char *temporary = mem_new(len);
	int fd;
	enum err e;

	snprintf(temporary, len, "%s.new", path);
	fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	e = fd < 0 ? err_of_errno() : write_whole(fd, content);
	if (fd >= 0)
		close(fd);
	if (e == OK && rename(temporary, path) != 0)
		e = err_of_errno();
	if (e == OK)
		e = sync_directory(path);
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
	    "# Watchword keys: key_id created not_after key. Keep it secret, "
	    "keep it apart from backups of the store.\n");
	for (size_t i = 0; i < k->count; i++)
		put_key(&b, &k->keys[i]);
	INVARIANT(!b.failed);
	e = replace_file(k->path, buf_span(&b));
	buf_fini(&b);
	return e;
}

static enum err
parse_line(char *line, struct key *out)
{
	char *at = line;
	int64_t *const numbers[] = {&out->id, &out->created_ms, &out->not_after_ms};

	for (size_t i = 0; i < countof(numbers); i++) {
		char *end;

		errno = 0;
		*numbers[i] = strtoll(at, &end, 10);
		if (errno != 0 || end == at || *end != ' ')
			return ERR_CORRUPT;
		at = end + 1;
	}
	return secret_from_hex(span_of(at), out->bytes, PIN_KEY_LEN) ? OK : ERR_CORRUPT;
}

static enum err
parse(struct keyring *k, char *text, char why[256])
{
	unsigned number = 0;
	char *next;

	for (char *line = text; line != NULL && *line != '\0'; line = next) {
		number++;
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		if (k->count == KEYRING_KEYS_MAX ||
		    parse_line(line, &k->keys[k->count]) != OK) {
			snprintf(
			    why, 256, "%s:%u: not a key, or too many", k->path, number);
			return ERR_CORRUPT;
		}
		k->count++;
	}
	return OK;
}

static enum err
read_file(struct keyring *k, int fd, char why[256])
{
	char *text = mem_new(FILE_LEN_MAX + 1);
	size_t len = 0;
	ssize_t n;
	enum err e;

	while (len < FILE_LEN_MAX && (n = read(fd, text + len, FILE_LEN_MAX - len)) > 0)
		len += (size_t)n;
	e = parse(k, text, why);
	mem_free(text);
	return e;
}

static enum err
load(struct keyring *k, char why[256])
{
	int fd = open(k->path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum err e = OK;

	if (fd < 0 && errno == ENOENT)
		return OK;
	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(why, 256, "%s: %s", k->path, strerror(errno));
		e = ERR_IO;
	} else if ((st.st_mode & 077) != 0) {
		snprintf(why, 256, "%s: mode %04o lets others read it; it must be 0600",
		    k->path, st.st_mode & 07777);
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

static void
drop_oldest(struct keyring *k)
{
	INVARIANT(k->count > 0);
	memmove(k->keys, k->keys + 1, (k->count - 1) * sizeof(*k->keys));
	secret_wipe(&k->keys[--k->count], sizeof(*k->keys));
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

	drop_expired(k, now_ms);
	if (k->count == KEYRING_KEYS_MAX)
		drop_oldest(k);
	fresh = &k->keys[k->count];
	fresh->created_ms = now_ms;
	fresh->id = now_ms;
	if (k->count > 0 && fresh->id <= k->keys[k->count - 1].id)
		fresh->id = k->keys[k->count - 1].id + 1;
	fresh->not_after_ms = now_ms + k->rotation_ms + USUAL_TTL_MS;
	k->entropy->fill(k->entropy, fresh->bytes, PIN_KEY_LEN);
	k->count++;
	e = save(k);
	if (e != OK)
		secret_wipe(&k->keys[--k->count], sizeof(*fresh));
	return e;
}

/* A longer life than any before it: cover it for the whole time the key is in use. */
static enum err
cover(struct keyring *k, struct key *newest, int64_t life_ms)
{
	int64_t before = newest->not_after_ms;
	enum err e;

	newest->not_after_ms = newest->created_ms + k->rotation_ms + life_ms;
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
	if (k->count == 0 || now_ms >= k->keys[k->count - 1].created_ms + k->rotation_ms)
		e = rotate(k, now_ms);
	if (e == OK) {
		newest = &k->keys[k->count - 1];
		if (expires_at_ms > newest->not_after_ms)
			e = cover(k, newest, expires_at_ms - now_ms);
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

unsigned
keyring_expire(struct keyring *k, int64_t now_ms)
{
	unsigned dropped;

	pthread_mutex_lock(&k->lock);
	dropped = drop_expired(k, now_ms);
	if (dropped > 0 && save(k) != OK)
		dropped = 0; /* the file keeps them until the next time */
	pthread_mutex_unlock(&k->lock);
	return dropped;
}

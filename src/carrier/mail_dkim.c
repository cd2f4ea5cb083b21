/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/mail_dkim.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <sys/types.h>

#include <opendkim/dkim.h>

enum { KEY_LEN_MAX = 16384, RSA_BITS_MIN = 1024, NAME_LEN = 16 };

struct mail_dkim {
	DKIM_LIB *lib;
	struct mail_dkim_options options;
	char *key; /* PEM */
};

/* ---- memory: what the library frees is wiped, as it may have held a PIN ---- */

static void *
dkim_alloc(void *closure, size_t size)
{
	(void)closure;
	return mem_raw_alloc(size);
}

static void
dkim_release(void *closure, void *ptr)
{
	(void)closure;
	mem_free(ptr);
}

/* ---- the key ---- */

static enum err
read_key_file(const char *path, char **out, char why[256])
{
	FILE *f = fopen(path, "re");
	char *text;
	size_t len;

	if (f == NULL) {
		snprintf(why, 256, "%.180s: %s", path, strerror(errno));
		return ERR_IO;
	}
	text = mem_array(KEY_LEN_MAX, 1);
	len = fread(text, 1, KEY_LEN_MAX, f);
	fclose(f);
	if (len > 0 && len < KEY_LEN_MAX) {
		*out = text;
		return OK;
	}
	mem_free(text);
	snprintf(why, 256, "%.180s is empty or too long for a key", path);
	return ERR_INVALID;
}

/* Nobody is asked for a passphrase. */
static int
no_passphrase(char *out, int size, int writing, void *ctx)
{
	(void)out;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

/* One of another kind is refused: of each Ed25519 signature libopendkim 2.11 leaves
 * memory behind. */
static bool
is_rsa(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key;
	bool is;

	RESOURCE(bio != NULL);
	key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	is = key != NULL && EVP_PKEY_is_a(key, "RSA") &&
	     EVP_PKEY_get_bits(key) >= RSA_BITS_MIN;
	EVP_PKEY_free(key);
	BIO_free(bio);
	ERR_clear_error();
	return is;
}

/* ---- signing ---- */

/* The field that begins at `at`, with its folded lines and without its last end. */
static size_t
field_len(struct span mail, size_t at)
{
	size_t i = at;

	do {
		const char *end = memmem(mail.ptr + i, mail.len - i, "\r\n", 2);

		if (end == NULL)
			return mail.len - at;
		i = (size_t)(end - mail.ptr) + 2;
	} while (i < mail.len && (mail.ptr[i] == ' ' || mail.ptr[i] == '\t'));
	return i - 2 - at;
}

static DKIM_STAT
feed(DKIM *d, struct span mail)
{
	DKIM_STAT stat = DKIM_STAT_OK;
	size_t at = 0;

	while (stat == DKIM_STAT_OK && at + 2 < mail.len &&
	       memcmp(mail.ptr + at, "\r\n", 2) != 0) {
		size_t len = field_len(mail, at);

		stat = dkim_header(d, (u_char *)(uintptr_t)(mail.ptr + at), len);
		at += len + 2;
	}
	if (stat == DKIM_STAT_OK)
		stat = dkim_eoh(d);
	if (stat == DKIM_STAT_OK && at + 2 < mail.len)
		stat = dkim_body(
		    d, (u_char *)(uintptr_t)(mail.ptr + at + 2), mail.len - at - 2);
	return stat == DKIM_STAT_OK ? dkim_eom(d, NULL) : stat;
}

static void
put_in_front(struct buf *mail, const u_char *signature, size_t len)
{
	struct buf out;

	buf_init(&out, mail->len_max);
	buf_add_text(&out, DKIM_SIGNHEADER ": ");
	buf_add(&out, signature, len);
	buf_add_text(&out, "\r\n");
	buf_add(&out, mail->ptr, mail->len);
	buf_fini(mail);
	*mail = out;
}

static DKIM *
begin(struct mail_dkim *d, DKIM_STAT *stat)
{
	return dkim_sign(d->lib, (const u_char *)"mail", NULL, (dkim_sigkey_t)d->key,
	    (const u_char *)d->options.selector, (const u_char *)d->options.domain,
	    DKIM_CANON_RELAXED, DKIM_CANON_RELAXED, DKIM_SIGN_RSASHA256, -1, stat);
}

enum err
mail_dkim_sign(struct mail_dkim *d, struct buf *mail)
{
	DKIM_STAT stat = DKIM_STAT_OK;
	DKIM *one = begin(d, &stat);
	u_char *signature = NULL;
	size_t len = 0;

	if (one == NULL)
		return ERR_INTERNAL;
	stat = feed(one, buf_span(mail));
	if (stat == DKIM_STAT_OK)
		stat =
		    dkim_getsighdr_d(one, sizeof(DKIM_SIGNHEADER) + 1, &signature, &len);
	if (stat == DKIM_STAT_OK)
		put_in_front(mail, signature, len);
	(void)dkim_free(one);
	ERR_clear_error();
	return stat == DKIM_STAT_OK && !mail->failed ? OK : ERR_INTERNAL;
}

/* ---- life ---- */

/* Each field that a reader is shown, and one more of those that must not be added. */
static void
set_fields(struct mail_dkim *d)
{
	static const u_char *fields[] = {(const u_char *)"From", (const u_char *)"To",
	    (const u_char *)"Subject", (const u_char *)"Date",
	    (const u_char *)"Message-ID", (const u_char *)"MIME-Version",
	    (const u_char *)"Content-Type", (const u_char *)"Content-Transfer-Encoding",
	    (const u_char *)"Auto-Submitted", NULL};
	static const u_char *once[] = {(const u_char *)"From", (const u_char *)"To",
	    (const u_char *)"Subject", NULL};

	RESOURCE(dkim_options(d->lib, DKIM_OP_SETOPT, DKIM_OPTS_SIGNHDRS, fields,
		     sizeof(u_char **)) == DKIM_STAT_OK);
	RESOURCE(dkim_options(d->lib, DKIM_OP_SETOPT, DKIM_OPTS_OVERSIGNHDRS, once,
		     sizeof(u_char **)) == DKIM_STAT_OK);
}

static enum err
try_key(struct mail_dkim *d)
{
	struct buf mail;
	enum err e;

	buf_init(&mail, KEY_LEN_MAX);
	buf_add_text(&mail, "From: a@b\r\n\r\nx\r\n");
	e = mail_dkim_sign(d, &mail);
	buf_fini(&mail);
	return e;
}

enum err
mail_dkim_new(const struct mail_dkim_options *o, char why[256], struct mail_dkim **out)
{
	struct mail_dkim *d = mem_new(sizeof(*d));
	enum err e;

	d->options = *o;
	d->lib = dkim_init(dkim_alloc, dkim_release);
	RESOURCE(d->lib != NULL);
	set_fields(d);
	e = read_key_file(o->key_file, &d->key, why);
	if (e == OK && (!is_rsa(d->key) || try_key(d) != OK)) {
		snprintf(
		    why, 256, "%.180s has no RSA key of 1024 bits or more", o->key_file);
		e = ERR_INVALID;
	}
	if (e == OK)
		*out = d;
	else
		mail_dkim_free(d);
	return e;
}

void
mail_dkim_free(struct mail_dkim *d)
{
	if (d == NULL)
		return;
	dkim_close(d->lib);
	mem_free(d->key);
	mem_free(d);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "http/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	TLS_MAGIC = 0x746c7373,
	SESSION_S = 7200,
	DAY_MS = 24 * 3600 * 1000,
	SOON_MS = 21 * DAY_MS /* an expiry worth a warning a day */
};

static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
			      "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
			      "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

/* The marks by which a new file differs from the old one. */
struct version {
	struct stat files[2];
};

struct tls {
	unsigned magic;
	struct tls_files files;
	pthread_mutex_t lock; /* over `context` */
	SSL_CTX *context;
	int64_t loaded_ms;
	struct version tried; /* what was taken, or refused */
	struct version seen;  /* at the last look */
};

static enum err
fault_is(struct tls_fault *f, const char *field, const char *path, const char *why)
{
	f->field = field;
	snprintf(f->why, sizeof(f->why), "%.200s: %.100s", path, why);
	ERR_clear_error();
	return ERR_INVALID;
}

/* Rules on keys and signatures are told in OpenSSL's own words; all else that can be
 * wrong with the file means that the thing is not in there. */
static const char *
openssl_why(void)
{
	unsigned long code = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(code);

	if (why == NULL || ERR_GET_LIB(code) != ERR_LIB_SSL ||
	    ERR_GET_REASON(code) == ERR_R_PEM_LIB)
		return "holds no certificate (PEM), or half of one";
	return why;
}

static enum err
readable(const char *field, const char *path, struct tls_fault *fault)
{
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return fault_is(fault, field, path, strerror(errno));
	if (fgetc(f) == EOF) {
		bool broken = ferror(f) != 0;

		fclose(f);
		return fault_is(
		    fault, field, path, broken ? "cannot be read" : "is empty");
	}
	fclose(f);
	return OK;
}

static int64_t
time_ms(const ASN1_TIME *at)
{
	struct tm tm = {0};

	return ASN1_TIME_to_tm(at, &tm) == 1 ? (int64_t)timegm(&tm) * 1000 : 0;
}

static const char *
day(int64_t ms, char out[32])
{
	clock_format(ms, out, 32);
	return out;
}

static enum err
load_certificate(SSL_CTX *context, const struct tls_files *files, int64_t now_ms,
    struct tls_fault *fault)
{
	const char *path = files->certificate;
	enum err e = readable("certificate", path, fault);
	int64_t end_ms;
	char text[64];
	char at[32];

	if (e != OK)
		return e;
	if (SSL_CTX_use_certificate_chain_file(context, path) != 1)
		return fault_is(fault, "certificate", path, openssl_why());
	end_ms = time_ms(X509_get0_notAfter(SSL_CTX_get0_certificate(context)));
	if (end_ms > now_ms)
		return OK;
	snprintf(text, sizeof(text), "has expired, on %s", day(end_ms, at));
	return fault_is(fault, "certificate", path, text);
}

/* There is nobody to ask for a passphrase. */
static int
note_passphrase(char *out, int size, int writing, void *asked)
{
	(void)out;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static enum err
load_key(SSL_CTX *context, const struct tls_files *files, struct tls_fault *fault)
{
	const char *path = files->key;
	enum err e = readable("key", path, fault);
	bool asked = false;
	EVP_PKEY *key;
	BIO *file;

	if (e != OK)
		return e;
	file = BIO_new_file(path, "r");
	key = file == NULL ? NULL
			   : PEM_read_bio_PrivateKey(file, NULL, note_passphrase, &asked);
	BIO_free(file);
	if (key == NULL && asked)
		return fault_is(fault, "key", path,
		    "is encrypted; a server that starts by itself needs it without a "
		    "passphrase");
	if (key == NULL)
		return fault_is(fault, "key", path, "holds no private key (PEM)");
	if (SSL_CTX_use_PrivateKey(context, key) != 1 ||
	    SSL_CTX_check_private_key(context) != 1)
		e = fault_is(fault, "key", path, "does not belong to the certificate");
	EVP_PKEY_free(key);
	return e;
}

/* The one application protocol; a client that offers others alone is refused by the
 * alert of RFC 7301 3.2. */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned in_len, void *ctx)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *found = NULL;

	(void)ssl;
	(void)ctx;
	if (SSL_select_next_proto(&found, out_len, ours, sizeof(ours) - 1, in, in_len) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = found;
	return SSL_TLSEXT_ERR_OK;
}

/* NULL where the machine's own rules for OpenSSL (openssl.cnf) leave nothing of it. */
static SSL_CTX *
new_context(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_server_method());

	RESOURCE(c != NULL);
	if (SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(c, ciphers) != 1 ||
	    (SSL_CTX_set1_groups_list(c, "X25519:P-256:P-384") != 1 &&
		SSL_CTX_set1_groups_list(c, "P-256:P-384") != 1)) {
		SSL_CTX_free(c);
		return NULL;
	}
	SSL_CTX_set_options(c,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
	SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE |
				SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
				SSL_MODE_RELEASE_BUFFERS);
	/* sessions are in the tickets of the clients; nothing is kept here */
	SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_timeout(c, SESSION_S);
	SSL_CTX_set_num_tickets(c, 1);
	SSL_CTX_set_alpn_select_cb(c, choose_protocol, NULL);
	return c;
}

static void
warn(const struct tls_files *files, const SSL_CTX *context, int64_t now_ms)
{
	const X509 *certificate = SSL_CTX_get0_certificate(context);
	int64_t begin_ms = time_ms(X509_get0_notBefore(certificate));
	int64_t end_ms = time_ms(X509_get0_notAfter(certificate));
	struct stat st;
	char at[32];

	if (begin_ms > now_ms)
		log_event(LOG_LEVEL_WARNING, "certificate_not_yet_valid",
		    LOG_TEXT("file", files->certificate),
		    LOG_TEXT("from", day(begin_ms, at)));
	if (end_ms - now_ms < SOON_MS)
		log_event(LOG_LEVEL_WARNING, "certificate_expires",
		    LOG_TEXT("file", files->certificate),
		    LOG_TEXT("on", day(end_ms, at)));
	if (stat(files->key, &st) == 0 && (st.st_mode & S_IROTH) != 0)
		log_event(LOG_LEVEL_WARNING, "key_readable_by_others",
		    LOG_TEXT("file", files->key));
}

static enum err
load(
    const struct tls_files *files, int64_t now_ms, struct tls_fault *fault, SSL_CTX **out)
{
	SSL_CTX *context = new_context();
	enum err e;

	if (context == NULL)
		return fault_is(fault, "certificate", files->certificate,
		    "this machine's rules for OpenSSL leave no cipher or curve for TLS");
	e = load_certificate(context, files, now_ms, fault);
	if (e == OK)
		e = load_key(context, files, fault);
	if (e != OK) {
		SSL_CTX_free(context);
		return e;
	}
	*out = context;
	return OK;
}

static struct version
version_of(const struct tls_files *files)
{
	const char *paths[] = {files->certificate, files->key};
	struct version v;

	memset(&v, 0, sizeof(v));
	for (size_t i = 0; i < countof(paths); i++) {
		struct stat *st = &v.files[i];
		struct stat got;

		if (stat(paths[i], &got) != 0)
			continue;
		st->st_dev = got.st_dev;
		st->st_ino = got.st_ino;
		st->st_size = got.st_size;
		st->st_mtim = got.st_mtim;
		st->st_ctim = got.st_ctim;
	}
	return v;
}

static bool
same(const struct version *a, const struct version *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/* ---- life ---- */

enum err
tls_check(const struct tls_files *files, int64_t now_ms, struct tls_fault *fault)
{
	SSL_CTX *context = NULL;
	enum err e = load(files, now_ms, fault, &context);

	SSL_CTX_free(context);
	return e;
}

enum err
tls_new(const struct tls_files *files, int64_t now_ms, struct tls_fault *fault,
    struct tls **out)
{
	struct version v = version_of(files);
	SSL_CTX *context = NULL;
	enum err e = load(files, now_ms, fault, &context);
	struct tls *t;

	if (e != OK)
		return e;
	t = mem_new(sizeof(*t));
	t->magic = TLS_MAGIC;
	t->files = *files;
	t->context = context;
	t->loaded_ms = now_ms;
	t->tried = v;
	t->seen = v;
	pthread_mutex_init(&t->lock, NULL);
	warn(files, context, now_ms);
	*out = t;
	return OK;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	CHECK_OBJ(t, TLS_MAGIC);
	SSL_CTX_free(t->context);
	pthread_mutex_destroy(&t->lock);
	mem_free(t);
}

struct ssl_st *
tls_accept(struct tls *t, int fd)
{
	SSL *ssl;

	CHECK_OBJ(t, TLS_MAGIC);
	pthread_mutex_lock(&t->lock);
	ssl = SSL_new(t->context);
	pthread_mutex_unlock(&t->lock);
	RESOURCE(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
	SSL_set_accept_state(ssl);
	return ssl;
}

/* Puts the new pair in the place of the old one. */
static void
take_pair(struct tls *t, int64_t now_ms)
{
	struct tls_fault fault;
	SSL_CTX *context = NULL;
	SSL_CTX *old;

	if (load(&t->files, now_ms, &fault, &context) != OK) {
		log_event(LOG_LEVEL_ERROR, "certificate_refused",
		    LOG_TEXT("field", fault.field), LOG_TEXT("reason", fault.why));
		return;
	}
	pthread_mutex_lock(&t->lock);
	old = t->context;
	t->context = context;
	pthread_mutex_unlock(&t->lock);
	SSL_CTX_free(old); /* connections that were accepted with it hold on to it */
	log_event(
	    LOG_LEVEL_INFO, "certificate_loaded", LOG_TEXT("file", t->files.certificate));
}

void
tls_look(struct tls *t, int64_t now_ms, bool now)
{
	struct version v = version_of(&t->files);
	bool changed = !same(&v, &t->tried) && same(&v, &t->seen);
	bool old = now_ms - t->loaded_ms >= DAY_MS;

	CHECK_OBJ(t, TLS_MAGIC);
	t->seen = v;
	if (!changed && !old && !now)
		return;
	t->tried = v;
	t->loaded_ms = now_ms;
	take_pair(t, now_ms);
	warn(&t->files, t->context, now_ms);
}

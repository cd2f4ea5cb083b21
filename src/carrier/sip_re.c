/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_re.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#define DEBUG_MODULE "watchword"
#define DEBUG_LEVEL 0
#include <re_dbg.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FDS_MIN = 1024, FDS_MAX = 131072 };

static pthread_once_t once = PTHREAD_ONCE_INIT;

/*
 * In the place of libre's own, which its transport calls with a line on standard error
 * for each datagram that is no SIP: any stranger could fill a disk. The dynamic linker
 * finds this one first.
 */
#pragma GCC visibility push(default)
int
re_fprintf(FILE *stream, const char *format, ...)
{
	(void)stream;
	(void)format;
	return 0;
}
#pragma GCC visibility pop

/* The library sets a handler of its own for SIGPIPE. */
static void
init_library(void)
{
	struct sigaction pipe_action;

	sigaction(SIGPIPE, NULL, &pipe_action);
	RESOURCE(libre_init() == 0);
	sigaction(SIGPIPE, &pipe_action, NULL);
	dbg_init(DBG_EMERG, DBG_NONE);
}

/* Descriptors are an index there. */
static int
count_fds(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > FDS_MAX)
		return FDS_MAX;
	return limit.rlim_cur < FDS_MIN ? FDS_MIN : (int)limit.rlim_cur;
}

void
sip_re_enter(void)
{
	pthread_once(&once, init_library);
	RESOURCE(re_thread_init() == 0);
	RESOURCE(fd_setsize(count_fds()) == 0);
}

void
sip_re_leave(void)
{
	re_thread_close();
}

/* ---- TLS ---- */

/* The place of the server's name in an SSL_CTX. */
static int name_at;
static pthread_once_t name_once = PTHREAD_ONCE_INIT;

static void
init_name(void)
{
	name_at = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

/* The last word before a handshake: by then libre has set what it sets. */
static void
on_handshake(const SSL *const_ssl, int where, int ret)
{
	SSL *ssl = (SSL *)(uintptr_t)const_ssl;
	const char *name = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), name_at);
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	bool checked;

	(void)ret;
	if ((where & SSL_CB_HANDSHAKE_START) == 0 || SSL_is_server(ssl))
		return;
	checked = X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
	if (checked) {
		SSL_set1_host(ssl, NULL);
	} else {
		SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		checked = SSL_set1_host(ssl, name) == 1 &&
			  SSL_set_tlsext_host_name(ssl, name) == 1;
	}
	RESOURCE(checked);
	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
}

static bool
load(SSL_CTX *ctx, const struct sip_re_tls *o, char why[256])
{
	const char *failed = NULL;

	if (o->ca == NULL ? SSL_CTX_set_default_verify_paths(ctx) != 1
			  : SSL_CTX_load_verify_locations(ctx, o->ca, NULL) != 1)
		failed = o->ca == NULL ? "the system's certificates" : o->ca;
	else if (o->certificate != NULL &&
		 SSL_CTX_use_certificate_chain_file(ctx, o->certificate) != 1)
		failed = o->certificate;
	else if (o->key != NULL &&
		 SSL_CTX_use_PrivateKey_file(ctx, o->key, SSL_FILETYPE_PEM) != 1)
		failed = o->key;
	if (failed != NULL)
		snprintf(why, 256, "%.160s: %.80s", failed,
		    ERR_reason_error_string(ERR_peek_last_error()));
	ERR_clear_error();
	return failed == NULL;
}

struct tls *
sip_re_tls_new(const struct sip_re_tls *o, char why[256])
{
	struct tls *tls = NULL;
	SSL_CTX *ctx;

	RESOURCE(tls_alloc(&tls, TLS_METHOD_SSLV23, NULL, NULL) == 0);
	ctx = tls_openssl_context(tls);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	pthread_once(&name_once, init_name);
	SSL_CTX_set_ex_data(ctx, name_at, (void *)(uintptr_t)o->name);
	SSL_CTX_set_info_callback(ctx, on_handshake);
	if (load(ctx, o, why))
		return tls;
	mem_deref(tls);
	return NULL;
}

struct pl
sip_re_header(const struct sip_msg *msg, enum sip_hdrid id)
{
	const struct sip_hdr *header = sip_msg_hdr(msg, id);

	return header == NULL ? pl_null : header->val;
}

/* A socket of datagrams that is connected sends nothing, and has been given a source. */
bool
sip_re_source(const struct sa *to, struct sa *out)
{
	int fd = socket(sa_af(to), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool found;

	sa_init(out, sa_af(to));
	out->len = sizeof(out->u);
	found = fd >= 0 && connect(fd, &to->u.sa, to->len) == 0 &&
		getsockname(fd, &out->u.sa, &out->len) == 0;
	if (fd >= 0)
		close(fd);
	return found;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_client.h"

#include <arpa/inet.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

struct tls_client {
	SSL_CTX *ctx;
};

enum err
tls_client_new(const char *ca_file, char why[256], struct tls_client **out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	int good;

	RESOURCE(ctx != NULL);
	INVARIANT(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	/* what has been sent is not kept for the next record */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	good = ca_file == NULL ? SSL_CTX_set_default_verify_paths(ctx)
			       : SSL_CTX_load_verify_file(ctx, ca_file);
	if (good != 1) {
		snprintf(why, 256, "no certificates in %.200s",
		    ca_file == NULL ? "the system's store" : ca_file);
		ERR_clear_error();
		SSL_CTX_free(ctx);
		return ERR_IO;
	}
	*out = mem_new(sizeof(**out));
	(*out)->ctx = ctx;
	return OK;
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

enum err
tls_client_show(
    struct tls_client *t, const char *certificate, const char *key, char why[256])
{
	bool good;

	SSL_CTX_set_default_passwd_cb(t->ctx, no_passphrase);
	good = SSL_CTX_use_certificate_chain_file(t->ctx, certificate) == 1;
	if (!good)
		snprintf(why, 256, "no certificate in %.200s", certificate);
	else if (SSL_CTX_use_PrivateKey_file(t->ctx, key, SSL_FILETYPE_PEM) != 1)
		snprintf(why, 256, "no key of that certificate in %.200s", key);
	else
		return OK;
	ERR_clear_error();
	return ERR_IO;
}

void
tls_client_free(struct tls_client *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	mem_free(t);
}

static bool
is_address(const char *name)
{
	uint8_t octets[16];

	return inet_pton(AF_INET, name, octets) == 1 ||
	       inet_pton(AF_INET6, name, octets) == 1;
}

/* An address is in a certificate as such, and is no server name (RFC 6066 3). */
static void
expect_name(SSL *ssl, const char *name)
{
	if (is_address(name)) {
		RESOURCE(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1);
		return;
	}
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	RESOURCE(SSL_set1_host(ssl, name) == 1);
	RESOURCE(SSL_set_tlsext_host_name(ssl, name) == 1);
}

struct bufferevent *
tls_client_link(
    struct tls_client *t, struct event_base *base, int fd, const char *name, int options)
{
	SSL *ssl = SSL_new(t->ctx);
	struct bufferevent *link;

	RESOURCE(ssl != NULL);
	expect_name(ssl, name);
	link = bufferevent_openssl_socket_new(
	    base, fd, ssl, BUFFEREVENT_SSL_CONNECTING, options);
	RESOURCE(link != NULL);
	/* a peer that just closes has closed */
	bufferevent_openssl_set_allow_dirty_shutdown(link, 1);
	return link;
}

const char *
tls_client_fault(struct bufferevent *link)
{
	SSL *ssl = bufferevent_openssl_get_ssl(link);
	unsigned long code = bufferevent_get_openssl_error(link);
	long verified;

	if (ssl == NULL || code == 0)
		return NULL;
	verified = SSL_get_verify_result(ssl);
	if (verified != X509_V_OK)
		return X509_verify_cert_error_string(verified);
	return ERR_reason_error_string(code);
}

void
tls_client_put_now(struct bufferevent *link, struct span octets)
{
	SSL *ssl = bufferevent_openssl_get_ssl(link);

	if (ssl != NULL && SSL_is_init_finished(ssl))
		(void)SSL_write(ssl, octets.ptr, (int)octets.len);
	ERR_clear_error();
}

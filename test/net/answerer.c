/* SPDX-License-Identifier: Apache-2.0 */
#include "net/answerer.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static void
forget(struct answerer *a, struct bufferevent *link)
{
	for (unsigned i = 0; i < ANSWERER_LINKS_MAX; i++)
		if (a->links[i] == link)
			a->links[i] = NULL;
	bufferevent_free(link);
}

/* The length of a whole request at the front, 0 when more must come. */
static size_t
request_length(const char *octets, size_t len)
{
	const char *end = memmem(octets, len, "\r\n\r\n", 4);
	const char *field = memmem(octets, len, "Content-Length: ", 16);
	size_t head = end == NULL ? 0 : (size_t)(end + 4 - octets);
	size_t body = end == NULL || field == NULL ? 0 : strtoul(field + 16, NULL, 10);

	return head == 0 || head + body > len ? 0 : head + body;
}

static void
on_sent(struct bufferevent *link, void *ctx)
{
	struct answerer *a = ctx;
	struct linger linger = {1, 0};

	if (a->way == ANSWERER_RESET)
		setsockopt(bufferevent_getfd(link), SOL_SOCKET, SO_LINGER, &linger,
		    sizeof(linger));
	forget(a, link);
}

static void
reply(struct answerer *a, struct bufferevent *link)
{
	if (a->way == ANSWERER_SILENT)
		return;
	if (a->answer != NULL)
		bufferevent_write(link, a->answer, strlen(a->answer));
	if (a->way == ANSWERER_KEEP)
		return;
	if (a->answer == NULL)
		on_sent(link, a);
	else
		bufferevent_setcb(link, NULL, on_sent, NULL, a);
}

static void
on_read(struct bufferevent *link, void *ctx)
{
	struct answerer *a = ctx;
	struct evbuffer *in = bufferevent_get_input(link);
	size_t len = evbuffer_get_length(in);
	size_t whole = request_length((const char *)evbuffer_pullup(in, -1), len);

	if (whole == 0 || whole >= sizeof(a->last))
		return;
	evbuffer_remove(in, a->last, whole);
	a->last[whole] = '\0';
	a->requests++;
	reply(a, link);
}

static void
on_event(struct bufferevent *link, short what, void *ctx)
{
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		forget(ctx, link);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from,
    int len, void *ctx)
{
	struct answerer *a = ctx;
	struct bufferevent *link;

	(void)listener;
	(void)from;
	(void)len;
	if (a->tls == NULL)
		link = bufferevent_socket_new(a->base, fd, BEV_OPT_CLOSE_ON_FREE);
	else
		link = bufferevent_openssl_socket_new(a->base, fd, SSL_new(a->tls),
		    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	a->links[a->connections++ % ANSWERER_LINKS_MAX] = link;
	bufferevent_setcb(link, on_read, NULL, on_event, a);
	bufferevent_enable(link, EV_READ | EV_WRITE);
}

void
answerer_start(struct answerer *a, struct event_base *base)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);

	*a = (struct answerer){.base = base, .way = ANSWERER_KEEP};
	a->listener = evconnlistener_new_bind(base, on_accept, a, LEV_OPT_CLOSE_ON_FREE,
	    -1, (struct sockaddr *)&at, sizeof(at));
	INVARIANT(a->listener != NULL);
	INVARIANT(getsockname(evconnlistener_get_fd(a->listener), (struct sockaddr *)&at,
		      &len) == 0);
	a->port = ntohs(at.sin_port);
}

static X509 *
make_certificate(EVP_PKEY *key)
{
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);
	X509_EXTENSION *san =
	    X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const unsigned char *)"test", -1, -1, 0);
	X509_set_issuer_name(x, name);
	X509_set_pubkey(x, key);
	X509_add_ext(x, san, -1);
	X509_EXTENSION_free(san);
	INVARIANT(X509_sign(x, key, EVP_sha256()) > 0);
	return x;
}

void
answerer_start_tls(struct answerer *a, struct event_base *base, const char *ca_file)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = make_certificate(key);
	FILE *f = fopen(ca_file, "w");

	answerer_start(a, base);
	a->tls = SSL_CTX_new(TLS_server_method());
	INVARIANT(f != NULL && PEM_write_X509(f, x) == 1 && fclose(f) == 0);
	INVARIANT(SSL_CTX_use_certificate(a->tls, x) == 1);
	INVARIANT(SSL_CTX_use_PrivateKey(a->tls, key) == 1);
	X509_free(x);
	EVP_PKEY_free(key);
}

void
answerer_stop(struct answerer *a)
{
	for (unsigned i = 0; i < ANSWERER_LINKS_MAX; i++)
		if (a->links[i] != NULL)
			bufferevent_free(a->links[i]);
	evconnlistener_free(a->listener);
	SSL_CTX_free(a->tls);
}

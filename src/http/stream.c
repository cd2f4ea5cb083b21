/* SPDX-License-Identifier: Apache-2.0 */
#include "http/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/tls.h"

/*
 * A handshake takes five records or so, and a client that changes its keys one a day. A
 * client that sends this many in place of a request (a KeyUpdate costs us two keys and an
 * answer) only wants us busy.
 */
enum { QUIET_RECORDS_MAX = 64 };

static ssize_t
outcome(ssize_t n, int would_block)
{
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return would_block;
	return STREAM_FAILED;
}

static ssize_t
plain_read(struct stream *s, void *to, size_t size)
{
	ssize_t n;

	do
		n = recv(s->fd, to, size, 0);
	while (n < 0 && errno == EINTR);
	return outcome(n, STREAM_WANT_READ);
}

static ssize_t
plain_write(struct stream *s, const void *from, size_t len)
{
	ssize_t n;

	do
		n = send(s->fd, from, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return outcome(n, STREAM_WANT_WRITE);
}

static bool
plain_shut(struct stream *s)
{
	return shutdown(s->fd, SHUT_WR) == 0;
}

static const struct stream_ops plain = {plain_read, plain_write, plain_shut};

/* A client that goes without close_notify has said all it will; HTTP has its own
 * lengths, so that nothing is taken for complete that is not. */
static ssize_t
tls_outcome(struct stream *s, int n)
{
	switch (SSL_get_error(s->ssl, n)) {
	case SSL_ERROR_WANT_READ:
		return STREAM_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return STREAM_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return STREAM_END;
	case SSL_ERROR_SSL:
		if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST)
			return STREAM_NOT_TLS;
		break;
	default:
		break;
	}
	s->broken = true;
	return STREAM_FAILED;
}

static ssize_t
tls_read(struct stream *s, void *to, size_t size)
{
	int n;

	ERR_clear_error();
	n = SSL_read(s->ssl, to, (int)size);
	if (n <= 0)
		return tls_outcome(s, n);
	if (s->quiet > 0)
		s->quiet--; /* this record was none of them */
	return n;
}

static ssize_t
tls_write(struct stream *s, const void *from, size_t len)
{
	int n;

	ERR_clear_error();
	n = SSL_write(s->ssl, from, len > INT32_MAX ? INT32_MAX : (int)len);
	if (n <= 0)
		return tls_outcome(s, n);
	s->quiet = 0;
	return n;
}

static void
say_farewell(struct stream *s)
{
	if (s->broken || !SSL_is_init_finished(s->ssl))
		return;
	ERR_clear_error();
	(void)SSL_shutdown(s->ssl);
	ERR_clear_error();
}

static bool
tls_shut(struct stream *s)
{
	say_farewell(s);
	return plain_shut(s);
}

static const struct stream_ops over_tls = {tls_read, tls_write, tls_shut};

/* Every record that comes, whatever it is, once. */
static void
count_record(int writing, int version, int type, const void *octets, size_t len, SSL *ssl,
    void *ctx)
{
	struct stream *s = ctx;

	(void)version;
	(void)octets;
	(void)len;
	(void)ssl;
	if (!writing && type == SSL3_RT_HEADER)
		s->quiet++;
}

/*
 * One SSL_read goes on for as long as records come that bring nothing, so the end has
 * to be put below it: as if the client had gone.
 */
static long
before_octets(BIO *bio, int what, const char *octets, size_t len, int argi, long argl,
    int ret, size_t *done)
{
	const struct stream *s = (const void *)BIO_get_callback_arg(bio);

	(void)octets;
	(void)len;
	(void)argi;
	(void)argl;
	(void)done;
	if (what != BIO_CB_READ || s->quiet <= QUIET_RECORDS_MAX)
		return ret;
	BIO_clear_retry_flags(bio);
	return 0;
}

void
stream_init(struct stream *s, int fd, struct tls *tls)
{
	*s = (struct stream){.ops = &plain, .fd = fd};
	if (tls == NULL)
		return;
	s->ops = &over_tls;
	s->ssl = tls_accept(tls, fd);
	SSL_set_msg_callback(s->ssl, count_record);
	SSL_set_msg_callback_arg(s->ssl, s);
	BIO_set_callback_ex(SSL_get_rbio(s->ssl), before_octets);
	BIO_set_callback_arg(SSL_get_rbio(s->ssl), (char *)s);
}

void
stream_make_plain(struct stream *s)
{
	SSL_free(s->ssl);
	s->ssl = NULL;
	s->ops = &plain;
}

ssize_t
stream_drain(struct stream *s, void *scratch, size_t size)
{
	ssize_t n = plain_read(s, scratch, size);

	return n == STREAM_FAILED ? 0 : n;
}

void
stream_fini(struct stream *s)
{
	if (s->ssl != NULL) {
		say_farewell(s);
		SSL_free(s->ssl);
	}
	close(s->fd);
}

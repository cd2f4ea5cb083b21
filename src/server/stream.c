/* SPDX-License-Identifier: Apache-2.0 */
#include "server/stream.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/tls.h"

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
	return n > 0 ? n : tls_outcome(s, n);
}

static ssize_t
tls_write(struct stream *s, const void *from, size_t len)
{
	int n;

	ERR_clear_error();
	n = SSL_write(s->ssl, from, len > INT32_MAX ? INT32_MAX : (int)len);
	return n > 0 ? n : tls_outcome(s, n);
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

void
stream_init(struct stream *s, int fd, struct tls *tls)
{
	*s = (struct stream){.ops = &plain, .fd = fd};
	if (tls == NULL)
		return;
	s->ops = &over_tls;
	s->ssl = tls_accept(tls, fd);
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

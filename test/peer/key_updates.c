/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of TLS 1.3 that asks for new keys again and again (KeyUpdate with
 * update_requested, RFC 8446 4.6.3) and reads none of the answers: what Python's ssl
 * cannot send. Before every EACH of them stands a whole request; 0: there is none.
 * When all are sent, or no more go out, it says "sent" and waits for a line or the end
 * of its input. Then it says `Connection: close` and reads, slowly.
 *
 * usage: key_updates PORT COUNT EACH
 * It prints how many octets came until the server closed; one that does not, within
 * twenty seconds, ends it by a signal.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WINDOW = 2048, BLOCKED_MS = 250, AT_ONCE = 4096, PAUSE_US = 50, END_S = 20 };

static const char request[] = "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n";
static const char last[] =
    "GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

static SSL *
connected(long port)
{
	struct sockaddr_in to = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int window = WINDOW;
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(context);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window)) != 0 ||
	    connect(fd, (void *)&to, sizeof(to)) != 0 || SSL_set_fd(ssl, fd) != 1 ||
	    SSL_connect(ssl) != 1) {
		fprintf(stderr, "no connection\n");
		exit(2);
	}
	if (SSL_version(ssl) != TLS1_3_VERSION || fcntl(fd, F_SETFL, O_NONBLOCK) != 0)
		exit(2);
	return ssl;
}

/* A call that gave `got`: whether it is worth another try. */
static bool
may_go_on(SSL *ssl, int got)
{
	struct pollfd room = {SSL_get_fd(ssl), POLLOUT, 0};

	return SSL_get_error(ssl, got) == SSL_ERROR_WANT_WRITE &&
	       poll(&room, 1, BLOCKED_MS) == 1;
}

static bool
said(SSL *ssl, const char *text)
{
	int got;

	do
		got = SSL_write(ssl, text, (int)strlen(text));
	while (got <= 0 && may_go_on(ssl, got));
	return got > 0;
}

static bool
updated(SSL *ssl)
{
	int got;

	if (SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED) != 1)
		return false;
	do
		got = SSL_do_handshake(ssl);
	while (got != 1 && may_go_on(ssl, got));
	return got == 1;
}

/* Octets of the records, which nobody decrypts, until the server closes. */
static size_t
read_to_end(SSL *ssl)
{
	const char *left = last;
	char octets[AT_ONCE];
	size_t came = 0;

	for (;;) {
		ssize_t n = recv(SSL_get_fd(ssl), octets, sizeof(octets), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			return came;
		came += n > 0 ? (size_t)n : 0;
		usleep(n > 0 ? PAUSE_US : 1000);
		if (left != NULL && SSL_write(ssl, left, (int)strlen(left)) > 0)
			left = NULL;
	}
}

int
main(int argc, char **argv)
{
	long count = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
	long each = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
	SSL *ssl = connected(argc == 4 ? strtol(argv[1], NULL, 10) : 0);

	alarm(END_S);
	signal(SIGPIPE, SIG_IGN);
	for (long i = 0; i < count; i++) {
		if (each > 0 && i % each == 0 && !said(ssl, request))
			break;
		if (!updated(ssl))
			break;
	}
	printf("sent\n");
	fflush(stdout);
	(void)getchar();
	printf("%zu\n", read_to_end(ssl));
	return 0;
}

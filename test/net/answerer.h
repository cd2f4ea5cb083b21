/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server in the test's own process, on its event loop, that reads whole
 * requests and answers with the octets that it was told, well-formed or not. Plain or
 * over TLS with a certificate of its own for "localhost".
 */
#ifndef WW_TEST_ANSWERER_H
#define WW_TEST_ANSWERER_H

#include <event2/event.h>

#include "base/buf.h"

enum { ANSWERER_LINKS_MAX = 64, ANSWERER_REQUEST_LEN_MAX = 65536 };

enum answerer_way {
	ANSWERER_KEEP,   /* the connection stays */
	ANSWERER_CLOSE,  /* it is closed after the answer */
	ANSWERER_RESET,  /* with RST */
	ANSWERER_SILENT, /* no answer at all */
};

struct answerer {
	struct event_base *base;
	enum answerer_way way;
	const char *answer; /* octets; NULL: none */
	int port;
	unsigned connections;
	unsigned requests;
	char last[ANSWERER_REQUEST_LEN_MAX]; /* head and body of the last request */
	/* inside */
	struct evconnlistener *listener;
	void *tls;
	struct bufferevent *links[ANSWERER_LINKS_MAX];
};

/* On a port of the system's choice of 127.0.0.1. */
void answerer_start(struct answerer *a, struct event_base *base);
/* The same over TLS; the certificate is written to `ca_file` as PEM. */
void answerer_start_tls(struct answerer *a, struct event_base *base, const char *ca_file);
void answerer_stop(struct answerer *a);

#endif

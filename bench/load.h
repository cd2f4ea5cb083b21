/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The load generator: so many connections, each with one request at a time. Closed
 * loop: a connection begins the next request when it has the answer. Open loop:
 * requests are due at a fixed rate whatever the server does, and their time counts from
 * when they were due, so a server that stalls is not spared (no coordinated omission).
 */
#ifndef WW_BENCH_LOAD_H
#define WW_BENCH_LOAD_H

#include "hist.h"
#include "pins.h"

/* FLOW is what a person does: a send, and the right PIN when it has come. */
enum kind { KIND_SEND, KIND_RIGHT, KIND_WRONG, KIND_RESEND, KIND_FLOW, KIND_COUNT };

enum { STATUS_COUNT = 6, OUT_MAX = 2048, IN_MAX = 16384 };

/* How to speak to a server: paths and bodies with {to}, {id} and {pin} in them. */
struct target {
	const char *host; /* IPv4 address */
	int port;
	const char *headers; /* whole lines, each with CR LF */
	const char *send_path;
	const char *send_body;
	const char *verify_path;
	const char *verify_body;
	const char *resend_path;
	const char *resend_body;
};

struct tally {
	struct hist latency;              /* of answers 2xx, since they were due */
	struct hist service;              /* and since they were sent */
	uint64_t by_status[STATUS_COUNT]; /* 0: none or broken; else hundreds */
	uint64_t unavailable;             /* 503 */
	uint64_t without_retry_after;
};

enum conn_state { CONN_IDLE, CONN_WAITS_FOR_PIN, CONN_SENDING, CONN_READING };

struct conn {
	int fd;
	enum conn_state state;
	bool connected;
	enum kind own; /* when kinds have connections of their own; else 0 */
	enum kind kind;
	bool second; /* of a flow: the verify */
	int64_t due_us;
	int64_t begun_us;
	char pin_id[PIN_ID_LEN + 1];
	char out[OUT_MAX];
	size_t out_len;
	size_t out_sent;
	char in[IN_MAX];
	size_t in_len;
	struct conn *next_free;
};

enum conn_step {
	CONN_MORE,   /* it waits for its socket */
	CONN_ANSWER, /* status is there */
	CONN_BROKEN
};

/* Connects without waiting. */
void conn_open(struct conn *c, const struct target *t);
/* Makes the request; `pin` for verify and resend. */
void conn_request(
    struct conn *c, const struct target *t, const struct pin *pin, uint64_t random);
enum conn_step conn_drive(struct conn *c, int *status_out, bool *retry_after_out);

#endif

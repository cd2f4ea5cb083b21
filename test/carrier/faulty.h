/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SMSC in the test's own process that does what it is told, also what no real one
 * would do on demand; and a carrier under test beside it, on one event loop.
 */
#ifndef WW_TEST_FAULTY_H
#define WW_TEST_FAULTY_H

#include <event2/event.h>

#include "carrier/options.h"
#include "carrier/smpp_pdu.h"
#include "unit/unit.h"

enum faulty_way {
	FAULTY_ACCEPT,
	FAULTY_REJECT,   /* with `code` */
	FAULTY_NACK,     /* generic_nack with `code` */
	FAULTY_SILENT,   /* to everything but binds */
	FAULTY_DEAD,     /* to everything */
	FAULTY_HOLD,     /* keeps the sequences, newest first, until faulty_release */
	FAULTY_CLOSE,    /* instead of a response */
	FAULTY_GARBAGE,  /* octets that are no PDU */
	FAULTY_HUGE,     /* a PDU of 4 GB */
	FAULTY_SHORT,    /* a PDU of 4 octets */
	FAULTY_BAD_BODY, /* a response whose id has no end */
	FAULTY_PIECES,   /* each octet in a write of its own */
	FAULTY_TWICE,    /* the same response two times */
	FAULTY_STRANGER, /* first a response that nobody waits for */
	FAULTY_UNBIND,   /* instead of a response */
	FAULTY_DELIVER,  /* first a deliver_sm and a PDU of an unknown command */
};

/* The fate of receipts that the carrier hands on. */
enum faulty_taking { TAKE_AT_ONCE, TAKE_LATER, TAKE_REFUSED };

/* A receipt as the carrier handed it on. */
struct reported {
	char message_id[65];
	enum report_status status;
	enum report_error error;
	carrier_taken_f *taken;
	void *taken_ctx;
};

enum {
	FAULTY_HELD_MAX = 64,
	REPORTED_MAX = 2048,
	OUTCOMES_MAX = 64,
	TEXT_LEN_MAX = 4096
};

struct outcome {
	unsigned calls; /* of done: one, and no more */
	enum carrier_result result;
	uint32_t code;
	char reason[80];
	char message_id[65];
	size_t part_count;
	char last_part_id[65];
	bool throttled;
	bool partly;
	bool elsewhere;
};

struct faulty {
	struct event_base *base;
	struct evconnlistener *listener;
	struct bufferevent *link; /* of the newest connection */
	struct carrier *carrier;
	struct carrier_config config;
	struct carrier_smpp_options options;
	int port;
	enum faulty_way way;
	uint32_t bind_status;
	uint32_t code;
	unsigned connections;
	unsigned binds;
	unsigned unbinds;
	unsigned submits;
	unsigned probes;       /* enquire_link */
	unsigned deliver_acks; /* deliver_sm_resp and data_sm_resp */
	enum smpp_command last_ack_command;
	uint32_t last_ack_status;
	uint32_t last_ack_sequence;
	unsigned nacks;    /* generic_nack that we were sent */
	unsigned refusals; /* responses to what an ESME is not asked for */
	enum smpp_command last_refusal;
	unsigned changes;      /* of the carrier's environment */
	unsigned most_at_once; /* submits without a response */
	unsigned at_once;
	uint32_t held[FAULTY_HELD_MAX];
	unsigned held_count;
	struct buf pieces; /* to be sent an octet a turn */
	size_t pieces_sent;
	struct smpp_pdu last; /* submit_sm */
	char last_text[256];
	size_t last_text_len;
	struct outcome outcomes[OUTCOMES_MAX];
	enum faulty_taking taking;
	unsigned reported_count;
	struct reported reported[REPORTED_MAX];
};

/* cmocka's setup and teardown; the carrier is not open yet. */
int faulty_setup(void **state);
int faulty_teardown(void **state);
void faulty_open(struct faulty *f);
/* Opens, and waits until it is bound. */
void faulty_bind(struct faulty *f);
/* Submits; the i-th outcome is where its answer will be. */
void faulty_submit(struct faulty *f, unsigned i, const char *text);
/* Answers what was held, in the reverse order. */
void faulty_release(struct faulty *f);
void faulty_release_one(struct faulty *f, uint32_t status);
/* A deliver_sm that is a receipt of this text. */
void faulty_report(struct faulty *f, uint32_t sequence, const char *text);
/* Any PDU, or octets in hexadecimal that are none. */
void faulty_say(struct faulty *f, const struct smpp_pdu *pdu);
void faulty_say_hex(struct faulty *f, const char *hex);
/* A whole PDU but for its length. */
void faulty_say_whole(struct faulty *f, const char *hex);
/* A submit_sm_resp with this body, whatever it is. */
void faulty_respond_hex(
    struct faulty *f, uint32_t sequence, uint32_t status, const char *body);
void faulty_stop_listening(struct faulty *f);

/* Runs the loop until the condition holds; fails after 10 s. */
#define faulty_until(f, condition)                                                       \
	do {                                                                             \
		int64_t until = faulty_deadline(f);                                      \
		while (!(condition))                                                     \
			faulty_turn((f), until, #condition);                             \
	} while (0)

int64_t faulty_deadline(struct faulty *f);
void faulty_turn(struct faulty *f, int64_t until, const char *what);
/* Runs the loop for a while, to see that nothing happens. */
void faulty_idle(struct faulty *f, int ms);

#endif

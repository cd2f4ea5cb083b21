/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends and resends: a PIN and its message, debited against their limits in one
 * transaction. Steps: store/verbs/send.c, store/verbs/resend.c.
 */
#ifndef WW_STORE_SEND_H
#define WW_STORE_SEND_H

#include "store/job.h"
#include "store/outgoing.h"
#include "store/pins.h"
#include "twofa/application.h"
#include "twofa/period.h"
#include "twofa/template.h"
#include "twofa/ucs2_value.h"

/* An alternative of the PIN, and what is wrong with it. */
struct send_alternative {
	struct pins_alternative row;
	bool templated;  /* the row has a template of its own */
	bool own_number; /* no other one of the send is the same; it is counted */
	bool missing;    /* the template */
	bool misfit;     /* it is for other channels, or that of the PIN is */
	bool full;       /* the limit of its number is what is used up */
};

/* A send. OK; ERR_NOT_FOUND: application or template; ERR_INVALID: `disabled`, `misfit`;
 * ERR_THROTTLED: wait_ms. */
struct send_job {
	struct job job;
	struct ident account;
	struct ident application;
	struct ident template;
	const struct application_caps *caps;
	const char *from;     /* or NULL */
	const char *language; /* one of twofa/language.h, or NULL */
	struct ucs2_value
	    unfit;            /* ERR_INVALID: a placeholder that the template refuses */
	int64_t failures_max; /* per destination in 24 hours; 0: no such budget */
	bool locked;          /* ERR_THROTTLED: by that */
	struct outgoing_message *outgoing; /* destination, channel, placeholders */
	struct send_alternative *alternatives;
	size_t alternative_count;
	bool disabled;
	bool misfit; /* an email template for a phone, or the other way around */
	int64_t wait_ms;
	const char *limit;      /* the one that is used up */
	const char *limit_rate; /* "3/1d" */
	bool found;             /* the application */
};

/* ERR_NOT_FOUND: no such PIN, or its life is over; ERR_INVALID: `misfit`; ERR_THROTTLED:
 * cap or spacing. */
struct resend_job {
	struct job job;
	struct ident account;
	struct ident pin_id;
	int64_t resends_max;
	int64_t interval_ms;
	int64_t failures_max;              /* as of a send */
	bool locked;                       /* ERR_THROTTLED: by that */
	struct outgoing_message *outgoing; /* channel, and placeholders when given anew */
	int64_t wait_ms;                   /* 0: waiting does not help */
	/* of the PIN, when it was found; the message may be gone */
	int64_t expires_at_ms;
	struct verify_state state;
	bool found;
	bool misfit;             /* its template is for other channels */
	struct ucs2_value unfit; /* as of a send, of placeholders that are given anew */
	int64_t attempts_max;
};

#endif

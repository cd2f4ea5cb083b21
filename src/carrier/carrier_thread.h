/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A carrier whose library has a loop of its own: two queues between delivery's loop and
 * that thread. Messages, stops and whatever is posted go in; outcomes, receipts and the
 * state of the link come out. The rules of carrier.h that are about the loop are kept
 * here: one answer for each submit, on the loop's thread and never after the end; a bound
 * on what is held; a receipt is told until it is durable.
 *
 * A job is one message in the thread's hands. It has a place from its submit until the
 * thread has ended it, which may be long after its outcome: a call is answered first and
 * over later.
 */
#ifndef WW_CARRIER_THREAD_H
#define WW_CARRIER_THREAD_H

#include "base/queue.h"
#include "carrier/carrier.h"

enum { CARRIER_THREAD_REASON_LEN = 160, CARRIER_THREAD_ID_LEN = 80 };

struct carrier_thread;

/* The tasks that come out of a job; each of its tasks is pushed at most once at a time.
 */
struct carrier_job_out {
	struct task answer;
	struct task receipt;
	struct task end;
	struct carrier_outcome outcome;
	char reason[CARRIER_THREAD_REASON_LEN];
	char message_id[CARRIER_THREAD_ID_LEN];
	enum report_status status;
	enum report_error error;
	int64_t done_at_ms;
};

struct carrier_job {
	struct carrier_message message; /* a copy; the content until it is forgotten */
	struct carrier_thread *thread;
	struct arena arena;   /* of the job itself */
	struct arena content; /* the text with the PIN */
	struct task in;
	struct carrier_job_out out;
	carrier_done_f *done; /* of the loop's side, as all that follows */
	void *ctx;
	struct carrier_job *next;
	struct carrier_job **link;
	bool answered;
	bool ended;
	bool reporting; /* its receipt is not durable yet */
	bool due;       /* and is to be told again */
	unsigned reports;
};

/* The library's side. All but `run` are called from carrier_thread_turn. */
struct carrier_thread_user {
	const char *name; /* of the thread, at most 15 octets */
	/* Its whole life: waits for carrier_thread_fd among its own, and returns soon
	 * after `quit`. */
	void (*run)(void *ctx);
	void (*submit)(void *ctx, struct carrier_job *job);
	/* No submit comes any more: what is held ends well within so long. */
	void (*stop)(void *ctx, int64_t within_ms);
	/* All of it ends now. */
	void (*quit)(void *ctx);
	void *ctx;
};

/* ---- on delivery's loop ---- */

/* `places` jobs at most are in its hands. The thread is not started yet. */
struct carrier_thread *carrier_thread_new(const struct carrier_config *config,
    const struct carrier_env *env, size_t places,
    const struct carrier_thread_user *user) MUST_CHECK;
void carrier_thread_start(struct carrier_thread *t);
void carrier_thread_submit(struct carrier_thread *t, const struct carrier_message *m,
    carrier_done_f *done, void *ctx);
bool carrier_thread_is_up(const struct carrier_thread *t);
bool carrier_thread_has_room(const struct carrier_thread *t);
/* Is a job not ended yet, or a receipt not durable? */
bool carrier_thread_is_busy(const struct carrier_thread *t);
void carrier_thread_stop(struct carrier_thread *t, int64_t within_ms);
/* Ends the thread; what it has not answered is CARRIER_UNKNOWN. */
void carrier_thread_free(struct carrier_thread *t);

/* ---- on any thread ---- */

/* The task runs on the library's thread. */
void carrier_thread_post(struct carrier_thread *t, struct task *task);

/* ---- on the library's thread ---- */

/* Readable while something has come in. */
int carrier_thread_fd(const struct carrier_thread *t);
/* Takes what has come in. */
void carrier_thread_turn(struct carrier_thread *t);
/* Wipes the content, which nobody needs any more. */
void carrier_thread_forget(struct carrier_job *job);
/* Once for each job. Reason and id are copied and cut; part_ids are not for these. */
void carrier_thread_answer(struct carrier_job *job, const struct carrier_outcome *o);
/* After an outcome that named a message_id; at most once for each job. */
void carrier_thread_report(struct carrier_job *job, enum report_status status,
    enum report_error error, int64_t done_at_ms);
/* Its place is free. The job was answered, and is the loop's from here on. */
void carrier_thread_end(struct carrier_job *job);
/* The link's state, as carrier_thread_is_up has it soon after. */
void carrier_thread_tell_up(struct carrier_thread *t, bool up);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "server/auth_log.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/log.h"

enum { LINES_MAX = 60, LINES_MS = 60 * 1000 };

struct auth_log {
	const struct clock *clock;
	atomic_ullong accepted[SCHEME_COUNT];
	atomic_ullong refused[SCHEME_COUNT];
	atomic_ullong throttled;
	atomic_ullong overloaded;
	atomic_ullong unsaid; /* refusals without a line of their own */
	pthread_mutex_t lock; /* of what follows */
	int64_t since_ms;
	int lines;
};

struct auth_log *
auth_log_new(const struct clock *clock)
{
	struct auth_log *l = mem_new(sizeof(*l));

	l->clock = clock;
	pthread_mutex_init(&l->lock, NULL);
	return l;
}

void
auth_log_free(struct auth_log *l)
{
	if (l == NULL)
		return;
	pthread_mutex_destroy(&l->lock);
	mem_free(l);
}

static bool
has_room(struct auth_log *l)
{
	int64_t now_ms = l->clock->steady_ms(l->clock);
	bool room;

	pthread_mutex_lock(&l->lock);
	if (now_ms - l->since_ms >= LINES_MS) {
		l->since_ms = now_ms;
		l->lines = 0;
	}
	room = l->lines < LINES_MAX;
	l->lines += room;
	pthread_mutex_unlock(&l->lock);
	return room;
}

void
auth_log_signed_in(void *log, enum scheme s, enum err e, const struct call_request *q,
    uint64_t request_id)
{
	struct auth_log *l = log;
	char from[ADDRESS_TEXT_LEN];

	if (e == OK) {
		atomic_fetch_add(&l->accepted[s], 1);
		return;
	}
	if (e == ERR_THROTTLED)
		atomic_fetch_add(&l->throttled, 1);
	else if (e == ERR_OVERLOADED)
		atomic_fetch_add(&l->overloaded, 1);
	else
		atomic_fetch_add(&l->refused[s], 1);
	if (!has_room(l)) {
		atomic_fetch_add(&l->unsaid, 1);
		return;
	}
	log_event(LOG_LEVEL_WARNING, "sign_in_refused",
	    LOG_INT("request", (int64_t)request_id),
	    LOG_TEXT("scheme", auth_scheme_name(s)),
	    LOG_TEXT("address", address_text(&q->peer, from)), LOG_ERR(e));
}

static int64_t
take_count(atomic_ullong *count)
{
	return (int64_t)atomic_exchange(count, 0);
}

static void
flush_scheme(struct auth_log *l, enum scheme s)
{
	int64_t accepted = take_count(&l->accepted[s]);
	int64_t refused = take_count(&l->refused[s]);

	if (accepted + refused > 0)
		log_event(LOG_LEVEL_INFO, "sign_ins",
		    LOG_TEXT("scheme", auth_scheme_name(s)),
		    LOG_INT("accepted", accepted), LOG_INT("refused", refused));
}

void
auth_log_flush(struct auth_log *l)
{
	int64_t throttled = take_count(&l->throttled);
	int64_t overloaded = take_count(&l->overloaded);
	int64_t unsaid = take_count(&l->unsaid);

	for (enum scheme s = SCHEME_NONE; s < SCHEME_COUNT; s++)
		flush_scheme(l, s);
	if (throttled + overloaded + unsaid > 0)
		log_event(LOG_LEVEL_WARNING, "sign_ins_held",
		    LOG_INT("throttled", throttled), LOG_INT("overloaded", overloaded),
		    LOG_INT("not_logged", unsaid));
}

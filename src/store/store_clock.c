/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_clock.h"

#include "base/log.h"

enum { SLEW_SHARE = 2048, TELL_MS = 60 * 1000 };

/* The event to be logged once the lock is free. */
enum step_event { STEP_NONE, STEP_SEEN, STEP_TAKEN, STEP_UNDONE };

struct step {
	enum step_event event;
	int64_t by_ms;
};

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static bool
is_near(int64_t a, int64_t b)
{
	return a - b <= CLOCK_STEP_MS && b - a <= CLOCK_STEP_MS;
}

static int64_t
believed_ms(const struct store_clock *c)
{
	return c->steady_ms + c->offset_ms;
}

/* ---- a start ---- */

/* The boot clock has gone on since the record was made. */
static bool
is_same_boot(const struct store_clock *c, const struct clock_record *record)
{
	return record->boot != 0 && record->boot == c->boot &&
	       c->steady_ms >= record->steady_ms;
}

static void
go_on(struct store_clock *c, const struct clock_record *record)
{
	int64_t passed_ms = c->steady_ms - record->steady_ms;

	c->now_ms = most(record->now_ms + passed_ms, record->least_ms);
	c->settled_ms = least(record->settled_ms + passed_ms, c->now_ms);
	c->offset_ms = record->offset_ms;
	c->stepped_ms = record->steady_ms - record->held_ms;
	c->begun_ms = record->begun_ms;
}

/* The time since the record by the boot clock of another boot: no more than the wall
 * clock, as the data may come from another machine while this one is up for a year. Where
 * the wall clock is behind, a machine takes some minutes at most to come up. */
static int64_t
up_ms(const struct store_clock *c, const struct clock_record *record, int64_t wall_ms)
{
	int64_t ahead_ms = wall_ms - record->now_ms;

	if (record->boot == 0)
		return 0;
	if (ahead_ms >= -CLOCK_STEP_MS)
		return least(c->steady_ms, most(ahead_ms, 0));
	return least(c->steady_ms, CLOCK_TAKEN_MS);
}

static void
begin_anew(struct store_clock *c, const struct clock_record *record, int64_t wall_ms)
{
	int64_t ahead_ms;

	c->now_ms = most(record->now_ms + up_ms(c, record, wall_ms), record->least_ms);
	c->settled_ms = record->boot != 0 ? record->settled_ms : record->now_ms;
	ahead_ms = wall_ms - c->now_ms;
	if (ahead_ms > 0)
		c->now_ms += least(ahead_ms, CLOCK_DOWN_MS);
	c->offset_ms = c->now_ms - c->steady_ms;
	c->stepped_ms = c->steady_ms;
	c->begun_ms = c->now_ms;
}

/* Nothing is in the store that could be deleted. */
static void
begin_first(struct store_clock *c, int64_t wall_ms)
{
	c->now_ms = wall_ms;
	c->settled_ms = wall_ms;
	c->offset_ms = wall_ms - c->steady_ms;
	c->stepped_ms = c->steady_ms - CLOCK_HELD_MS;
}

void
store_clock_init(
    struct store_clock *c, const struct clock *clock, const struct clock_record *record)
{
	int64_t wall_ms = clock->wall_ms(clock);

	*c = (struct store_clock){.clock = clock};
	pthread_mutex_init(&c->lock, NULL);
	c->boot = clock->boot(clock);
	c->steady_ms = clock->steady_ms(clock);
	if (record->now_ms == 0)
		begin_first(c, wall_ms);
	else if (is_same_boot(c, record))
		go_on(c, record);
	else
		begin_anew(c, record, wall_ms);
	c->anchor_ms = c->offset_ms;
	c->anchored_ms = c->steady_ms;
	c->told_ms = c->steady_ms - TELL_MS;
}

void
store_clock_fini(struct store_clock *c)
{
	if (c->clock == NULL)
		return; /* the store did not open as far as its clock */
	pthread_mutex_destroy(&c->lock);
}

/* ---- a reading ---- */

/* By how much less the store's time goes on. */
static int64_t
slew(struct store_clock *c, int64_t passed_ms)
{
	int64_t ahead_ms = c->now_ms - believed_ms(c);
	int64_t less_ms;

	if (ahead_ms <= 0 || ahead_ms > CLOCK_STEP_MS)
		return 0;
	c->slewed_ms += passed_ms;
	less_ms = least(c->slewed_ms / SLEW_SHARE, ahead_ms);
	c->slewed_ms %= SLEW_SHARE;
	return less_ms;
}

static void
pass(struct store_clock *c, int64_t steady_ms)
{
	int64_t passed_ms = steady_ms - c->steady_ms;

	if (passed_ms <= 0)
		return;
	c->now_ms += passed_ms - slew(c, passed_ms);
	c->settled_ms += passed_ms;
	c->steady_ms = steady_ms;
}

/* Small steps are followed, but not many of them in one direction: from the anchor they
 * may come to a minute in five. */
static void
follow(struct store_clock *c, int64_t offset_ms)
{
	c->offset_ms = offset_ms;
	if (c->steady_ms - c->anchored_ms < CLOCK_TAKEN_MS)
		return;
	c->anchor_ms = offset_ms;
	c->anchored_ms = c->steady_ms;
}

static struct step
take(struct store_clock *c, int64_t offset_ms)
{
	struct step step = {STEP_TAKEN, offset_ms - c->offset_ms};

	c->offset_ms = offset_ms;
	c->anchor_ms = offset_ms;
	c->anchored_ms = c->steady_ms;
	c->stepped_ms = c->steady_ms;
	c->begun_ms = most(c->now_ms, believed_ms(c));
	c->suspect = (struct clock_suspect){.is_set = false};
	return step;
}

/* A clock that goes to and fro is told of once a minute. */
static struct step
suspect(struct store_clock *c, int64_t offset_ms)
{
	bool is_told = c->suspect.is_told;
	struct step step = {STEP_SEEN, offset_ms - c->offset_ms};

	c->suspect = (struct clock_suspect){true, is_told, offset_ms, c->steady_ms};
	if (c->steady_ms - c->told_ms < TELL_MS)
		return (struct step){STEP_NONE, 0};
	c->suspect.is_told = true;
	c->told_ms = c->steady_ms;
	return step;
}

static struct step
undo(struct store_clock *c)
{
	struct step step = {STEP_NONE, c->suspect.offset_ms - c->offset_ms};

	if (c->suspect.is_told)
		step.event = STEP_UNDONE;
	c->suspect = (struct clock_suspect){.is_set = false};
	return step;
}

static struct step
classify_reading(struct store_clock *c, int64_t wall_ms)
{
	int64_t offset_ms = wall_ms - c->steady_ms;

	if (is_near(offset_ms, c->anchor_ms)) {
		follow(c, offset_ms);
		return c->suspect.is_set ? undo(c) : (struct step){STEP_NONE, 0};
	}
	if (!c->suspect.is_set || !is_near(offset_ms, c->suspect.offset_ms))
		return suspect(c, offset_ms);
	if (c->steady_ms - c->suspect.since_ms >= CLOCK_TAKEN_MS)
		return take(c, offset_ms);
	return (struct step){STEP_NONE, 0};
}

static void
tell(const struct step *step)
{
	static const struct {
		enum log_level level;
		const char *event;
	} rows[] = {[STEP_SEEN] = {LOG_LEVEL_WARNING, "clock_step_seen"},
	    [STEP_TAKEN] = {LOG_LEVEL_WARNING, "clock_step_taken"},
	    [STEP_UNDONE] = {LOG_LEVEL_INFO, "clock_step_undone"}};

	if (step->event != STEP_NONE)
		log_event(rows[step->event].level, rows[step->event].event,
		    LOG_INT("seconds", step->by_ms / 1000));
}

static void
fill(const struct store_clock *c, int64_t wall_ms, struct store_time *out)
{
	int64_t believed = believed_ms(c);

	out->now_ms = c->now_ms;
	out->wall_ms = c->now_ms - believed > CLOCK_STEP_MS ? believed : c->now_ms;
	out->settled_ms = c->settled_ms;
	out->begun_ms = c->begun_ms;
	out->history_ms = least(c->settled_ms, least(believed, wall_ms));
}

/* A reading leaves the time where it was, or later. */
static void
check(const struct store_clock *c, int64_t before_ms)
{
	INVARIANT(c->now_ms >= before_ms);
	INVARIANT(c->settled_ms <= c->now_ms);
}

void
store_clock_read(struct store_clock *c, struct store_time *out)
{
	struct step step;
	int64_t before_ms;
	int64_t wall_ms;

	pthread_mutex_lock(&c->lock);
	before_ms = c->now_ms;
	wall_ms = c->clock->wall_ms(c->clock);
	pass(c, c->clock->steady_ms(c->clock));
	step = classify_reading(c, wall_ms);
	c->now_ms = most(c->now_ms, believed_ms(c));
	c->settled_ms = least(c->settled_ms, c->now_ms);
	if (c->steady_ms - c->stepped_ms >= CLOCK_HELD_MS)
		c->settled_ms = c->now_ms;
	check(c, before_ms);
	fill(c, wall_ms, out);
	pthread_mutex_unlock(&c->lock);
	tell(&step);
}

int64_t
store_clock_now(struct store_clock *c)
{
	struct store_time time;

	store_clock_read(c, &time);
	return time.now_ms;
}

void
store_clock_record(struct store_clock *c, struct clock_record *out)
{
	pthread_mutex_lock(&c->lock);
	*out = (struct clock_record){.now_ms = c->now_ms,
	    .boot = c->boot,
	    .steady_ms = c->steady_ms,
	    .offset_ms = c->offset_ms,
	    .settled_ms = c->settled_ms,
	    .held_ms = c->steady_ms - c->stepped_ms,
	    .begun_ms = c->begun_ms};
	pthread_mutex_unlock(&c->lock);
}

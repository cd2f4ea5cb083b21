/* SPDX-License-Identifier: Apache-2.0 */
#include "store/watcher.h"

#include "store/engine.h"

enum { FOLLOW_MS = 10 * 1000, NOT_AGAIN_MS = 20, ASLEEP_MS = 30 * 1000 };

void
watcher_init(struct watcher *w, struct engine *e)
{
	*w = (struct watcher){.engine = e,
	    .fd = -1,
	    .due = true,
	    .worked_ms = INT64_MIN / 2,
	    .follow_until_ms = INT64_MIN};
}

void
watcher_worked(struct watcher *w, int64_t now_ms)
{
	w->worked_ms = now_ms;
	if (w->fd < 0)
		return;
	w->engine->ops->unwatch(w->engine);
	w->fd = -1;
}

void
watcher_rest(struct watcher *w, int64_t now_ms)
{
	if (w->fd >= 0 || now_ms - w->worked_ms < WATCHER_LOOK_MS)
		return;
	w->fd = w->engine->ops->watch(w->engine);
	w->due = w->fd >= 0; /* changes from before give no notice */
}

static bool
is_following(const struct watcher *w, int64_t now_ms)
{
	return now_ms < w->follow_until_ms;
}

static bool
has_just_followed(const struct watcher *w, int64_t now_ms)
{
	return is_following(w, now_ms) && now_ms - w->looked_ms < NOT_AGAIN_MS;
}

/* Since the last look, not since somebody last woke up: looks are not put off by work. */
static int
left_ms(const struct watcher *w, int64_t now_ms)
{
	int64_t left = w->looked_ms + WATCHER_LOOK_MS - now_ms;

	return left < 1 ? 1 : left > WATCHER_LOOK_MS ? WATCHER_LOOK_MS : (int)left;
}

int
watcher_wait_ms(const struct watcher *w, int64_t now_ms)
{
	if (w->fd < 0)
		return left_ms(w, now_ms);
	if (has_just_followed(w, now_ms))
		return NOT_AGAIN_MS;
	return is_following(w, now_ms) ? left_ms(w, now_ms) : ASLEEP_MS;
}

int
watcher_fd(const struct watcher *w, int64_t now_ms)
{
	return has_just_followed(w, now_ms) ? -1 : w->fd;
}

void
watcher_told(struct watcher *w, int64_t now_ms)
{
	INVARIANT(w->fd >= 0);
	w->engine->ops->unwatch(w->engine);
	w->fd = w->engine->ops->watch(w->engine);
	w->due = true;
	w->follow_until_ms = now_ms + FOLLOW_MS;
}

bool
watcher_is_due(const struct watcher *w, int64_t now_ms)
{
	return w->due || now_ms - w->looked_ms >= WATCHER_LOOK_MS;
}

void
watcher_looked(struct watcher *w, int64_t now_ms)
{
	w->due = false;
	w->looked_ms = now_ms;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite/hot.h"

#include <endian.h>
#include <stdlib.h>

enum { CHUNK = 64, LOG_STEP = 16, YOUNG_LEAST = 64 };

struct hot_chunk {
	struct hot_chunk *next;
	struct hot_pin pins[CHUNK];
};

static const struct ident *
id_of(const struct hot_pin *pin)
{
	return &pin->row.recipe.pin_id;
}

static bool
is_changed(const struct hot_pin *pin)
{
	return pin->state_changed || pin->log_changed;
}

/* ---- entries ---- */

static void
add_chunk(struct hot *h)
{
	struct hot_chunk *c = mem_new(sizeof(*c));

	c->next = h->chunks;
	h->chunks = c;
	for (size_t i = 0; i < CHUNK; i++) {
		c->pins[i].after = h->free;
		h->free = &c->pins[i];
	}
}

static struct hot_pin *
take_free(struct hot *h)
{
	struct hot_pin *pin;

	if (h->free == NULL)
		add_chunk(h);
	pin = h->free;
	h->free = pin->after;
	*pin = (struct hot_pin){.linked = false};
	h->count++;
	return pin;
}

static void
let_go(struct hot *h, struct hot_pin *pin)
{
	mem_free(pin->destination);
	mem_free(pin->log);
	*pin = (struct hot_pin){.after = h->free};
	h->free = pin;
}

/* ---- by PIN id ---- */

/* The end of an id is random (twofa/ident.h). */
static struct hot_pin **
id_bucket(const struct hot *h, const struct ident *id)
{
	uint64_t hash;

	memcpy(&hash, id->bytes + IDENT_LEN - sizeof(hash), sizeof(hash));
	return &h->by_id[hash & (h->buckets - 1)];
}

struct hot_pin *
hot_find(const struct hot *h, const struct ident *pin_id)
{
	struct hot_pin *pin = *id_bucket(h, pin_id);

	while (pin != NULL && ident_compare(id_of(pin), pin_id) != 0)
		pin = pin->next_by_id;
	return pin;
}

static struct hot_pin *
add_pin(struct hot *h, const struct ident *pin_id)
{
	struct hot_pin **bucket = id_bucket(h, pin_id);
	struct hot_pin *pin = take_free(h);

	pin->row.recipe.pin_id = *pin_id;
	pin->next_by_id = *bucket;
	*bucket = pin;
	return pin;
}

static void
leave_ids(struct hot *h, struct hot_pin *pin)
{
	struct hot_pin **link = id_bucket(h, id_of(pin));

	while (*link != pin)
		link = &(*link)->next_by_id;
	*link = pin->next_by_id;
	h->count--;
}

/* ---- by number ---- */

/* FNV-1a, begun where nobody else knows. */
static uint64_t
hash_octets(uint64_t hash, const void *octets, size_t len)
{
	const uint8_t *at = octets;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static uint64_t
hash_number(const struct hot *h, const struct ident *application, const char *to)
{
	uint64_t hash = hash_octets(h->seed, application->bytes, IDENT_LEN);

	hash = hash_octets(hash, to, strlen(to));
	return hash ^ hash >> 32;
}

static bool
is_of(const struct hot_pin *pin, uint64_t hash, const struct ident *application,
    const char *to)
{
	return pin->number_hash == hash && strcmp(pin->destination, to) == 0 &&
	       ident_compare(&pin->row.recipe.application, application) == 0;
}

/* Where the newest of the number is, or would be. */
static struct hot_pin **
number_link(
    const struct hot *h, uint64_t hash, const struct ident *application, const char *to)
{
	struct hot_pin **link = &h->by_number[hash & (h->buckets - 1)];

	while (*link != NULL && !is_of(*link, hash, application, to))
		link = &(*link)->next_by_number;
	return link;
}

struct hot_pin *
hot_newest(const struct hot *h, const struct ident *application, const char *destination)
{
	return *number_link(
	    h, hash_number(h, application, destination), application, destination);
}

/* In the order of ids: those of one millisecond are in none when they come. */
static void
link_pin(struct hot *h, struct hot_pin *pin)
{
	struct hot_pin **link = number_link(
	    h, pin->number_hash, &pin->row.recipe.application, pin->destination);
	struct hot_pin *newer = NULL;
	struct hot_pin *older = *link;

	for (; older != NULL && ident_compare(id_of(older), id_of(pin)) > 0;
	     older = older->older)
		newer = older;
	pin->linked = true;
	pin->newer = newer;
	pin->older = older;
	if (older != NULL)
		older->newer = pin;
	if (newer != NULL) {
		newer->older = pin;
		return;
	}
	pin->next_by_number = older == NULL ? NULL : older->next_by_number;
	*link = pin;
}

static void
unlink_pin(struct hot *h, struct hot_pin *pin)
{
	if (!pin->linked)
		return;
	if (pin->older != NULL)
		pin->older->newer = pin->newer;
	if (pin->newer != NULL) {
		pin->newer->older = pin->older;
	} else {
		struct hot_pin **link = number_link(
		    h, pin->number_hash, &pin->row.recipe.application, pin->destination);

		*link = pin->older != NULL ? pin->older : pin->next_by_number;
		if (pin->older != NULL)
			pin->older->next_by_number = pin->next_by_number;
	}
	pin->linked = false;
	pin->newer = pin->older = pin->next_by_number = NULL;
}

/* The list is whole from its oldest entry on; so the older ones go first. */
static void
cut_list(struct hot *h, struct hot_pin *pin)
{
	while (pin->older != NULL) {
		struct hot_pin *oldest = pin->older;

		while (oldest->older != NULL)
			oldest = oldest->older;
		unlink_pin(h, oldest);
	}
	unlink_pin(h, pin);
}

/* ---- clean ones ---- */

static void
leave_clean(struct hot *h, struct hot_pin *pin)
{
	*(pin->before == NULL ? &h->first_clean : &pin->before->after) = pin->after;
	*(pin->after == NULL ? &h->last_clean : &pin->after->before) = pin->before;
	pin->before = pin->after = NULL;
	pin->is_clean = false;
	h->clean--;
}

static void
join_clean(struct hot *h, struct hot_pin *pin)
{
	pin->before = h->last_clean;
	*(h->last_clean == NULL ? &h->first_clean : &h->last_clean->after) = pin;
	h->last_clean = pin;
	pin->is_clean = true;
	h->clean++;
}

/* No generation has it, and the database has all of it. */
static bool
is_free(const struct hot_pin *pin)
{
	return !pin->waits && !is_changed(pin) && !pin->in_places && !pin->in_changes;
}

static void
update_clean(struct hot *h, struct hot_pin *pin)
{
	bool is_clean = !pin->dead && is_free(pin);

	if (is_clean && !pin->is_clean)
		join_clean(h, pin);
	else if (!is_clean && pin->is_clean)
		leave_clean(h, pin);
}

/* An id of this millisecond may be above one that is yet to come. */
void
hot_trim(struct hot *h, size_t most, int64_t now_ms)
{
	size_t beyond = h->clean > h->rows_max ? h->clean - h->rows_max : 0;

	if (most < beyond / 2) /* else large batches bring more than ever go */
		most = beyond / 2;
	for (; most > 0 && h->clean > h->rows_max; most--) {
		struct hot_pin *pin = h->first_clean;

		if (ident_ms(id_of(pin)) >= now_ms)
			return;
		leave_clean(h, pin);
		cut_list(h, pin);
		leave_ids(h, pin);
		let_go(h, pin);
	}
}

/* ---- generations ---- */

static void
queue_fini(struct hot_queue *q)
{
	mem_free(q->young);
	mem_free(q->old);
	*q = (struct hot_queue){.young = NULL};
}

static void
queue_grow(struct hot_queue *q)
{
	size_t room = q->young_room == 0 ? YOUNG_LEAST : 2 * q->young_room;
	struct hot_pin **young = mem_array(room, sizeof(*young));

	if (q->young_count > 0)
		memcpy(young, q->young, q->young_count * sizeof(*young));
	mem_free(q->young);
	q->young = young;
	q->young_room = room;
}

static void
queue_push(struct hot_queue *q, struct hot_pin *pin, int64_t at_ms)
{
	if (q->young_count == q->young_room)
		queue_grow(q);
	if (q->young_count == 0 || at_ms < q->young_ms)
		q->young_ms = at_ms;
	q->young[q->young_count++] = pin;
}

/* A generation had it for nothing. */
static void
pass_over(struct hot *h, struct hot_pin *pin)
{
	if (!pin->dead)
		update_clean(h, pin);
	else if (!pin->in_places && !pin->in_changes)
		let_go(h, pin);
}

/* Where PINs are removed before so many wait that a generation turns, only this bounds
 * the young one. A quarter of it has to go, else it grows: so a place costs the same
 * however many there are. */
static void
thin_out_places(struct hot *h)
{
	struct hot_queue *q = &h->places;
	size_t kept = 0;

	if (q->young_count < q->young_room || q->young_count == 0)
		return;
	for (size_t i = 0; i < q->young_count; i++) {
		struct hot_pin *pin = q->young[i];

		if (pin->waits) {
			q->young[kept++] = pin;
			continue;
		}
		pin->in_places = false;
		pass_over(h, pin);
	}
	q->young_count = kept;
	if (kept > q->young_room - q->young_room / 4)
		queue_grow(q);
}

size_t
hot_queue_left(const struct hot_queue *q)
{
	return q->old_count - q->old_at;
}

int64_t
hot_queue_since(const struct hot_queue *q)
{
	int64_t since_ms = q->young_count > 0 ? q->young_ms : INT64_MAX;

	return hot_queue_left(q) > 0 && q->old_ms < since_ms ? q->old_ms : since_ms;
}

/* An entry in the order of its queue: an id, and the front of a destination; the pin
 * itself is looked at where these are not enough. */
struct sorted {
	uint64_t front[3];
	struct hot_pin *pin;
};

static uint64_t
front_of(const void *octets, size_t len)
{
	uint64_t front = 0;

	memcpy(&front, octets, len < sizeof(front) ? len : sizeof(front));
	return be64toh(front);
}

static void
set_id_front(struct sorted *s, const struct ident *id)
{
	s->front[0] = front_of(id->bytes, IDENT_LEN);
	s->front[1] = front_of(id->bytes + IDENT_LEN / 2, IDENT_LEN / 2);
}

static void
set_place_front(struct sorted *s)
{
	const char *to = s->pin->destination;

	set_id_front(s, &s->pin->row.recipe.application);
	s->front[2] = front_of(to, strlen(to));
}

static void
set_change_front(struct sorted *s)
{
	set_id_front(s, id_of(s->pin));
}

static int
compare_fronts(const struct sorted *x, const struct sorted *y)
{
	size_t at = 0;

	while (at + 1 < countof(x->front) && x->front[at] == y->front[at])
		at++;
	return (x->front[at] > y->front[at]) - (x->front[at] < y->front[at]);
}

static int
compare_places(const void *a, const void *b)
{
	const struct sorted *x = a;
	const struct sorted *y = b;
	int order = compare_fronts(x, y);

	if (order == 0)
		order = strcmp(x->pin->destination, y->pin->destination);
	return order != 0 ? order : ident_compare(id_of(x->pin), id_of(y->pin));
}

static int
compare_ids(const void *a, const void *b)
{
	return compare_fronts(a, b);
}

static void
turn(struct hot_queue *q, void (*set_front)(struct sorted *s),
    int (*compare)(const void *a, const void *b))
{
	struct sorted *sorted = mem_array(q->young_count, sizeof(*sorted));

	for (size_t i = 0; i < q->young_count; i++) {
		sorted[i] = (struct sorted){.pin = q->young[i]};
		set_front(&sorted[i]);
	}
	qsort(sorted, q->young_count, sizeof(*sorted), compare);
	mem_free(q->old);
	q->old = q->young;
	q->old_count = q->young_count;
	q->old_ms = q->young_ms;
	q->old_at = 0;
	for (size_t i = 0; i < q->old_count; i++)
		q->old[i] = sorted[i].pin;
	mem_free(sorted);
	q->young = NULL;
	q->young_count = q->young_room = 0;
}

bool
hot_turn_places(struct hot *h, int64_t now_ms)
{
	struct hot_queue *q = &h->places;

	INVARIANT(hot_queue_left(q) == 0);
	if (q->young_count == 0 || now_ms <= h->entered_ms)
		return false;
	q->turn_ms = now_ms;
	turn(q, set_place_front, compare_places);
	return true;
}

bool
hot_turn_changes(struct hot *h, int64_t now_ms)
{
	struct hot_queue *q = &h->changes;

	INVARIANT(hot_queue_left(q) == 0);
	if (q->young_count == 0)
		return false;
	q->turn_ms = now_ms;
	turn(q, set_change_front, compare_ids);
	return true;
}

struct hot_pin *
hot_next_place(struct hot *h)
{
	struct hot_queue *q = &h->places;

	while (q->old_at < q->old_count) {
		struct hot_pin *pin = q->old[q->old_at++];

		pin->in_places = false;
		if (pin->waits)
			return pin;
		pass_over(h, pin);
	}
	return NULL;
}

struct hot_pin *
hot_next_change(struct hot *h)
{
	struct hot_queue *q = &h->changes;

	while (q->old_at < q->old_count) {
		struct hot_pin *pin = q->old[q->old_at++];

		pin->in_changes = false;
		if (is_changed(pin))
			return pin;
		pass_over(h, pin);
	}
	return NULL;
}

/* ---- what is known of a PIN ---- */

static void
set_log(struct hot_pin *pin, struct span log)
{
	if (log.len > pin->log_room) {
		mem_free(pin->log);
		pin->log_room = (uint32_t)((log.len / LOG_STEP + 1) * LOG_STEP);
		pin->log = mem_new(pin->log_room);
	}
	if (log.len > 0 && log.ptr != pin->log)
		memcpy(pin->log, log.ptr, log.len);
	pin->row.log = (struct span){log.len > 0 ? pin->log : "", log.len};
	pin->log_set = true;
}

static void
drop_log(struct hot_pin *pin)
{
	mem_free(pin->log);
	pin->log = NULL;
	pin->log_room = 0;
	pin->row.log = (struct span){NULL, 0};
	pin->log_set = false;
}

struct hot_pin *
hot_enter(struct hot *h, const struct ident *application, const char *destination,
    const struct ident *pin_id)
{
	struct hot_pin *pin = hot_find(h, pin_id);
	int64_t at_ms = ident_ms(pin_id);

	if (pin == NULL) /* else the journal knew of it first */
		pin = add_pin(h, pin_id);
	INVARIANT(!pin->waits && !pin->linked);
	mem_free(pin->destination);
	pin->destination = mem_text(destination);
	pin->row.destination = pin->destination;
	pin->row.recipe.application = *application;
	pin->number_hash = hash_number(h, application, destination);
	pin->waits = pin->in_places = true;
	h->waiting++;
	if (at_ms > h->entered_ms)
		h->entered_ms = at_ms;
	link_pin(h, pin);
	thin_out_places(h);
	queue_push(&h->places, pin, at_ms);
	update_clean(h, pin);
	return pin;
}

/* Somebody changed the row by hand since the PIN entered the list of its number. */
static bool
is_of_another_number(const struct hot_pin *pin, const struct pin_row *row)
{
	return pin->destination != NULL &&
	       (strcmp(pin->destination, row->destination) != 0 ||
		   ident_compare(
		       &pin->row.recipe.application, &row->recipe.application) != 0);
}

void
hot_set_row(struct hot *h, struct hot_pin *pin, const struct pin_row *row)
{
	struct verify_state state = pin->state_set ? pin->row.state : row->state;
	struct span log = pin->row.log;

	if (is_of_another_number(pin, row))
		return;
	if (pin->destination == NULL) {
		pin->destination = mem_text(row->destination);
		pin->number_hash =
		    hash_number(h, &row->recipe.application, row->destination);
	}
	pin->row = *row;
	pin->row.destination = pin->destination;
	pin->row.state = state;
	pin->row.log = log;
	pin->has_row = pin->state_set = true;
	if (!pin->log_set && row->log.len <= HOT_LOG_MAX)
		set_log(pin, row->log);
}

struct hot_pin *
hot_change(struct hot *h, const struct ident *pin_id, const struct verify_state *state,
    struct span log, int64_t now_ms)
{
	struct hot_pin *pin = hot_find(h, pin_id);

	if (pin == NULL)
		pin = add_pin(h, pin_id);
	if (state->attempts > 0) {
		pin->row.state = *state;
		pin->state_set = pin->state_changed = true;
	}
	if (log.ptr != NULL) {
		set_log(pin, log);
		pin->log_changed = true;
	}
	if (!pin->in_changes)
		queue_push(&h->changes, pin, now_ms);
	pin->in_changes = true;
	update_clean(h, pin);
	return pin;
}

void
hot_settled(struct hot *h, struct hot_pin *pin)
{
	pin->state_changed = pin->log_changed = false;
	if (pin->row.log.len > HOT_LOG_MAX)
		drop_log(pin);
	update_clean(h, pin);
}

void
hot_placed(struct hot *h, struct hot_pin *pin)
{
	INVARIANT(pin->waits);
	pin->waits = false;
	h->waiting--;
	update_clean(h, pin);
}

void
hot_remove(struct hot *h, const struct ident *pin_id)
{
	struct hot_pin *pin = hot_find(h, pin_id);

	if (pin == NULL)
		return;
	unlink_pin(h, pin);
	leave_ids(h, pin);
	h->waiting -= pin->waits;
	pin->dead = true;
	pin->waits = pin->state_changed = pin->log_changed = false;
	update_clean(h, pin);
	if (!pin->in_places && !pin->in_changes)
		let_go(h, pin);
}

/* ---- the whole ---- */

void
hot_init(struct hot *h, size_t about, size_t rows_max, uint64_t seed)
{
	*h = (struct hot){.rows_max = rows_max, .buckets = 1, .seed = seed};
	while (h->buckets < about)
		h->buckets *= 2;
	h->by_id = mem_array(h->buckets, sizeof(struct hot_pin *));
	h->by_number = mem_array(h->buckets, sizeof(struct hot_pin *));
}

/* Free ones own nothing. */
void
hot_fini(struct hot *h)
{
	while (h->chunks != NULL) {
		struct hot_chunk *c = h->chunks;

		h->chunks = c->next;
		for (size_t i = 0; i < CHUNK; i++) {
			mem_free(c->pins[i].destination);
			mem_free(c->pins[i].log);
		}
		mem_free(c);
	}
	queue_fini(&h->places);
	queue_fini(&h->changes);
	mem_free(h->by_id);
	mem_free(h->by_number);
}

void
hot_clear(struct hot *h)
{
	size_t about = h->buckets;
	size_t rows_max = h->rows_max;
	uint64_t seed = h->seed;

	hot_fini(h);
	hot_init(h, about, rows_max, seed);
}

/* ---- what must hold ---- */

static void
assert_entry(const struct hot *h, const struct hot_pin *pin)
{
	INVARIANT(!pin->dead);
	INVARIANT(pin->is_clean == is_free(pin));
	INVARIANT(!is_changed(pin) || pin->in_changes);
	INVARIANT(!pin->waits || (pin->in_places && pin->linked));
	INVARIANT(!pin->linked || pin->destination != NULL);
	INVARIANT(!pin->state_changed || pin->state_set);
	INVARIANT(!pin->log_changed || pin->log_set);
	INVARIANT(pin->row.log.len <= pin->log_room);
	INVARIANT(!pin->linked || pin->newer != NULL ||
		  hot_newest(h, &pin->row.recipe.application, pin->destination) == pin);
}

/* Newer ones first, and an older one that waits has no newer one that does not. */
static void
assert_list(const struct hot_pin *newest)
{
	for (const struct hot_pin *pin = newest; pin->older != NULL; pin = pin->older) {
		INVARIANT(pin->older->newer == pin && pin->older->linked);
		INVARIANT(ident_compare(id_of(pin), id_of(pin->older)) > 0);
		INVARIANT(pin->number_hash == pin->older->number_hash);
		INVARIANT(pin->waits || !pin->older->waits);
	}
}

static size_t
assert_queue(const struct hot_queue *q, bool of_places)
{
	size_t live = 0;

	INVARIANT(q->old_at <= q->old_count && q->young_count <= q->young_room);
	for (size_t i = q->old_at; i < q->old_count + q->young_count; i++) {
		const struct hot_pin *pin =
		    i < q->old_count ? q->old[i] : q->young[i - q->old_count];

		INVARIANT(of_places ? pin->in_places : pin->in_changes);
		live += of_places ? pin->waits : is_changed(pin);
	}
	return live;
}

/* Lists look for places in the old generation by halves. */
static void
assert_order(const struct hot_queue *q)
{
	struct sorted before = {.pin = NULL};

	for (size_t i = q->old_at; i < q->old_count; i++) {
		struct sorted s = {.pin = q->old[i]};

		set_place_front(&s);
		INVARIANT(before.pin == NULL || compare_places(&before, &s) < 0);
		before = s;
	}
}

void
hot_assert(const struct hot *h)
{
	size_t count = 0;
	size_t waiting = 0;
	size_t changed = 0;
	size_t clean = 0;

	for (size_t i = 0; i < h->buckets; i++) {
		for (const struct hot_pin *p = h->by_id[i]; p != NULL;
		     p = p->next_by_id) {
			assert_entry(h, p);
			count++;
			waiting += p->waits;
			changed += is_changed(p);
		}
		for (const struct hot_pin *p = h->by_number[i]; p != NULL;
		     p = p->next_by_number) {
			INVARIANT(p->linked && p->newer == NULL);
			assert_list(p);
		}
	}
	for (const struct hot_pin *p = h->first_clean; p != NULL; p = p->after) {
		INVARIANT(p->is_clean && (p->after == NULL || p->after->before == p));
		clean++;
	}
	INVARIANT(count == h->count && clean == h->clean);
	INVARIANT(waiting == h->waiting && waiting == assert_queue(&h->places, true));
	INVARIANT(changed == assert_queue(&h->changes, false));
	assert_order(&h->places);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of verbs share. */
#include "store/verbs.h"

#include <stdlib.h>

struct job *
job_of(struct item *it)
{
	return container_of(it, struct job, item);
}

void
batch_sort(struct item **items, size_t n, int (*compare)(const void *a, const void *b))
{
	for (size_t i = 1; i < n; i++) {
		if (compare(&items[i - 1], &items[i]) <= 0)
			continue;
		qsort(items, n, sizeof(*items), compare);
		return;
	}
}

/* Those that are still wanted, equal ones side by side; how many. */
static size_t
sort_live(const struct shared *s, struct item **items, size_t n, struct item **live)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (items[i]->err == OK && !items[i]->skip)
			live[count++] = items[i];
	batch_sort(live, count, s->compare);
	return count;
}

static enum err
run_shared(struct batch *b, const struct shared *s, struct item **sorted, size_t n)
{
	struct item *first = NULL;
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++) {
		if (first != NULL && s->compare(&first, &sorted[i]) == 0) {
			sorted[i]->err = first->err;
			s->copy(sorted[i], first);
			continue;
		}
		first = sorted[i];
		e = batch_each(b, &s->step, &first, 1);
	}
	return e;
}

enum err
batch_shared(struct batch *b, const struct shared *s, struct item **items, size_t n)
{
	struct item **live = mem_array(n, sizeof(*live));
	size_t count = sort_live(s, items, n, live);
	enum err e = run_shared(b, s, live, count);

	mem_free(live);
	return e;
}

void
bind_ident(struct binder *b, const struct ident *id)
{
	bind_blob(b, id->bytes, IDENT_LEN);
}

void
row_ident(struct row *r, struct ident *out)
{
	row_blob(r, out->bytes, IDENT_LEN);
}

void
row_state(struct row *r, struct verify_state *out)
{
	out->attempts = row_int(r);
	out->attempted_at_ms = row_int(r);
	out->verified_at_ms = row_int(r);
	out->matched_at_ms = row_int(r);
}

int64_t
row_ms_since(struct row *r, const struct ident *pin_id)
{
	int64_t at_ms = row_int(r);

	return at_ms == 0 ? ident_ms(pin_id) : at_ms;
}

void
row_dlt(struct row *r, struct order *o)
{
	o->dlt_entity = row_text(r, &o->arena);
	o->dlt_template = row_text(r, &o->arena);
	o->dlt_telemarketer = row_text(r, &o->arena);
}

enum err
row_rate(struct row *r, struct arena *a, struct rate *out)
{
	const char *text = row_text(r, a);

	return text != NULL && rate_parse(span_of(text), PERIOD_MS_YEAR, out) == OK
		   ? OK
		   : ERR_CORRUPT;
}

void
item_not_found(struct item *it, bool found)
{
	if (it->err == OK && !found)
		it->err = ERR_NOT_FOUND;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What the next run shall know of a message that this one did not bring to its end. */
#include <stdio.h>

#include "delivery/dispatch.h"

enum { SUSPECT_STARTS = 2 /* a run ended before it was through */ };

static void
fill(struct dispatch *m, struct note_job *j)
{
	size_t len = m->alone ? 1 : 0;

	j->job.verb = VERB_NOTE;
	j->pin_id = m->outgoing->recipe.pin_id;
	j->seq = m->outgoing->seq;
	j->channel = m->outgoing->channel;
	j->lookup_wanted = m->outgoing->lookup_needed;
	j->tracked = m->outgoing->tracked;
	j->attempts = m->outgoing->attempts;
	j->starts = m->outgoing->starts;
	j->carrier = m->outcome.carrier;
	j->code = m->outcome.code;
	memcpy(j->carriers_tried, "\n", len);
	for (size_t i = 0; i < m->plan_count && len < sizeof(j->carriers_tried); i++)
		if ((m->carriers_tried & 1u << i) != 0)
			len += (size_t)snprintf(j->carriers_tried + len,
			    sizeof(j->carriers_tried) - len, "%s\n",
			    m->plan[i]->config->name);
}

static void
written(struct job *j)
{
	mem_free(container_of(j, struct note_job, job));
}

/* Nobody waits for it, and it belongs to itself. */
static struct note_job *
new_note(struct dispatch *m)
{
	struct note_job *j = mem_new(sizeof(*j));

	fill(m, j);
	j->job.finish = written;
	return j;
}

void
dispatch_note_attempt(struct dispatch *m)
{
	store_push(m->delivery->store, &new_note(m)->job);
}

bool
dispatch_note_is_suspect(const struct dispatch *m)
{
	return m->outgoing->starts >= SUSPECT_STARTS && !m->marked && !m->acquitted;
}

static void
mark_finished(struct job *j)
{
	struct dispatch *m = j->owner;

	queue_push(m->delivery->queue, &m->task);
}

/*
 * A message that an earlier run had taken over and did not get through may have ended
 * that run. That it is about to be rendered is noted first, and no other suspect is
 * rendered meanwhile: a row that ends every run is the only one whose count stays up.
 */
void
dispatch_note_mark(struct dispatch *m)
{
	m->outgoing->starts++;
	fill(m, &m->mark);
	m->mark.job.owner = m;
	m->mark.job.finish = mark_finished;
	store_push(m->delivery->store, &m->mark.job);
}

/* This takes back the count of the mark, and is written before the next suspect is
 * rendered. */
static struct note_job *
take_mark_back(struct dispatch *m)
{
	if (!m->marked)
		return NULL;
	m->marked = false;
	m->outgoing->starts--;
	return new_note(m);
}

struct note_job *
dispatch_note_acquit(struct dispatch *m)
{
	m->acquitted = m->acquitted || m->marked;
	return take_mark_back(m);
}

void
dispatch_note_unmark(struct dispatch *m)
{
	struct note_job *note = take_mark_back(m);

	if (note == NULL)
		return;
	m->turned_back = true;
	store_push(m->delivery->store, &note->job);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message that ended the process while it was rendered is suspect: the next run renders
 * it alone, after a note that raises the count of its starts. Notes tell the next run
 * of every message that this one did not bring to its end.
 */
#include <stdio.h>

#include "delivery/delivery_message.h"
#include "store/outbox.h"
#include "store/store.h"

enum { SUSPECT_STARTS = 2 /* a run ended before it was through */ };

static void
fill_note(struct delivery_message *m, struct note_job *j)
{
	size_t len = m->same_carriers_only ? 1 : 0;

	j->job.verb = VERB_NOTE;
	j->pin_id = m->outgoing->recipe.pin_id;
	j->seq = m->outgoing->seq;
	j->channel = m->outgoing->content.channel;
	j->lookup_wanted = m->outgoing->lookup_needed;
	j->tracked = m->outgoing->tracked;
	j->submits = m->outgoing->submits;
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
new_note(struct delivery_message *m)
{
	struct note_job *j = mem_new(sizeof(*j));

	fill_note(m, j);
	j->job.finish = written;
	return j;
}

void
delivery_quarantine_note_attempt(struct delivery_message *m)
{
	store_push(m->loop->store, &new_note(m)->job);
}

bool
delivery_quarantine_is_suspect(const struct delivery_message *m)
{
	return m->outgoing->starts >= SUSPECT_STARTS && !m->quarantined &&
	       !m->quarantine_passed;
}

static void
quarantine_finished(struct job *j)
{
	struct delivery_message *m = j->owner;

	queue_push(m->loop->queue, &m->task);
}

/*
 * A message that an earlier run had taken over and did not get through may have ended
 * that run. That it is about to be rendered is noted first, and no other suspect is
 * rendered meanwhile: a row that ends every run is the only one whose count stays up.
 */
void
delivery_quarantine_begin(struct delivery_message *m)
{
	m->outgoing->starts++;
	fill_note(m, &m->quarantine);
	m->quarantine.job.owner = m;
	m->quarantine.job.finish = quarantine_finished;
	store_push(m->loop->store, &m->quarantine.job);
}

/* This takes back the count of that note, and is written before the next suspect is
 * rendered. */
static struct note_job *
take_note_back(struct delivery_message *m)
{
	if (!m->quarantined)
		return NULL;
	m->quarantined = false;
	m->outgoing->starts--;
	return new_note(m);
}

struct note_job *
delivery_quarantine_passed(struct delivery_message *m)
{
	m->quarantine_passed = m->quarantine_passed || m->quarantined;
	return take_note_back(m);
}

void
delivery_quarantine_end(struct delivery_message *m)
{
	struct note_job *note = take_note_back(m);

	if (note == NULL)
		return;
	m->quarantine_left = true;
	store_push(m->loop->store, &note->job);
}

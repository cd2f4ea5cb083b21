/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The numbers that the sends of a batch go to or name as alternatives, and the room that
 * their limits leave (the PINs of a number are that limit's log). A part of the verb send
 * (send.c).
 */
#ifndef WW_SEND_NUMBERS_H
#define WW_SEND_NUMBERS_H

#include "store/send.h"
#include "store/verbs/outgoing_row.h"
#include "store/verbs/verbs.h"

/* A number that a send names beside its own. */
struct send_named {
	struct send_alternative *alternative;
	struct pins_number number;
	size_t place;
};

struct send_state {
	struct send_job *job;
	struct application_config config;
	bool template_found;
	unsigned template_length;
	struct outgoing_row_languages languages; /* of the template */
	struct pins_number number;
	int64_t taken; /* sends in the window, and those admitted before in this batch */
	bool refused;
	struct pins_number *full; /* whose room is used up; NULL: its own */
	struct send_named *named; /* NULL: none */
	size_t named_count;
	size_t place; /* of its own number, as of those that are named */
	struct pins_new pin;
};

/* The sends of a batch that are still wanted, side by side by application and number. */
struct sends {
	struct item **items;
	size_t count;
	struct usage *usages;
	struct item **usage_items;
	size_t usage_count;
	size_t named_count; /* numbers that any of them names */
};

static inline struct send_job *
send_of(struct item *it)
{
	return VERB_OF(it, struct send_job);
}

static inline struct send_state *
send_state_of(const struct send_job *j)
{
	return j->job.state;
}

/* By application; and by application and number. */
int send_numbers_compare_application(const void *a, const void *b);
int send_numbers_compare(const void *a, const void *b);
/* The alternatives that have a template of their own need one that there is, for their
 * channel. A step of the verb. */
enum err send_numbers_templates(
    struct batch *b, struct item **items, size_t n) MUST_CHECK;
/* The alternatives of a send that have a number of their own, when it is one of `s`. */
void send_numbers_name(struct sends *s, struct send_job *j);
enum err send_numbers_lock(struct batch *b, const struct sends *s) MUST_CHECK;
/* One after the other in their order: who finds no room at one of its numbers, or a lock
 * on its own, is refused. */
enum err send_numbers_admit(struct batch *b, const struct sends *s) MUST_CHECK;
/* After the insert: when there is room again for those who were refused. */
enum err send_numbers_refuse(struct batch *b, const struct sends *s) MUST_CHECK;
/* The limit that is used up, and its rate. */
void send_numbers_set_limit(
    struct send_job *j, const char *name, const struct rate *rate);

#endif

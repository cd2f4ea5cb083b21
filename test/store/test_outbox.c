/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of a PIN is its first message until something is known of that: what is open is
 * found after every start, and what a caller reads of it is what he would read of a row.
 */
#include <stdio.h>

#include "store/config.h"
#include "store/keyring.h"
#include "store/outbox.h"
#include "store/outgoing.h"
#include "store/send.h"
#include "store/status.h"
#include "store/store.h"
#include "store/verify.h"
#include "unit/unit.h"
#include "world.h"

#define TO "41790000001"

enum { MANY = 2500 }; /* more than two stretches of the outbox */

static int64_t
rows(const struct world *w)
{
	return world_ask(w, "SELECT count(*) FROM message");
}

static struct timeline_job
timeline(struct world *w, const struct ident *pin_id)
{
	struct timeline_job j = {.account = w->account, .pin_id = *pin_id};

	assert_int_equal(world_run(w, &j.job, VERB_TIMELINE), OK);
	return j;
}

static void
test_a_send_writes_one_row_and_its_outcome_the_other(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, TO);

	assert_int_equal(rows(w), 0);
	assert_int_equal(world_outcome(w, &s.pin_id, 0, MESSAGE_ACCEPTED), OK);
	assert_int_equal(rows(w), 1);
	assert_int_equal(world_outcome(w, &s.pin_id, 0, MESSAGE_FAILED), OK);
	assert_int_equal(rows(w), 1);
	assert_int_equal(timeline(w, &s.pin_id).messages[0].state, MESSAGE_FAILED);
	assert_int_equal(world_outcome(w, &s.pin_id, 0, MESSAGE_ACCEPTED), OK);
	assert_int_equal(timeline(w, &s.pin_id).messages[0].state, MESSAGE_FAILED);
}

static void
test_what_is_read_of_it_is_what_its_row_would_say(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, TO);
	struct status_job status = {.account = w->account, .pin_id = s.pin_id};
	struct verifications_job list = {
	    .account = w->account, .application = w->application, .destination = TO};
	struct timeline_job j = timeline(w, &s.pin_id);

	assert_int_equal(j.count, 1);
	assert_int_equal(j.messages[0].state, MESSAGE_READY);
	assert_int_equal(j.messages[0].created_at_ms, T0);
	assert_int_equal(j.messages[0].updated_at_ms, T0);
	assert_true(j.messages[0].sent);
	assert_int_equal(world_run(w, &status.job, VERB_STATUS), OK);
	assert_int_equal(status.count, 1);
	assert_int_equal(status.messages[0].created_at_ms, T0);
	assert_int_equal(world_run(w, &list.job, VERB_VERIFICATIONS), OK);
	assert_int_equal(list.list[0].sent_at_ms, T0);
	status.account.bytes[0] ^= 1;
	status.count = 0;
	assert_int_equal(world_run(w, &status.job, VERB_STATUS), ERR_NOT_FOUND);
}

static void
test_a_resend_stands_after_it(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, TO);
	struct timeline_job j;
	int64_t wait_ms;

	world_pass(w, 1);
	assert_int_equal(world_resend(w, &s.pin_id, &wait_ms), OK);
	j = timeline(w, &s.pin_id);
	assert_int_equal(j.count, 2);
	assert_int_equal(j.messages[0].seq, 0);
	assert_int_equal(j.messages[1].seq, 1);
	assert_int_equal(j.messages[1].created_at_ms, T0 + 1);
	assert_int_equal(world_open_messages(w), 2);
	assert_int_equal(world_outcome(w, &s.pin_id, 1, MESSAGE_ACCEPTED), OK);
	assert_int_equal(world_open_messages(w), 1);
}

static void
test_a_note_makes_its_row(void **state)
{
	struct world *w = *state;
	struct world_sent s = world_send(w, TO);
	struct note_job note = {.pin_id = s.pin_id,
	    .channel = CHANNEL_VOICE,
	    .submits = 2,
	    .carrier = "c",
	    .carriers_tried = "c\n"};
	struct timeline_job j;

	assert_int_equal(world_run(w, &note.job, VERB_NOTE), OK);
	j = timeline(w, &s.pin_id);
	assert_int_equal(j.count, 1);
	assert_int_equal(j.messages[0].submits, 2);
	assert_int_equal(j.messages[0].created_at_ms, T0);
	assert_int_equal(world_open_messages(w), 1);
	assert_int_equal(world_outcome(w, &s.pin_id, 0, MESSAGE_ACCEPTED), OK);
	note.submits = 3;
	assert_int_equal(world_run(w, &note.job, VERB_NOTE), OK);
	assert_int_equal(timeline(w, &s.pin_id).messages[0].submits, 1);
	assert_int_equal(world_open_messages(w), 0);
}

/* Every second one is open; a start looks at PINs after the mark alone. */
static void
test_the_mark_moves_past_what_is_old(void **state)
{
	struct world *w = *state;
	struct application_change change = {.send_phone_limit = "100/1d"};
	struct world_sent s[6];

	world_configure(w, &change);
	for (size_t i = 0; i < countof(s); i++) {
		s[i] = world_send(w, TO);
		world_pass(w, 1);
		if (i % 2 == 0)
			assert_int_equal(
			    world_outcome(w, &s[i].pin_id, 0, MESSAGE_ACCEPTED), OK);
	}
	assert_int_equal(rows(w), 3);
	world_pass(w, OUTBOX_MS - 6); /* the first is as old now as one may get */
	assert_int_equal(world_send(w, TO).err, OK);
	assert_int_equal(rows(w), 3);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM pin, outbox WHERE id > pin"), 7);
	world_pass(w, OUTBOX_MS / 2);
	assert_int_equal(world_send(w, TO).err, OK);
	assert_int_equal(rows(w), 6);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM pin, outbox WHERE id > pin"), 2);
	assert_int_equal(
	    world_ask(w, "SELECT count(*) FROM message_all WHERE state < 2"), 5);
	world_restart(w);
	assert_int_equal(world_open_messages(w), 5);
	assert_int_equal(rows(w), 8);
}

static void
test_a_start_finds_however_many(void **state)
{
	struct world *w = *state;
	struct application_change change = {.send_phone_limit = "100000/1d"};
	char to[32];

	world_configure(w, &change);
	for (size_t i = 0; i < MANY; i++) {
		snprintf(to, sizeof(to), "4179%07zu", i);
		assert_int_equal(world_send(w, to).err, OK);
	}
	world_restart(w);
	assert_int_equal(world_open_messages(w), MANY);
	assert_int_equal(world_open_messages(w), MANY);
	assert_int_equal(rows(w), MANY);
}

/* The store's time is written once a second: ids of the last one may be ahead of it. */
static void
test_a_clock_that_was_set_back_hides_nothing(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_send(w, TO).err, OK);
	world_pass(w, 900);
	assert_int_equal(world_send(w, TO).err, OK);
	w->wall_ms -= 900;
	world_restart(w);
	assert_int_equal(world_open_messages(w), 2);
	assert_int_equal(world_send(w, TO).err, OK);
	world_restart(w);
	assert_int_equal(world_open_messages(w), 3);
}

static void
change_template(struct world *w, const struct template_change *change)
{
	struct template_rules rules = {
	    .pin_length_max = PIN_LENGTH_MAX, .placeholder_required = true};
	struct fail fail;
	struct template_job t = {.account = w->account,
	    .application = w->application,
	    .id = w->template,
	    .kinds = ~0u,
	    .change = change,
	    .rules = &rules,
	    .fail = &fail};

	fail_init(&fail, &w->arena);
	assert_int_equal(world_run(w, &t.job, VERB_TEMPLATE_PUT), OK);
}

/* As delivery would derive it. */
static void
read_pin_of_order(
    struct world *w, const struct outgoing_message *o, char pin[PIN_LENGTH_MAX + 1])
{
	uint8_t key[PIN_KEY_LEN];

	assert_int_equal(keyring_find(store_keyring(w->store), o->key_id, key), OK);
	pin_derive(key, &o->recipe, pin);
}

/* A message that is found at a start, and one that is sent again. */
static void
test_a_changed_template_changes_no_pin_that_was_sent(void **state)
{
	static const struct template_change changes[] = {{.pin_length = {true, 8}},
	    {.pin_length = {true, 5}, .pin_type = "ALPHA"}, {.pin_type = "ALPHANUMERIC"}};

	(void)state;
	for (size_t i = 0; i < countof(changes); i++) {
		struct world *w = world_new();
		struct world_sent s = world_send(w, TO);
		struct lease_job lease = {.job = {.err = OK}};
		struct open_messages_job open = {.limit = 10};
		struct outgoing_message *again = outgoing_new();
		struct resend_job resend = {.account = w->account,
		    .pin_id = s.pin_id,
		    .resends_max = 3,
		    .outgoing = again};
		char pin[PIN_LENGTH_MAX + 1];

		change_template(w, &changes[i]);
		world_pass(w, 10000);
		assert_int_equal(world_run(w, &resend.job, VERB_RESEND), OK);
		read_pin_of_order(w, again, pin);
		check_case(i, strcmp(pin, s.pin) == 0);
		outgoing_free(again);
		world_restart(w);
		assert_int_equal(world_run(w, &lease.job, VERB_LEASE), OK);
		assert_int_equal(world_run(w, &open.job, VERB_OPEN_MESSAGES), OK);
		assert_int_equal(open.count, 2);
		for (struct task *t = &open.first->task; t != NULL;) {
			struct outgoing_message *o =
			    container_of(t, struct outgoing_message, task);

			t = t->next;
			read_pin_of_order(w, o, pin);
			check_case(i, strcmp(pin, s.pin) == 0);
			outgoing_free(o);
		}
		check_case(i, world_verify(w, &s.pin_id, s.pin).verdict == VERDICT_RIGHT);
		world_free(w);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    CASE(test_a_send_writes_one_row_and_its_outcome_the_other),
	    CASE(test_what_is_read_of_it_is_what_its_row_would_say),
	    CASE(test_a_resend_stands_after_it),
	    CASE(test_a_note_makes_its_row),
	    CASE(test_the_mark_moves_past_what_is_old),
	    CASE(test_a_start_finds_however_many),
	    CASE(test_a_clock_that_was_set_back_hides_nothing),
	    cmocka_unit_test(test_a_changed_template_changes_no_pin_that_was_sent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

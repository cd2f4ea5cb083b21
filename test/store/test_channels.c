/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The content of a message over each channel: read from its template, and for an email
 * from the email template that this refers to. A send, a resend and a start read the
 * same.
 */
#include <semaphore.h>

#include "store/keyring.h"
#include "store/outbox.h"
#include "store/outgoing.h"
#include "store/send.h"
#include "store/store.h"
#include "unit/unit.h"
#include "world.h"

#define NUMBER "41790000001"
#define MAILBOX "jane@example.com"

static const char settings[] =
    "UPDATE template SET text = 'Say {{pin}}', sender = 'Bar', language = 'de', "
    "voice_name = 'Anna', repeat_dtmf = '1#', speech_rate = 0.5, dlt_entity = '110145', "
    "dlt_template = '110745', dlt_telemarketer = '1302'";
/* A template of emails that has the number of one that names no landing page. */
static const char email[] =
    "INSERT INTO email_template (account, id, subject, text, html, landing_page) "
    "SELECT account, 7, '{{pin}} it is', NULL, '<b>{{pin}}</b>', 'usual' FROM template; "
    "UPDATE template SET kind = 1, email_template = 7, sender = 'a@example.com'";

static const struct application_caps no_caps;
static sem_t finished;

struct sent {
	enum err err;
	bool misfit;
	struct outgoing_message *message;
};

static struct sent
send_over(struct world *w, enum channel channel, const char *to)
{
	struct sent out = {.message = outgoing_new()};
	struct send_job j = {.account = w->account,
	    .application = w->application,
	    .template = w->template,
	    .caps = &no_caps,
	    .outgoing = out.message};

	out.message->content.channel = channel;
	out.message->destination = arena_text(&out.message->arena, span_of(to));
	out.err = world_run(w, &j.job, VERB_SEND);
	out.misfit = j.misfit;
	return out;
}

static struct sent
resend_over(struct world *w, enum channel channel, const struct ident *pin_id)
{
	struct sent out = {.message = outgoing_new()};
	struct resend_job j = {.account = w->account,
	    .pin_id = *pin_id,
	    .resends_max = 3,
	    .outgoing = out.message};

	out.message->content.channel = channel;
	out.err = world_run(w, &j.job, VERB_RESEND);
	out.misfit = j.misfit;
	return out;
}

static bool
same_name(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
is_sms(const struct outgoing_message *o)
{
	assert_int_equal(o->content.channel, CHANNEL_SMS);
	assert_true(span_equal_text(o->content.sms.text, "Say {{pin}}"));
	assert_string_equal(o->content.sms.dlt_entity, "110145");
	assert_string_equal(o->content.sms.dlt_template, "110745");
	assert_string_equal(o->content.sms.dlt_telemarketer, "1302");
	assert_string_equal(o->sender, "Bar");
}

static void
is_voice(const struct outgoing_message *o)
{
	assert_int_equal(o->content.channel, CHANNEL_VOICE);
	assert_true(span_equal_text(o->content.voice.text, "Say {{pin}}"));
	assert_string_equal(o->content.voice.language, "de");
	assert_string_equal(o->content.voice.voice_name, "Anna");
	assert_string_equal(o->content.voice.repeat_dtmf, "1#");
	assert_true(o->content.voice.speech_rate == 0.5);
	assert_string_equal(o->sender, "Bar");
}

static void
is_email(const struct outgoing_message *o)
{
	assert_int_equal(o->content.channel, CHANNEL_EMAIL);
	assert_true(span_equal_text(o->content.email.subject, "{{pin}} it is"));
	assert_int_equal(o->content.email.text.len, 0);
	assert_true(span_equal_text(o->content.email.html, "<b>{{pin}}</b>"));
	assert_true(same_name(o->content.email.landing_page, "usual"));
	assert_string_equal(o->sender, "a@example.com");
}

static const struct {
	enum channel channel;
	const char *to;
	const char *change; /* of the template */
	void (*holds)(const struct outgoing_message *o);
} channels[CHANNEL_COUNT] = {
    {CHANNEL_SMS, NUMBER, settings, is_sms},
    {CHANNEL_VOICE, NUMBER, settings, is_voice},
    {CHANNEL_EMAIL, MAILBOX, email, is_email},
};

static void
check_open(struct world *w, void (*holds)(const struct outgoing_message *o))
{
	struct lease_job lease = {.job = {.err = OK}};
	struct open_messages_job open = {.limit = 10};

	assert_int_equal(world_run(w, &lease.job, VERB_LEASE), OK);
	assert_int_equal(world_run(w, &open.job, VERB_OPEN_MESSAGES), OK);
	assert_int_equal(open.count, 2);
	for (struct task *t = &open.first->task; t != NULL;) {
		struct outgoing_message *o =
		    container_of(t, struct outgoing_message, task);

		t = t->next;
		assert_false(o->damaged);
		holds(o);
		outgoing_free(o);
	}
}

static void
test_a_send_a_resend_and_a_start_read_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(channels); i++) {
		struct world *w = world_new();
		struct sent first;
		struct sent again;

		world_tell(w, channels[i].change);
		first = send_over(w, channels[i].channel, channels[i].to);
		check_case(i, first.err == OK && !first.misfit);
		channels[i].holds(first.message);
		world_pass(w, 10000);
		again =
		    resend_over(w, channels[i].channel, &first.message->recipe.pin_id);
		check_case(i, again.err == OK);
		channels[i].holds(again.message);
		assert_string_equal(again.message->destination, channels[i].to);
		outgoing_free(first.message);
		outgoing_free(again.message);
		world_restart(w);
		check_open(w, channels[i].holds);
		world_free(w);
	}
}

static void
test_a_template_is_of_its_own_channels_alone(void **state)
{
	struct world *w = *state;
	struct sent s = send_over(w, CHANNEL_EMAIL, MAILBOX);
	struct sent good;

	assert_int_equal(s.err, ERR_INVALID);
	assert_true(s.misfit);
	outgoing_free(s.message);
	good = send_over(w, CHANNEL_SMS, NUMBER);
	assert_int_equal(good.err, OK);
	world_pass(w, 10000);
	s = resend_over(w, CHANNEL_EMAIL, &good.message->recipe.pin_id);
	assert_int_equal(s.err, ERR_INVALID);
	assert_true(s.misfit);
	outgoing_free(s.message);
	outgoing_free(good.message);
	world_tell(w, email);
	s = send_over(w, CHANNEL_VOICE, NUMBER);
	assert_int_equal(s.err, ERR_INVALID);
	assert_true(s.misfit);
	outgoing_free(s.message);
}

/* The sends of one batch share what is read for those that ask for the same. */
static void
on_finished(struct job *j)
{
	(void)j;
	sem_post(&finished);
}

static void
test_sends_of_one_batch_have_their_own_channel(void **state)
{
	static const size_t order[] = {0, 1, 0, 1};
	struct world *w = *state;
	struct send_job jobs[countof(order)];
	struct arena arenas[countof(order)];

	world_tell(w, settings);
	assert_int_equal(sem_init(&finished, 0, 0), 0);
	for (size_t i = 0; i < countof(order); i++) {
		struct outgoing_message *o = outgoing_new();

		arena_init(&arenas[i]);
		o->content.channel = channels[order[i]].channel;
		o->destination = arena_printf(&o->arena, "4179000000%zu", i);
		jobs[i] = (struct send_job){.job.verb = VERB_SEND,
		    .job.arena = &arenas[i],
		    .job.finish = on_finished,
		    .account = w->account,
		    .application = w->application,
		    .template = w->template,
		    .caps = &no_caps,
		    .outgoing = o};
		assert_int_equal(store_offer(w->store, &jobs[i].job), OK);
	}
	store_start(w->store);
	for (size_t i = 0; i < countof(order); i++)
		assert_int_equal(sem_wait(&finished), 0);
	world_restart(w);
	for (size_t i = 0; i < countof(order); i++) {
		check_case(i, jobs[i].job.err == OK);
		channels[order[i]].holds(jobs[i].outgoing);
		outgoing_free(jobs[i].outgoing);
		arena_fini(&arenas[i]);
	}
	sem_destroy(&finished);
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_send_a_resend_and_a_start_read_the_same),
	    CASE(test_a_template_is_of_its_own_channels_alone),
	    CASE(test_sends_of_one_batch_have_their_own_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

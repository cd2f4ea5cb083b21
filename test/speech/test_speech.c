/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages that are spoken: by espeak-ng in each language, and by a program that takes
 * its time (SPEAKER, speaker.c), so that there is something to cancel and to wait for.
 */
#include <math.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/secret.h"
#include "speech/speech.h"
#include "speech/voices.h"
#include "unit/unit.h"

static struct text_pair slow_voices[] = {{"slow", "sleep"}};
static struct speech_options espeak = {
    .command = "espeak-ng", .language = "en", .child_timeout_ms = 20000};
static struct speech_options slow = {.language = "en",
    .voices = {1, slow_voices},
    .cache_mib = 0,
    .child_timeout_ms = 15000};

struct heard {
	sem_t answered;
	atomic_int count;
	atomic_int conflicts;
	atomic_int overloaded;
	pthread_t thread;
	struct speech_answer answer; /* the last one; its samples are the test's */
};

static void
on_done(void *ctx, const struct speech_answer *answer)
{
	struct heard *h = ctx;

	mem_free(h->answer.samples);
	h->answer = *answer;
	h->thread = pthread_self();
	h->conflicts += answer->err == ERR_CONFLICT;
	h->overloaded += answer->err == ERR_OVERLOADED;
	h->count++;
	sem_post(&h->answered);
}

static void
heard_init(struct heard *h)
{
	*h = (struct heard){0};
	sem_init(&h->answered, 0, 0);
}

static void
heard_fini(struct heard *h)
{
	mem_free(h->answer.samples);
	sem_destroy(&h->answered);
}

static void
ask(struct speech *s, struct heard *h, const char *text, const char *pin,
    const struct content_voice *how)
{
	struct content from = {.channel = CHANNEL_VOICE, .voice = *how};
	struct render_fill fill = {{NULL, pin}, NULL, 0};
	struct content c;
	struct buf octets;

	from.voice.text = span_of(text);
	buf_init(&octets, channel_row(CHANNEL_VOICE)->text_len_max);
	assert_int_equal(content_render(&c, &from, &fill, &octets), OK);
	speech_say(s, &c.voice, on_done, h);
	buf_fini(&octets); /* it was lent for the call alone */
}

static void
wait_for(struct heard *h)
{
	while (sem_wait(&h->answered) != 0)
		continue;
}

/* The answer stands in `h` until the next one. */
static const struct speech_answer *
say(struct speech *s, struct heard *h, const char *text, const char *pin,
    const struct content_voice *how)
{
	ask(s, h, text, pin, how);
	wait_for(h);
	return &h->answer;
}

static struct speech *
open_speech(const struct speech_options *o)
{
	struct speech *s = NULL;
	char why[256] = "";

	assert_int_equal(speech_open(o, "/nowhere", why, &s), OK);
	return s;
}

/* ---- languages ---- */

enum { DIGITS = 10, LETTERS = 26, SYMBOLS = DIGITS + LETTERS };

static double
correlation(const struct pcm *a, const struct pcm *b, size_t shift)
{
	double ab = 0, aa = 0, bb = 0;

	for (size_t i = 0; i + shift < a->count && i < b->count; i++) {
		double x = a->samples[i + shift];
		double y = b->samples[i];

		ab += x * y;
		aa += x * x;
		bb += y * y;
	}
	return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

/* Two sounds that lie over one another. */
static bool
sound_alike(const struct pcm *a, const struct pcm *b, double least)
{
	for (size_t shift = 0; shift < 160; shift += 2)
		if (correlation(a, b, shift) > least || correlation(b, a, shift) > least)
			return true;
	return false;
}

/* A PIN of one symbol is said twice: the sound up to its end is that of the symbol. */
static struct pcm
sound_of(struct speech *s, const char *language, char symbol)
{
	const struct content_voice how = {.language = language};
	const char pin[] = {symbol, '\0'};
	const struct speech_answer *a;
	struct pcm p = {.hz = SPEECH_HZ};
	struct heard h;

	heard_init(&h);
	a = say(s, &h, "{{pin}}", pin, &how);
	if (a->err != OK)
		fail_msg("%s %c: %s", language, symbol, a->reason);
	p.count = a->pin_end;
	p.samples = h.answer.samples;
	h.answer.samples = NULL;
	heard_fini(&h);
	if (p.count < SPEECH_HZ / 20 || p.count > 2 * SPEECH_HZ)
		fail_msg("%s %c: %zu samples", language, symbol, p.count);
	return p;
}

/* The name of the letter is the digit. */
static bool
is_one_word(const char *language, char a, char b)
{
	return strcmp(language, "ca") == 0 && a == 'u' && b == '1';
}

static void
check_language(struct speech *s, const char *language, size_t count)
{
	static const char symbols[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	struct pcm sounds[SYMBOLS];

	for (size_t i = 0; i < count; i++)
		sounds[i] = sound_of(s, language, symbols[i]);
	/* F and S differ in what a line hardly carries, and so do some others: letters
	 * are held to being not the same, digits to being told apart */
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < i; k++)
			if (!is_one_word(language, symbols[i], symbols[k]) &&
			    sound_alike(
				&sounds[i], &sounds[k], i < DIGITS ? 0.85 : 0.999))
				fail_msg("%s: %c and %c are alike", language, symbols[i],
				    symbols[k]);
	for (size_t i = 0; i < count; i++)
		pcm_fini(&sounds[i]);
}

static void
test_symbols_of_each_language_differ(void **state)
{
	static const char *const some[] = {"en", "ja", "ko", "zh_cn"};
	bool whole = getenv("WATCHWORD_VOICE_WHOLE") != NULL;
	struct speech *s = open_speech(&espeak);
	const char *language;

	(void)state;
	assert_null(voices_language(VOICES_LANGUAGES));
	for (size_t i = 0; !whole && i < countof(some); i++)
		check_language(s, some[i], DIGITS);
	for (size_t i = 0; whole && (language = voices_language(i)) != NULL; i++)
		check_language(s, language, SYMBOLS);
	speech_close(s);
}

static void
test_the_rounds_and_the_end_of_the_pin(void **state)
{
	const struct content_voice how = {.speech_rate = 2};
	struct speech *s = open_speech(&espeak);
	const struct speech_answer *a;
	struct heard h;

	(void)state;
	heard_init(&h);
	a = say(s, &h, "Code {{pin}}. Bye", "12", &how);
	assert_int_equal(a->err, OK);
	assert_int_equal(a->count, 2 * a->round);
	assert_true(a->pin_end > 0 && a->pin_end < a->round);
	assert_memory_equal(a->samples, a->samples + a->round, a->round * 2);
	assert_false(pthread_equal(h.thread, pthread_self()));
	/* all at hand: answered from inside */
	a = say(s, &h, "Code {{pin}}. Bye", "21", &how);
	assert_true(pthread_equal(h.thread, pthread_self()));
	a = say(s, &h, "Code {{pin}}. {{pin}}", "21", &how);
	assert_int_equal(a->count, a->round);
	a = say(s, &h, "Hello", "21", &how);
	assert_int_equal(a->count, a->round);
	assert_int_equal(a->pin_end, 0);
	assert_int_equal(say(s, &h, " ... ", "21", &how)->err, ERR_INVALID);
	assert_null(a->samples);
	heard_fini(&h);
	speech_close(s);
}

static void
test_too_long_a_call_is_none(void **state)
{
	const struct content_voice how = {.speech_rate = 0.5};
	struct speech *s = open_speech(&espeak);
	struct heard h;
	struct buf text;

	(void)state;
	heard_init(&h);
	buf_init(&text, 10000);
	for (size_t i = 0; i < 50; i++)
		buf_add_text(&text, "{{pin}} ");
	buf_add_char(&text, '\0');
	assert_int_equal(say(s, &h, text.ptr, "123456", &how)->err, ERR_TOO_LARGE);
	buf_fini(&text);
	heard_fini(&h);
	speech_close(s);
}

/* ---- many at once, and ends ---- */

enum { AT_ONCE = 200 };

static void
test_many_at_once_hear_the_same(void **state)
{
	const struct content_voice how = {0};
	struct speech *s = open_speech(&espeak);
	static struct heard all[AT_ONCE];

	(void)state;
	for (size_t i = 0; i < AT_ONCE; i++) {
		heard_init(&all[i]);
		ask(s, &all[i], "Code {{pin}}", "11", &how);
	}
	for (size_t i = 0; i < AT_ONCE; i++) {
		wait_for(&all[i]);
		check_case(i, all[i].answer.err == OK);
		check_case(i, all[i].answer.count == all[0].answer.count);
		check_case(i, memcmp(all[i].answer.samples, all[0].answer.samples,
				  all[0].answer.count * 2) == 0);
	}
	for (size_t i = 0; i < AT_ONCE; i++)
		heard_fini(&all[i]);
	speech_close(s);
}

/* There is a child that has not ended. */
static bool
is_speaking(void)
{
	siginfo_t info;

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static void
test_a_cancelled_one_is_answered_and_others_wait_on(void **state)
{
	const struct content_voice how = {.voice_name = "Slow"};
	int64_t begin_ms = clock_system.steady_ms(&clock_system);
	struct speech *s;
	struct heard first;
	struct heard second;

	(void)state;
	slow.command = getenv("SPEAKER");
	s = open_speech(&slow);
	heard_init(&first);
	heard_init(&second);
	ask(s, &second, "two", "1", &how);
	while (!is_speaking())
		continue;
	ask(s, &first, "one", "1", &how);
	ask(s, &first, "three", "1", &how);
	speech_cancel(s, NULL); /* of nobody */
	speech_cancel(s, &first);
	wait_for(&first);
	wait_for(&first);
	assert_int_equal(first.conflicts, 2);
	assert_int_equal(second.count, 0);
	/* the one that is being spoken, too */
	speech_cancel(s, &second);
	wait_for(&second);
	assert_int_equal(second.conflicts, 1);
	ask(s, &second, "four", "1", &how);
	while (!is_speaking())
		continue;
	speech_close(s);
	assert_false(is_speaking());
	assert_int_equal(second.count, 2);
	assert_int_equal(second.conflicts, 2);
	assert_true(clock_system.steady_ms(&clock_system) - begin_ms < 10000);
	heard_fini(&first);
	heard_fini(&second);
}

static void
test_the_queue_has_a_bound_and_a_close_answers_all(void **state)
{
	enum { MANY = 700, PLACES = 512 };
	const struct content_voice how = {.voice_name = "Slow"};
	int64_t begin_ms = clock_system.steady_ms(&clock_system);
	struct speech *s;
	struct heard h;

	(void)state;
	slow.command = getenv("SPEAKER");
	s = open_speech(&slow);
	heard_init(&h);
	for (int i = 0; i < MANY; i++)
		ask(s, &h, "one", "1", &how);
	assert_in_range(h.overloaded, MANY - PLACES - 1, MANY - PLACES);
	speech_close(s);
	assert_int_equal(h.count, MANY);
	assert_int_equal(h.conflicts, MANY - h.overloaded);
	assert_true(clock_system.steady_ms(&clock_system) - begin_ms < 20000);
	heard_fini(&h);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_symbols_of_each_language_differ),
	    cmocka_unit_test(test_the_rounds_and_the_end_of_the_pin),
	    cmocka_unit_test(test_too_long_a_call_is_none),
	    cmocka_unit_test(test_many_at_once_hear_the_same),
	    cmocka_unit_test(test_a_cancelled_one_is_answered_and_others_wait_on),
	    cmocka_unit_test(test_the_queue_has_a_bound_and_a_close_answers_all),
	};

	secret_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

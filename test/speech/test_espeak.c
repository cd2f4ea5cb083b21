/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child that speaks: what it can do, what it is told, and each way in which it may
 * not end as it should. SPEAKER is a program in espeak-ng's place (speaker.c).
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "speech/espeak.h"
#include "unit/unit.h"

static enum err
speak(const char *command, const char *voice, bool spelled, struct buf *out,
    const char **why)
{
	struct espeak_task t = {.command = command == NULL ? getenv("SPEAKER") : command,
	    .voice = voice,
	    .words_a_minute = 160,
	    .spelled = spelled,
	    .text = SPAN("7"),
	    .timeout_ms = 5000,
	    .stop_fd = -1};

	if (strcmp(voice, "sleep") == 0 || strcmp(voice, "deaf") == 0)
		t.timeout_ms = 200;
	buf_init(out, ESPEAK_OUTPUT_MAX);
	return espeak_run(&t, out, why);
}

static void
test_it_can_do_nothing_but_speak(void **state)
{
	const char *why = "";
	sigset_t term;
	struct buf out;
	int left_open = dup(STDERR_FILENO);

	(void)state;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, NULL);
	assert_int_equal(speak(NULL, "report", false, &out, &why), OK);
	buf_add_char(&out, '\0');
	assert_string_equal(out.ptr,
	    "socket 2: EPERM\nsocket 10: EPERM\nsocket 1: EPERM\nsocket 16: EPERM\n"
	    "socket 17: EPERM\npair: EPERM\nring: EPERM\nparent: EPERM\n"
	    "write: EFBIG\nhome: none\ncore: 1, term blocked: 0\n"
	    "-v report -s 160 -b1 --stdin --stdout < 7\n");
	buf_fini(&out);
	close(left_open);
}

static void
test_a_symbol_is_asked_for_by_its_name(void **state)
{
	const char *why = "";
	struct buf out;

	(void)state;
	assert_int_equal(speak(NULL, "report", true, &out, &why), OK);
	buf_add_char(&out, '\0');
	assert_non_null(
	    strstr(out.ptr, "--stdout -m < <say-as interpret-as=\"characters\">7<"));
	buf_fini(&out);
}

static void
test_it_does_not_end_as_it_should(void **state)
{
	static const struct {
		const char *command;
		const char *voice;
		enum err err;
		const char *why;
	} cases[] = {
	    {NULL, "sleep", ERR_DOWN, "espeak-ng took too long"},
	    {NULL, "deaf", ERR_DOWN, "espeak-ng was ended by a signal"},
	    {NULL, "refuse", ERR_INVALID, "espeak-ng refused the voice"},
	    {NULL, "die", ERR_DOWN, "espeak-ng was ended by a signal"},
	    {NULL, "endless", ERR_TOO_LARGE, "a phrase is too long"},
	    {"/no/such/program", "x", ERR_DOWN, "espeak-ng is not there"},
	    {"no-such-program", "x", ERR_DOWN, "espeak-ng is not there"},
	    {"/etc", "x", ERR_DOWN, "espeak-ng cannot be run"},
	    {"espeak-ng", "Joanna", ERR_INVALID, "espeak-ng refused the voice"},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		int64_t begin_ms = clock_system.steady_ms(&clock_system);
		const char *why = "";
		struct buf out;

		check_case(i, speak(cases[i].command, cases[i].voice, false, &out,
				  &why) == cases[i].err);
		check_case(i, strstr(why, cases[i].why) == why);
		check_case(i, clock_system.steady_ms(&clock_system) - begin_ms < 5000);
		buf_fini(&out);
	}
}

static bool
always(void *ctx)
{
	(void)ctx;
	return true;
}

static void
test_it_is_ended_when_nobody_waits_any_more(void **state)
{
	int bell = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	const struct espeak_task t = {.command = getenv("SPEAKER"),
	    .voice = "sleep",
	    .timeout_ms = 60000,
	    .stop_fd = bell,
	    .stopped = always};
	const char *why = "";
	struct buf out;

	(void)state;
	buf_init(&out, ESPEAK_OUTPUT_MAX);
	assert_int_equal(espeak_run(&t, &out, &why), ERR_CONFLICT);
	buf_fini(&out);
	close(bell);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_it_can_do_nothing_but_speak),
	    cmocka_unit_test(test_a_symbol_is_asked_for_by_its_name),
	    cmocka_unit_test(test_it_does_not_end_as_it_should),
	    cmocka_unit_test(test_it_is_ended_when_nobody_waits_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

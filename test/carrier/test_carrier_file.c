/* SPDX-License-Identifier: Apache-2.0 */
/* The carrier for trying out: whole lines, and a full disk. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "carrier/carrier.h"
#include "carrier/options.h"
#include "unit/unit.h"

static struct carrier *
open_with(const char *dir, const char *path, const char *mail_dir)
{
	static struct carrier_file_options options;
	static struct carrier_config config;
	struct carrier_env env = {
	    .clock = &clock_system, .entropy = &entropy_system, .data_dir = dir};
	struct carrier *c = NULL;
	char why[256] = "";

	options = (struct carrier_file_options){.path = path, .mail_dir = mail_dir};
	config =
	    (struct carrier_config){.name = "f", .type = "file", .options = &options};
	assert_int_equal(carrier_open(&config, &env, why, &c), OK);
	return c;
}

static struct carrier *
open_at(const char *dir, const char *path)
{
	return open_with(dir, path, NULL);
}

static void
keep(void *ctx, const struct carrier_outcome *outcome)
{
	*(struct carrier_outcome *)ctx = *outcome;
}

static struct carrier_outcome
submit(struct carrier *c, const char *from, const char *text)
{
	struct carrier_message m = {.pin_id = "P",
	    .application_id = "A",
	    .to = "4179",
	    .from = from,
	    .content = {.sms = {.text = span_of(text)}},
	    .at_ms = 1,
	    .validity_ms = 1};
	struct carrier_outcome o = {0};

	carrier_submit(c, &m, keep, &o);
	return o;
}

static void
test_a_message_is_a_line(void **state)
{
	char dir[] = "/tmp/ww-file-XXXXXX";
	char path[64];
	char lines[1024] = "";
	struct stat st;
	struct carrier *c;
	FILE *f;

	(void)state;
	assert_non_null(mkdtemp(dir));
	c = open_at(dir, "m.jsonl");
	assert_int_equal(
	    submit(c, "Bar", "say \"hi\"\n\xf0\x9f\x98\x80").result, CARRIER_ACCEPTED);
	assert_int_equal(submit(c, NULL, "x").result, CARRIER_ACCEPTED);
	assert_true(carrier_is_up(c));
	carrier_free(c);
	snprintf(path, sizeof(path), "%s/m.jsonl", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	f = fopen(path, "r");
	assert_true(fread(lines, 1, sizeof(lines) - 1, f) > 0);
	fclose(f);
	assert_string_equal(lines,
	    "{\"at\":\"1970-01-01T00:00:00.001Z\",\"channel\":\"sms\",\"pinId\":\"P\","
	    "\"applicationId\":\"A\",\"to\":\"4179\",\"from\":\"Bar\","
	    "\"text\":\"say \\\"hi\\\"\\n\xf0\x9f\x98\x80\"}\n"
	    "{\"at\":\"1970-01-01T00:00:00.001Z\",\"channel\":\"sms\",\"pinId\":\"P\","
	    "\"applicationId\":\"A\",\"to\":\"4179\",\"text\":\"x\"}\n");
	unlink(path);
	rmdir(dir);
}

static void
test_a_full_disk_is_said_with_its_code(void **state)
{
	struct carrier *c = open_at("/", "/dev/full");
	struct carrier_outcome o = submit(c, "Bar", "x");

	(void)state;
	assert_int_equal(o.result, CARRIER_RETRY);
	assert_int_equal(o.code, 28);
	assert_non_null(strstr(o.reason, "space"));
	carrier_free(c);
}

static void
test_a_line_has_what_its_channel_has(void **state)
{
	static const struct {
		struct content content;
		const char *has;
	} cases[] = {
	    {{.channel = CHANNEL_VOICE,
		 .voice = {.text = {"1207", 4},
		     .language = "de",
		     .repeat_dtmf = "1#",
		     .speech_rate = 0.5}},
		"\"channel\":\"voice\",\"pinId\":\"P\",\"applicationId\":\"A\",\"to\":"
		"\"x\","
		"\"text\":\"1207\",\"language\":\"de\",\"repeatDTMF\":\"1#\","
		"\"speechRate\":0.5}"},
	    {{.channel = CHANNEL_EMAIL,
		 .email = {.subject = {"PIN", 3}, .html = {"<b>1207</b>", 11}}},
		"\"channel\":\"email\",\"pinId\":\"P\",\"applicationId\":\"A\",\"to\":"
		"\"x\","
		"\"subject\":\"PIN\",\"html\":\"<b>1207</b>\"}"},
	};
	char dir[] = "/tmp/ww-file-XXXXXX";
	struct carrier *c;
	char path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	c = open_at(dir, "m.jsonl");
	snprintf(path, sizeof(path), "%s/m.jsonl", dir);
	for (size_t i = 0; i < countof(cases); i++) {
		struct carrier_message m = {.pin_id = "P",
		    .application_id = "A",
		    .to = "x",
		    .content = cases[i].content,
		    .at_ms = 1,
		    .validity_ms = 1};
		struct carrier_outcome o = {0};
		char line[1024] = "";
		FILE *f = fopen(path, "r");

		carrier_submit(c, &m, keep, &o);
		check_case(i, o.result == CARRIER_ACCEPTED);
		while (fgets(line, sizeof(line), f) != NULL)
			;
		fclose(f);
		check_case(i, strstr(line, cases[i].has) != NULL);
	}
	carrier_free(c);
	unlink(path);
	rmdir(dir);
}

static struct carrier_outcome
submit_mail(struct carrier *c, const char *to)
{
	struct carrier_message m = {.pin_id = "P",
	    .application_id = "A",
	    .to = to,
	    .from = "Bank <bank@example.com>",
	    .content = {.channel = CHANNEL_EMAIL,
		.email = {.subject = SPAN("PIN"), .text = SPAN("It is 1207")}},
	    .at_ms = 1,
	    .validity_ms = 1};
	struct carrier_outcome o = {0};

	carrier_submit(c, &m, keep, &o);
	return o;
}

static void
read_file(const char *path, char out[1024])
{
	FILE *f = fopen(path, "r");

	assert_non_null(f);
	out[fread(out, 1, 1023, f)] = '\0';
	fclose(f);
}

static void
test_a_mail_is_a_file_beside_its_line(void **state)
{
	char dir[] = "/tmp/ww-file-XXXXXX";
	char text[1024];
	char path[128];
	char name[64];
	struct stat st;
	struct carrier *c;

	(void)state;
	assert_non_null(mkdtemp(dir));
	c = open_with(dir, "m.jsonl", "mails");
	assert_int_equal(submit_mail(c, "jane@example.com").result, CARRIER_ACCEPTED);
	assert_int_equal(submit_mail(c, "jane").result, CARRIER_REFUSED);
	snprintf(path, sizeof(path), "%s/m.jsonl", dir);
	read_file(path, text);
	assert_int_equal(
	    sscanf(strstr(text, "\"mail\":\""), "\"mail\":\"%36[a-z0-9.]", name), 1);
	assert_null(strchr(strchr(text, '\n') + 1, '\n')); /* of one alone */
	unlink(path);
	snprintf(path, sizeof(path), "%s/mails/%s", dir, name);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	read_file(path, text);
	assert_non_null(strstr(text, "\r\nFrom: Bank <bank@example.com>\r\n"));
	assert_non_null(strstr(text, "\r\n\r\nIt is 1207\r\n"));
	unlink(path);
	snprintf(path, sizeof(path), "%s/mails", dir);
	assert_int_equal(rmdir(path), 0); /* that one alone */
	assert_int_equal(submit_mail(c, "jane@example.com").result, CARRIER_RETRY);
	carrier_free(c);
	rmdir(dir);
}

static void
test_a_place_that_is_none(void **state)
{
	struct carrier_file_options options = {.path = "no/such/file"};
	struct carrier_config config = {.name = "f", .type = "file", .options = &options};
	struct carrier_env env = {
	    .clock = &clock_system, .entropy = &entropy_system, .data_dir = "/tmp"};
	struct carrier *c = NULL;
	char why[256] = "";

	(void)state;
	assert_int_equal(carrier_open(&config, &env, why, &c), ERR_IO);
	assert_string_equal(why, "/tmp/no/such/file: No such file or directory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_message_is_a_line),
	    cmocka_unit_test(test_a_full_disk_is_said_with_its_code),
	    cmocka_unit_test(test_a_line_has_what_its_channel_has),
	    cmocka_unit_test(test_a_mail_is_a_file_beside_its_line),
	    cmocka_unit_test(test_a_place_that_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

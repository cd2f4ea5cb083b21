/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the routes, from the command line. */
#include <stdio.h>
#include <stdlib.h>

#include "server/command.h"
#include "delivery/route_explain.h"
#include "twofa/phone.h"

enum { ROUTE_TEXT_MAX = 65536 };

static int
fail_destination(const char *text, enum channel channel)
{
	struct arena a;
	const char *misfit;
	int status;

	if (channel_row(channel)->address == CHANNEL_TO_MAILBOX)
		return cli_fail("%s is no mailbox", text);
	arena_init(&a);
	misfit = phone_misfit(span_of(text), &a);
	status = misfit == NULL ? cli_fail("%s is no number", text)
				: cli_fail("%s is no number: %s", text, misfit);
	arena_fini(&a);
	return status;
}

/* An "@" makes a mailbox. */
static bool
read_channel(const struct cli *cli, enum channel *out)
{
	*out = strchr(cli->argument, '@') != NULL ? CHANNEL_EMAIL : CHANNEL_SMS;
	return cli->channel == NULL || channel_find(cli->channel, out);
}

int
command_route_explain(const struct cli *cli)
{
	struct route_subject subject = {
	    .to = cli->argument, .text = cli->text, .lines = true};
	struct conf conf;
	struct buf out;
	enum err e;

	if (!read_channel(cli, &subject.channel))
		return cli_fail("--channel must be " CHANNEL_NAMES);
	if (cli_conf(cli, &conf) != OK)
		return CLI_FAILED;
	conf_trial_carrier(&conf, false);
	buf_init(&out, ROUTE_TEXT_MAX);
	e = route_explain(&conf, &subject, &out);
	if (e == OK)
		printf("%.*s\n", (int)out.len, out.ptr);
	buf_fini(&out);
	conf_fini(&conf);
	return e == OK ? EXIT_SUCCESS : fail_destination(cli->argument, subject.channel);
}

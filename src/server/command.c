/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and checks, from the command line, and what all commands share. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "conf/routing.h"
#include "server/command.h"
#include "store/access.h"
#include "store/store.h"

int
cli_fail(const char *format, ...)
{
	va_list args;

	fputs("watchword: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return CLI_FAILED;
}

enum err
cli_conf(const struct cli *cli, struct conf *conf)
{
	enum err e = OK;

	conf_init(conf);
	if (cli->config != NULL)
		e = conf_load(conf, cli->config, stderr);
	if (cli->data != NULL)
		conf->data = cli->data;
	if (cli->listen != NULL) {
		conf->listen = cli->listen;
		conf->listener_count = 0;
		conf_warn_plain(conf, 0, "--listen", cli->listen);
	} else if (conf->listen == NULL && conf->listener_count == 0) {
		conf->listen = CONF_LISTEN_DEFAULT;
	}
	if (e != OK)
		conf_fini(conf);
	return e;
}

/* A server that has not been started anew would not know what an upgrade made. */
static bool
is_served(const char *data)
{
	char path[4096];
	bool served;
	int fd;

	snprintf(path, sizeof(path), "%s/lock", data);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	served = flock(fd, LOCK_EX | LOCK_NB) != 0;
	close(fd);
	return served;
}

static enum err
find_store(const char *data)
{
	char path[4096];

	if (snprintf(path, sizeof(path), "%s/watchword.db", data) >= (int)sizeof(path)) {
		cli_fail("the path of the data directory is too long");
		return ERR_INVALID;
	}
	if (access(path, F_OK) == 0)
		return OK;
	if (errno != ENOENT && errno != ENOTDIR)
		cli_fail("%s: %s", path, strerror(errno));
	else
		cli_fail("there is no store in %s; name the server's directory with "
			 "--data DIR or its configuration with --config FILE (only "
			 "`watchword serve` makes a store)",
		    data);
	return ERR_NOT_FOUND;
}

static enum err
open_store(const struct conf *conf, bool keep_schema, struct store **out)
{
	struct store_options o = {.data_dir = conf->data,
	    .queue_max = 16,
	    .batch_max = 16,
	    .keep_schema = keep_schema,
	    .without_keys = true,
	    .key_rotation_ms = conf->key_rotation_ms,
	    .clock = &clock_system,
	    .entropy = &entropy_system};
	char why[256] = "";
	enum err e = find_store(conf->data);

	if (e != OK)
		return e;
	e = store_open(&o, why, out);
	if (e != OK)
		cli_fail("%s", why);
	return e;
}

enum err
cli_session_open(struct cli_session *s, const struct cli *cli)
{
	enum err e = cli_conf(cli, &s->conf);

	if (e != OK)
		return e;
	arena_init(&s->arena);
	e = open_store(&s->conf, is_served(s->conf.data), &s->store);
	if (e != OK) {
		arena_fini(&s->arena);
		conf_fini(&s->conf);
	}
	return e;
}

int
cli_session_close(struct cli_session *s, int status)
{
	store_close(s->store);
	arena_fini(&s->arena);
	conf_fini(&s->conf);
	return status;
}

/* ASCII letters, digits and a little more: it stands in logs and in shells. */
bool
cli_is_name(const char *name)
{
	size_t len = strspn(
	    name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@");

	return len > 0 && len <= CLI_NAME_MAX && name[len] == '\0';
}

int
command_account_create(const struct cli *cli)
{
	struct cli_session s;
	struct account_job j = {
	    .job = {.verb = VERB_ACCOUNT_CREATE}, .name = cli->argument};
	enum err e;

	if (!cli_is_name(cli->argument))
		return cli_fail("an account's name has 1 to %d letters, digits or -_.@",
		    CLI_NAME_MAX);
	if (cli_session_open(&s, cli) != OK)
		return CLI_FAILED;
	j.job.arena = &s.arena;
	e = store_run(s.store, &j.job);
	if (e == ERR_EXISTS)
		return cli_session_close(
		    &s, cli_fail("there is an account %s", cli->argument));
	if (e != OK)
		return cli_session_close(&s, cli_fail("%s", err_text(e)));
	return cli_session_close(&s, EXIT_SUCCESS);
}

/* ---- the configuration ---- */

static enum err
warn_of_account(struct conf *conf, size_t i, struct store *s)
{
	const struct conf_report *r = &conf->reports[i];
	struct arena arena;
	struct account_job j = {
	    .job = {.verb = VERB_ACCOUNT_FIND, .arena = &arena}, .name = r->account};
	enum err e;

	arena_init(&arena);
	e = store_run(s, &j.job);
	if (e == ERR_NOT_FOUND)
		conf_warning_add(conf, r->line,
		    arena_printf(&arena, "reports[%zu].account", i),
		    arena_printf(&arena,
			"there is no account %s: nothing will be reported", r->account));
	arena_fini(&arena);
	return e == ERR_NOT_FOUND ? OK : e;
}

enum err
cli_warn_accounts(struct conf *conf, struct store *s)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < conf->report_count; i++)
		e = warn_of_account(conf, i, s);
	return e;
}

/* A check changes nothing: a store of an older version is not brought up to this one. */
static enum err
look_accounts_up(struct conf *conf, const char *data)
{
	struct store *s = NULL;
	enum err e;

	conf->data = data;
	e = open_store(conf, true, &s);
	if (e != OK)
		return e;
	e = cli_warn_accounts(conf, s);
	if (e != OK)
		cli_fail("looking accounts up: %s", err_text(e));
	store_close(s);
	return e;
}

static size_t
print_warnings(const struct conf *conf, const char *path)
{
	size_t n = 0;

	for (const struct conf_warning *w = conf->warnings; w != NULL; w = w->next, n++)
		fprintf(
		    stderr, "%s:%d: %s: warning: %s\n", path, w->line, w->field, w->what);
	return n;
}

/* A request for another channel is refused. */
static void
print_channels(const char *path, unsigned channels)
{
	const char *before = " by";

	printf("%s: PINs go", path);
	for (unsigned i = 0; i < CHANNEL_COUNT; i++) {
		if ((channels & CHANNEL_BIT(i)) == 0)
			continue;
		printf("%s %s", before, channel_name((enum channel)i));
		before = ",";
	}
	puts(channels == 0 ? " nowhere" : "");
}

int
command_config_check(const struct cli *cli)
{
	struct conf conf;
	unsigned channels = 0;
	size_t warnings;
	enum err e;

	conf_init(&conf);
	e = conf_load(&conf, cli->argument, stderr);
	if (e == OK && cli->data != NULL)
		e = look_accounts_up(&conf, cli->data);
	warnings = print_warnings(&conf, cli->argument);
	if (e == OK) {
		conf_trial_carrier(&conf, false);
		channels = routing_channels(&conf);
	}
	conf_fini(&conf);
	if (e != OK || (cli->strict && warnings > 0))
		return CLI_FAILED;
	printf("%s: no fault found", cli->argument);
	if (warnings > 0)
		printf(", %zu warning%s", warnings, warnings == 1 ? "" : "s");
	putchar('\n');
	print_channels(cli->argument, channels);
	return EXIT_SUCCESS;
}

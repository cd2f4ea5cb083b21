/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts, keys and checks, from the command line. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/secret.h"
#include "server/cli.h"
#include "twofa/scope.h"

enum { NAME_LEN_MAX = 64 };

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
	if (cli->listen != NULL)
		conf->listen = cli->listen;
	if (e != OK)
		conf_fini(conf);
	return e;
}

enum err
cli_store(const struct conf *conf, struct store **out)
{
	struct store_options o = {.data_dir = conf->data,
	    .queue_max = 16,
	    .batch_max = 16,
	    .key_rotation_ms = conf->key_rotation_ms,
	    .clock = &clock_system,
	    .entropy = &entropy_system};
	char why[256] = "";
	enum err e = store_open(&o, why, out);

	if (e != OK)
		cli_fail("%s", why);
	return e;
}

/* What every command on the store has: its configuration, its store, its memory. */
struct session {
	struct conf conf;
	struct store *store;
	struct arena arena;
};

static enum err
session_open(struct session *s, const struct cli *cli)
{
	enum err e = cli_conf(cli, &s->conf);

	if (e != OK)
		return e;
	arena_init(&s->arena);
	e = cli_store(&s->conf, &s->store);
	if (e != OK) {
		arena_fini(&s->arena);
		conf_fini(&s->conf);
	}
	return e;
}

static int
session_close(struct session *s, int status)
{
	store_close(s->store);
	arena_fini(&s->arena);
	conf_fini(&s->conf);
	return status;
}

/* ASCII letters, digits and a little more: it stands in logs and in shells. */
static bool
is_name(const char *name)
{
	size_t len = strspn(
	    name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@");

	return len > 0 && len <= NAME_LEN_MAX && name[len] == '\0';
}

int
command_account_create(const struct cli *cli)
{
	struct session s;
	struct account_job j = {
	    .job = {.verb = VERB_ACCOUNT_CREATE}, .name = cli->argument};
	enum err e;

	if (!is_name(cli->argument))
		return cli_fail("an account's name has 1 to %d letters, digits or -_.@",
		    NAME_LEN_MAX);
	if (session_open(&s, cli) != OK)
		return CLI_FAILED;
	j.job.arena = &s.arena;
	e = store_run(s.store, &j.job);
	if (e == ERR_EXISTS)
		return session_close(
		    &s, cli_fail("there is an account %s", cli->argument));
	if (e != OK)
		return session_close(&s, cli_fail("%s", err_text(e)));
	return session_close(&s, EXIT_SUCCESS);
}

static enum err
find_account(struct session *s, const char *name, struct ident *out)
{
	struct account_job j = {
	    .job = {.verb = VERB_ACCOUNT_FIND, .arena = &s->arena}, .name = name};
	enum err e = store_run(s->store, &j.job);

	*out = j.id;
	return e;
}

static enum err
make_key(struct session *s, struct key_job *j)
{
	char key[API_KEY_LEN + 1];
	char id[API_KEY_ID_LEN + 1];
	enum err e;

	api_key_make(&entropy_system, key);
	api_key_hash(span_of(key), j->key.hash);
	api_key_id(j->key.hash, id);
	j->key.id = id;
	j->job.verb = VERB_KEY_CREATE;
	j->job.arena = &s->arena;
	e = store_run(s->store, &j->job);
	if (e == OK)
		puts(key);
	secret_wipe(key, sizeof(key));
	return e;
}

static unsigned
read_scopes(const struct cli *cli)
{
	unsigned all = 0;

	for (int i = 0; i < cli->scope_count; i++) {
		unsigned one = scope_find(cli->scopes[i]);

		if (one == 0) {
			cli_fail("there is no scope %s", cli->scopes[i]);
			return 0;
		}
		all |= one;
	}
	return all == 0 ? SCOPE_ALL : all;
}

int
command_key_create(const struct cli *cli)
{
	struct session s;
	struct key_job j = {.key = {.name = cli->name, .scopes = read_scopes(cli)}};
	enum err e;

	if (j.key.scopes == 0)
		return CLI_USAGE;
	if (cli->account == NULL || cli->name == NULL || !is_name(cli->name)) {
		cli_fail("--account and --name are needed; a name has 1 to %d letters, "
			 "digits or "
			 "-_.@",
		    NAME_LEN_MAX);
		return CLI_USAGE;
	}
	if (session_open(&s, cli) != OK)
		return CLI_FAILED;
	e = find_account(&s, cli->account, &j.key.account);
	if (e == ERR_NOT_FOUND)
		return session_close(
		    &s, cli_fail("there is no account %s", cli->account));
	if (e == OK)
		e = make_key(&s, &j);
	return session_close(&s, e == OK ? EXIT_SUCCESS : cli_fail("%s", err_text(e)));
}

int
command_key_revoke(const struct cli *cli)
{
	struct session s;
	struct key_job j = {
	    .job = {.verb = VERB_KEY_REVOKE}, .key = {.id = cli->argument}};
	enum err e;

	if (session_open(&s, cli) != OK)
		return CLI_FAILED;
	api_key_hash(span_of(cli->argument), j.key.hash);
	j.job.arena = &s.arena;
	e = store_run(s.store, &j.job);
	if (e == ERR_NOT_FOUND)
		return session_close(
		    &s, cli_fail("there is no valid key of that id or text"));
	return session_close(&s, e == OK ? EXIT_SUCCESS : cli_fail("%s", err_text(e)));
}

static void
print_key(const struct key_row *k)
{
	char at[32];

	clock_format(k->created_at_ms, at, sizeof(at));
	printf("%s  %s  %-7s  %s  %s ", k->id, at,
	    k->revoked_at_ms == 0 ? "valid" : "revoked", k->account_name, k->name);
	for (unsigned i = 0; scope_name(i) != NULL; i++)
		if ((k->scopes & scope_find(scope_name(i))) != 0)
			printf(" %s", scope_name(i));
	putchar('\n');
}

int
command_key_list(const struct cli *cli)
{
	struct session s;
	struct key_job j = {.job = {.verb = VERB_KEY_LIST}};
	enum err e;

	if (session_open(&s, cli) != OK)
		return CLI_FAILED;
	j.job.arena = &s.arena;
	e = store_run(s.store, &j.job);
	if (e != OK)
		return session_close(&s, cli_fail("%s", err_text(e)));
	for (size_t i = 0; i < j.count; i++)
		print_key(&j.rows[i]);
	return session_close(&s, EXIT_SUCCESS);
}

int
command_config_check(const struct cli *cli)
{
	struct conf conf;
	enum err e;

	conf_init(&conf);
	e = conf_load(&conf, cli->argument, stderr);
	conf_fini(&conf);
	if (e != OK)
		return CLI_FAILED;
	printf("%s: no fault found\n", cli->argument);
	return EXIT_SUCCESS;
}

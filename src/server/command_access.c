/* SPDX-License-Identifier: Apache-2.0 */
/*
 * API keys and users, from the command line. A secret is read from standard input
 * and never is an argument, which everybody on the machine could see.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/utf8.h"
#include "server/command.h"
#include "store/access.h"
#include "store/store.h"
#include "twofa/scope.h"

enum { LINE_MAX_LEN = API_KEY_TEXT_MAX + 2, PASSWORD_LEAST = 8 };

/* ---- what keys and users share ---- */

static enum err
find_account(struct cli_session *s, const char *name, struct ident *out)
{
	struct account_job j = {
	    .job = {.verb = VERB_ACCOUNT_FIND, .arena = &s->arena}, .name = name};
	enum err e = store_run(s->store, &j.job);

	if (e == ERR_NOT_FOUND)
		cli_fail("there is no account %s", name);
	else if (e != OK)
		cli_fail("%s", err_text(e));
	*out = j.id;
	return e;
}

/*
 * A command that is one verb: with OK the session is open. Otherwise it is closed, and
 * what was wrong is said; ERR_NOT_FOUND in the words of `absent`, where it can be.
 */
static enum err
run_alone(struct cli_session *s, const struct cli *cli, struct job *j, const char *absent)
{
	enum err e = cli_session_open(s, cli);

	if (e != OK)
		return e;
	j->arena = &s->arena;
	e = store_run(s->store, j);
	if (e == ERR_CORRUPT)
		(void)cli_session_close(
		    s, cli_fail("nothing was changed: a row is damaged, the one that the "
				"event row_damaged names; nobody gets in by it"));
	else if (e != OK)
		(void)cli_session_close(
		    s, cli_fail("%s",
			   e == ERR_NOT_FOUND && absent != NULL ? absent : err_text(e)));
	return e;
}

/* 0 when one of them is none. */
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

static void
print_scopes(unsigned scopes)
{
	for (unsigned i = 0; scope_name(i) != NULL; i++)
		if ((scopes & 1u << i) != 0)
			printf(" %s", scope_name(i));
	putchar('\n');
}

static void
set_echo(bool on)
{
	struct termios t;

	if (tcgetattr(STDIN_FILENO, &t) != 0)
		return;
	t.c_lflag = on ? t.c_lflag | ECHO : t.c_lflag & ~(tcflag_t)ECHO;
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &t);
}

/* A byte order mark, that an editor may have put before it, is no part of a line. */
static void
drop_mark(char *line, size_t *len)
{
	struct span bare = utf8_without_mark((struct span){line, *len});

	memmove(line, bare.ptr, bare.len);
	*len = bare.len;
}

/* One line without its end, octet by octet so that no buffer of stdio keeps it. */
static enum err
read_line(const char *prompt, char out[LINE_MAX_LEN])
{
	bool terminal = isatty(STDIN_FILENO) == 1;
	size_t len = 0;
	ssize_t n;
	char c;

	if (terminal) {
		fputs(prompt, stderr);
		set_echo(false);
	}
	while ((n = read(STDIN_FILENO, &c, 1)) != 0 && len < LINE_MAX_LEN) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || c == '\n')
			break;
		out[len++] = c;
	}
	if (terminal) {
		set_echo(true);
		fputc('\n', stderr);
	}
	if (len > 0 && len < LINE_MAX_LEN && out[len - 1] == '\r')
		len--;
	if (len >= LINE_MAX_LEN || n < 0)
		return ERR_INVALID;
	drop_mark(out, &len);
	if (memchr(out, '\0', len) != NULL)
		return ERR_INVALID;
	out[len] = '\0';
	return OK;
}

/* ---- keys ---- */

static enum err
store_key(struct cli_session *s, struct key_job *j, const char *key)
{
	char *id = arena_alloc(&s->arena, API_KEY_ID_LEN + 1);
	enum err e;

	api_key_hash(span_of(key), j->key.hash);
	api_key_id(j->key.hash, id);
	j->key.id = id;
	j->job.verb = VERB_KEY_CREATE;
	j->job.arena = &s->arena;
	e = store_run(s->store, &j->job);
	if (e == ERR_EXISTS)
		cli_fail("this key is there already");
	else if (e == ERR_THROTTLED)
		cli_fail("the account has %d keys; revoke some", KEYS_PER_ACCOUNT);
	else if (e != OK)
		cli_fail("%s", err_text(e));
	return e;
}

/* The common part of create and import, around `get`, which puts the key into `key`. */
static int
add_key(const struct cli *cli, enum err (*get)(char key[LINE_MAX_LEN]), bool show)
{
	struct cli_session s;
	struct key_job j = {.key = {.name = cli->name,
				.terms = {.enabled = true,
				    .permissions = PERMISSION_ALL,
				    .scopes = read_scopes(cli)}}};
	char key[LINE_MAX_LEN];
	enum err e;

	if (j.key.terms.scopes == 0)
		return CLI_USAGE;
	if (cli->account == NULL || cli->name == NULL || !cli_is_name(cli->name)) {
		cli_fail("--account and --name are needed; a name has 1 to %d letters, "
			 "digits or -_.@",
		    CLI_NAME_MAX);
		return CLI_USAGE;
	}
	if (get(key) != OK)
		return CLI_USAGE;
	e = cli_session_open(&s, cli);
	if (e != OK) {
		secret_wipe(key, sizeof(key));
		return CLI_FAILED;
	}
	e = find_account(&s, cli->account, &j.key.account);
	if (e == OK)
		e = store_key(&s, &j, key);
	if (e == OK)
		puts(show ? key : j.key.id);
	secret_wipe(key, sizeof(key));
	return cli_session_close(&s, e == OK ? EXIT_SUCCESS : CLI_FAILED);
}

static enum err
make_key(char key[LINE_MAX_LEN])
{
	api_key_make(&entropy_system, key);
	return OK;
}

int
command_key_create(const struct cli *cli)
{
	return add_key(cli, make_key, true);
}

/* A header carries it, between single spaces: visible ASCII of any shape. */
static enum err
read_key(char key[LINE_MAX_LEN])
{
	enum err e = read_line("The key: ", key);
	size_t len = e == OK ? strlen(key) : 0;

	for (size_t i = 0; i < len; i++)
		if (!isgraph((unsigned char)key[i]))
			e = ERR_INVALID;
	if (len == 0 || len > API_KEY_TEXT_MAX)
		e = ERR_INVALID;
	if (e != OK)
		cli_fail("a key is one line of 1 to %d visible ASCII characters on "
			 "standard input",
		    API_KEY_TEXT_MAX);
	return e;
}

int
command_key_import(const struct cli *cli)
{
	return add_key(cli, read_key, false);
}

static int
revoke_key(const struct cli *cli, const char *text)
{
	struct cli_session s;
	struct key_job j = {.job = {.verb = VERB_KEY_REVOKE}, .key = {.id = text}};

	api_key_hash(span_of(text), j.key.hash);
	if (run_alone(&s, cli, &j.job, "there is no valid key of that id or text") != OK)
		return CLI_FAILED;
	return cli_session_close(&s, EXIT_SUCCESS);
}

/* An id is no secret and may be an argument; a key had better be read: "-". */
int
command_key_revoke(const struct cli *cli)
{
	char key[LINE_MAX_LEN];
	int status;

	if (strcmp(cli->argument, "-") != 0)
		return revoke_key(cli, cli->argument);
	if (read_key(key) != OK)
		return CLI_USAGE;
	status = revoke_key(cli, key);
	secret_wipe(key, sizeof(key));
	return status;
}

static const char *
key_state(const struct key_row *k, int64_t now_ms)
{
	if (k->revoked_at_ms != 0)
		return "revoked";
	if (!k->terms.enabled)
		return "disabled";
	if (now_ms < k->terms.valid_from_ms)
		return "later";
	return key_terms_in_force(&k->terms, now_ms) ? "valid" : "expired";
}

static void
print_key(const struct key_row *k, int64_t now_ms)
{
	char at[32];

	clock_format(k->created_at_ms, at, sizeof(at));
	printf("%s  %s  %-8s  %s  %s ", k->id, at, key_state(k, now_ms), k->account_name,
	    k->name);
	print_scopes(key_terms_scopes(&k->terms));
}

int
command_key_list(const struct cli *cli)
{
	struct cli_session s;
	struct key_job j = {.job = {.verb = VERB_KEY_LIST}};

	if (run_alone(&s, cli, &j.job, NULL) != OK)
		return CLI_FAILED;
	for (size_t i = 0; i < j.count; i++)
		print_key(&j.rows[i], j.job.time.wall_ms);
	return cli_session_close(&s, EXIT_SUCCESS);
}

/* ---- users ---- */

/* The password's hash; an empty line asks for a password to be made and printed. */
static enum err
get_password(char hash[SECRET_PASSWORD_HASH_LEN], char made[API_KEY_LEN + 1])
{
	char line[LINE_MAX_LEN];
	enum err e = read_line("The password (empty: make one): ", line);

	made[0] = '\0';
	if (e == OK && line[0] == '\0') {
		api_key_make(&entropy_system, made);
		memmove(made, made + 3, API_KEY_LEN - 3 + 1); /* it is no key */
		memcpy(line, made, strlen(made) + 1);
	}
	if (e == OK &&
	    (strlen(line) < PASSWORD_LEAST || strlen(line) > SECRET_PASSWORD_MAX))
		e = ERR_INVALID;
	if (e == OK)
		e = secret_password_hash(span_of(line), hash);
	else
		cli_fail("a password has %d to %d octets", PASSWORD_LEAST,
		    SECRET_PASSWORD_MAX);
	secret_wipe(line, sizeof(line));
	return e;
}

/* Create and change: the same but for the verb and the account. */
static int
put_user(const struct cli *cli, enum verb verb, unsigned scopes)
{
	struct cli_session s;
	char hash[SECRET_PASSWORD_HASH_LEN];
	char made[API_KEY_LEN + 1];
	struct user_job j = {.job = {.verb = verb},
	    .user = {.name = cli->argument, .password = hash, .scopes = scopes}};
	enum err e = OK;

	if (get_password(hash, made) != OK)
		return CLI_USAGE;
	if (cli_session_open(&s, cli) != OK)
		return CLI_FAILED;
	j.job.arena = &s.arena;
	if (verb == VERB_USER_CREATE)
		e = find_account(&s, cli->account, &j.user.account);
	if (e != OK)
		return cli_session_close(&s, CLI_FAILED);
	e = store_run(s.store, &j.job);
	if (e == ERR_EXISTS)
		cli_fail("there is a user %s", cli->argument);
	else if (e == ERR_NOT_FOUND)
		cli_fail("there is no user %s", cli->argument);
	else if (e != OK)
		cli_fail("%s", err_text(e));
	else if (made[0] != '\0')
		puts(made);
	secret_wipe(made, sizeof(made));
	return cli_session_close(&s, e == OK ? EXIT_SUCCESS : CLI_FAILED);
}

int
command_user_create(const struct cli *cli)
{
	unsigned scopes = read_scopes(cli);

	if (scopes == 0)
		return CLI_USAGE;
	if (cli->account == NULL || !cli_is_name(cli->argument)) {
		cli_fail("--account is needed; a user's name has 1 to %d letters, digits "
			 "or -_.@",
		    CLI_NAME_MAX);
		return CLI_USAGE;
	}
	return put_user(cli, VERB_USER_CREATE, scopes);
}

int
command_user_password(const struct cli *cli)
{
	return put_user(cli, VERB_USER_PASSWORD, 0);
}

int
command_user_disable(const struct cli *cli)
{
	struct cli_session s;
	struct user_job j = {
	    .job = {.verb = VERB_USER_DISABLE}, .user = {.name = cli->argument}};
	char absent[LINE_MAX_LEN];

	snprintf(absent, sizeof(absent), "there is no user %s that may sign in",
	    cli->argument);
	if (run_alone(&s, cli, &j.job, absent) != OK)
		return CLI_FAILED;
	return cli_session_close(&s, EXIT_SUCCESS);
}

static void
print_user(const struct user_row *u)
{
	char at[32];

	clock_format(u->created_at_ms, at, sizeof(at));
	printf("%s  %s  %-8s  %s ", u->name, at,
	    u->disabled_at_ms == 0 ? "valid" : "disabled", u->account_name);
	print_scopes(u->scopes);
}

int
command_user_list(const struct cli *cli)
{
	struct cli_session s;
	struct user_job j = {.job = {.verb = VERB_USER_LIST}};

	if (run_alone(&s, cli, &j.job, NULL) != OK)
		return CLI_FAILED;
	for (size_t i = 0; i < j.count; i++)
		print_user(&j.rows[i]);
	return cli_session_close(&s, EXIT_SUCCESS);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the program. A command gets the options that were given, all of
 * them read by the same table, and returns the exit status (doc/commands.md): 0 done,
 * 1 it failed, 2 it was called wrongly. Results go to standard output, all else to
 * standard error.
 */
#ifndef WW_CLI_H
#define WW_CLI_H

#include "conf/conf.h"

struct store;

enum { CLI_SCOPES_MAX = 16, CLI_NAME_MAX = 64, CLI_FAILED = 1, CLI_USAGE = 2 };

struct cli {
	const char *config;
	const char *data;
	const char *listen;
	const char *account;
	const char *name;
	const char *scopes[CLI_SCOPES_MAX];
	int scope_count;
	const char *text;
	bool strict;
	const char *argument; /* what stands alone */
};

/* The configuration file, if any, with what the command line says above it. */
enum err cli_conf(const struct cli *cli, struct conf *conf) MUST_CHECK;
/* Says why, on standard error; returns CLI_FAILED. */
int cli_fail(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * A command on the store: its configuration, its memory, and the store of the data
 * directory, beside a running server or without one. Only `serve` makes a store: where
 * there is none, the command was called in the wrong folder.
 */
struct cli_session {
	struct conf conf;
	struct store *store;
	struct arena arena;
};

/* Said already when it fails. */
enum err cli_session_open(struct cli_session *s, const struct cli *cli) MUST_CHECK;
/* Warns of each account of `reports` that is not in the store, once. */
enum err cli_warn_accounts(struct conf *conf, struct store *s) MUST_CHECK;
/* Returns the status. */
int cli_session_close(struct cli_session *s, int status);
/* ASCII letters, digits and a little more: it stands in logs and in shells. */
bool cli_is_name(const char *name);

int command_serve(const struct cli *cli);
int command_account_create(const struct cli *cli);
int command_key_create(const struct cli *cli);
int command_key_revoke(const struct cli *cli);
int command_key_list(const struct cli *cli);
int command_key_import(const struct cli *cli);
int command_user_create(const struct cli *cli);
int command_user_password(const struct cli *cli);
int command_user_disable(const struct cli *cli);
int command_user_list(const struct cli *cli);
int command_clock_lower(const struct cli *cli);
int command_config_check(const struct cli *cli);
int command_route_explain(const struct cli *cli);

#endif

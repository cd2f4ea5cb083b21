/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shared part of the commands: the options that were given, all of them read by the
 * same table, the configuration and the store that they work on, and how a failure is
 * said.
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
	const char *channel; /* NULL: by what stands alone */
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

#endif

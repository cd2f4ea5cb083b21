/* SPDX-License-Identifier: Apache-2.0 */
/* The command line: which command, with which options. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/api.h"
#include "base/json.h"
#include "base/secret.h"
#include "server/command.h"

enum {
	OPTION_CONFIG = 'c',
	OPTION_DATA = 'd',
	OPTION_LISTEN = 'l',
	OPTION_ACCOUNT = 'a',
	OPTION_NAME = 'n',
	OPTION_SCOPE = 's',
	OPTION_TEXT = 't',
	OPTION_CHANNEL = 'C',
	OPTION_STRICT = 'S',
	OPTION_HELP = 'h'
};

struct command {
	const char *group; /* "key"; NULL: the command is one word */
	const char *word;
	const char *options;  /* the letters that it takes, besides help */
	const char *argument; /* of a word that stands alone; NULL: none */
	const char *usage;
	int (*run)(const struct cli *cli);
};

/* Which store a command works on; the first that is given counts. */
#define STORE " [--data DIR] [--config FILE]"

static const struct command commands[] = {
    {NULL, "serve", "cdl", NULL, "serve" STORE " [--listen ADDR:PORT]", command_serve},
    {"account", "create", "cd", "NAME", "account create NAME" STORE,
	command_account_create},
    {"key", "create", "cdans", NULL,
	"key create --account A --name N [--scope S ...]" STORE, command_key_create},
    {"key", "revoke", "cd", "ID|-",
	"key revoke ID|-" STORE " [< FILE-WITH-THE-KEY, for -]", command_key_revoke},
    {"key", "list", "cd", NULL, "key list" STORE, command_key_list},
    {"key", "import", "cdans", NULL,
	"key import --account A --name N [--scope S ...]" STORE " < FILE-WITH-THE-KEY",
	command_key_import},
    {"user", "create", "cdas", "NAME",
	"user create NAME --account A [--scope S ...]" STORE " [< FILE-WITH-A-PASSWORD]",
	command_user_create},
    {"user", "password", "cd", "NAME",
	"user password NAME" STORE " [< FILE-WITH-A-PASSWORD]", command_user_password},
    {"user", "disable", "cd", "NAME", "user disable NAME" STORE, command_user_disable},
    {"user", "list", "cd", NULL, "user list" STORE, command_user_list},
    {"clock", "lower", "cd", NULL, "clock lower" STORE, command_clock_lower},
    {"config", "check", "dS", "FILE", "config check FILE [--strict] [--data DIR]",
	command_config_check},
    {"route", "explain", "ctC", "NUMBER|MAILBOX",
	"route explain NUMBER|MAILBOX [--channel C] [--text T] [--config FILE]",
	command_route_explain},
};

static const struct option options[] = {
    {"config", required_argument, NULL, OPTION_CONFIG},
    {"data", required_argument, NULL, OPTION_DATA},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"account", required_argument, NULL, OPTION_ACCOUNT},
    {"name", required_argument, NULL, OPTION_NAME},
    {"scope", required_argument, NULL, OPTION_SCOPE},
    {"text", required_argument, NULL, OPTION_TEXT},
    {"channel", required_argument, NULL, OPTION_CHANNEL},
    {"strict", no_argument, NULL, OPTION_STRICT},
    {"help", no_argument, NULL, OPTION_HELP},
    {0},
};

static int
print_help(FILE *to)
{
	fputs("watchword: a two-factor PIN service\n\n", to);
	for (size_t i = 0; i < countof(commands); i++)
		fprintf(to, "  watchword %s\n", commands[i].usage);
	fputs(
	    "  watchword --print-config-manual | --print-routes\n"
	    "  watchword --help | --version\n\n"
	    "serve answers on http://127.0.0.1:8080 and keeps its data in ./data "
	    "unless told\n"
	    "otherwise. The other commands work beside a running server, on the store\n"
	    "that --data DIR or --config FILE names, else on ./data; none of them makes\n"
	    "one. They exit with 0 when it is done, 1 when it failed and 2 when they "
	    "were\n"
	    "called wrongly. Scopes are\n"
	    "2fa:manage, 2fa:pin:send, 2fa:pin:manage, 2fa:sdk and\n"
	    "account-management:manage (API keys, for users); without --scope all of\n"
	    "them. A password comes from standard input; from a terminal an empty line\n"
	    "has one made and printed.\n",
	    to);
	return to == stdout ? EXIT_SUCCESS : CLI_USAGE;
}

static int
wrong(const char *what, const char *fault)
{
	fprintf(stderr, "watchword: %s%s; see watchword --help\n", what, fault);
	return CLI_USAGE;
}

static const struct command *
find_command(int argc, char **argv, int *words_out)
{
	for (size_t i = 0; i < countof(commands); i++) {
		const struct command *c = &commands[i];
		int words = c->group == NULL ? 1 : 2;

		if (argc <= words || strcmp(argv[words], c->word) != 0)
			continue;
		if (c->group != NULL && strcmp(argv[1], c->group) != 0)
			continue;
		*words_out = words;
		return c;
	}
	return NULL;
}

static int
set_option(struct cli *cli, int letter, const char *value)
{
	const char **texts[] = {['c'] = &cli->config,
	    ['d'] = &cli->data,
	    ['l'] = &cli->listen,
	    ['a'] = &cli->account,
	    ['n'] = &cli->name,
	    ['t'] = &cli->text,
	    ['C'] = &cli->channel};

	if (letter == OPTION_STRICT) {
		cli->strict = true;
		return EXIT_SUCCESS;
	}
	if (letter != OPTION_SCOPE) {
		*texts[letter] = value;
		return EXIT_SUCCESS;
	}
	if (cli->scope_count == CLI_SCOPES_MAX)
		return wrong(value, ": too many scopes");
	cli->scopes[cli->scope_count++] = value;
	return EXIT_SUCCESS;
}

/* Options and the one argument may stand in any order. */
static int
read_options(const struct command *c, struct cli *cli, int argc, char **argv)
{
	int letter;

	optind = 1;
	while ((letter = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (letter == OPTION_HELP) {
			printf("usage: watchword %s\n", c->usage);
			exit(EXIT_SUCCESS);
		}
		if (letter == '?')
			return CLI_USAGE;
		if (strchr(c->options, letter) == NULL)
			return wrong(c->word, " does not take that option");
		if (set_option(cli, letter, optarg) != EXIT_SUCCESS)
			return CLI_USAGE;
	}
	if (optind < argc && c->argument != NULL)
		cli->argument = argv[optind++];
	if (optind < argc)
		return wrong(argv[optind], ": unexpected");
	if (c->argument != NULL && cli->argument == NULL)
		return wrong(c->argument, " is missing");
	return EXIT_SUCCESS;
}

static bool
asks_for_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	       strcmp(word, "help") == 0;
}

static int
general(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("watchword " WW_VERSION);
		return EXIT_SUCCESS;
	}
	if (argc == 2 && strcmp(argv[1], "--print-config-manual") == 0) {
		conf_print_manual(stdout);
		return EXIT_SUCCESS;
	}
	if (argc == 2 && strcmp(argv[1], "--print-routes") == 0) {
		api_print_routes(stdout);
		return EXIT_SUCCESS;
	}
	if (argc == 2 && asks_for_help(argv[1]))
		return print_help(stdout);
	if (argc < 2)
		return print_help(stderr);
	return wrong(argv[1], ": no such command");
}

int
main(int argc, char **argv)
{
	const struct command *c;
	struct cli cli = {0};
	int words = 0;
	int status;

	mem_keep_tidy();
	secret_init();
	json_init();
	umask(077);
	c = find_command(argc, argv, &words);
	if (c == NULL)
		return general(argc, argv);
	status = read_options(c, &cli, argc - words, argv + words);
	return status == EXIT_SUCCESS ? c->run(&cli) : status;
}

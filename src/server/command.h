/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of the program (main.c has their table). A command returns the exit
 * status (doc/commands.md): 0 done, 1 it failed, 2 it was called wrongly. Results go to
 * standard output, all else to standard error.
 */
#ifndef WW_COMMAND_H
#define WW_COMMAND_H

#include "server/cli.h"

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

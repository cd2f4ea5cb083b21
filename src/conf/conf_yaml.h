/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A YAML file as a tree of nodes that know their lines (libyaml), and where faults are
 * said. Their meaning is conf_read.c's.
 */
#ifndef WW_CONF_YAML_H
#define WW_CONF_YAML_H

#include <stdio.h>
#include <yaml.h>

#include "base/arena.h"

struct conf;

struct conf_file {
	const char *path;
	struct conf *conf; /* keeps the warnings */
	FILE *errors;
	struct arena *arena;
	unsigned faults;
	yaml_document_t document;
};

/* The root, NULL for an empty file. ERR_IO, ERR_SYNTAX were said. conf_yaml_close in any
 * case. */
enum err conf_yaml_open(struct conf_file *f, yaml_node_t **root_out) MUST_CHECK;
void conf_yaml_close(struct conf_file *f);
/* "FILE:LINE: field: what is wrong"; the node may be NULL. */
void conf_yaml_fault(struct conf_file *f, const yaml_node_t *node, const char *field,
    const char *format, ...) PRINTF_LIKE(4, 5);
/* The same where only the line is known. */
void conf_yaml_fault_at(struct conf_file *f, int line, const char *field,
    const char *format, ...) PRINTF_LIKE(4, 5);
/* A warning, kept in the configuration: said by who reads it, and no fault. */
void conf_yaml_warn(struct conf_file *f, const yaml_node_t *node, const char *field,
    const char *format, ...) PRINTF_LIKE(4, 5);
/* Whether it is null (YAML 1.2.2 10.3.2): `null`, `~` or nothing, without quotes and
 * without a tag that says otherwise. */
bool conf_yaml_is_null(const yaml_node_t *node);
int conf_yaml_line(const yaml_node_t *node);
/* The text of a scalar, also that of null; an empty span and false for another kind of
 * node. */
bool conf_yaml_scalar(const yaml_node_t *node, struct span *out) MUST_CHECK;

#endif

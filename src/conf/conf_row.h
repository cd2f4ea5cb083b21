/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the configuration: what a row of conf.def says, and what a list of sections
 * is. conf_value.c reads one value, conf_read.c sections by their rows, conf_list.c
 * has the lists; a new list is a row there, its options are rows of "NAME[]".
 */
#ifndef WW_CONF_ROW_H
#define WW_CONF_ROW_H

#include "conf/conf.h"
#include "conf/conf_yaml.h"

enum {
	CONF_WHY_MAX = 256,
	CONF_TEXTS_MAX = 64 /* in a list or map of texts */
};

enum conf_kind {
	CONF_TEXT,
	CONF_INT,
	CONF_BOOL,
	CONF_DURATION,
	CONF_CHOICE, /* the number of the choice */
	CONF_WORD,   /* one of the choices, as text; an option `type` decides what fits */
	CONF_ADDRESS,
	CONF_DIGITS,
	CONF_RATE,        /* "20/10m" */
	CONF_SECRET_FILE, /* its first line */
	CONF_SECRET_TEXT, /* all of it, such as a key in PEM */
	CONF_TEXTS,       /* struct text_list; min and max bound each text */
	CONF_NETS,        /* struct text_list of addresses and ranges */
	CONF_TEXT_MAP,    /* struct text_map; min and max bound each value */
	CONF_CARRIERS
};

/* As a default: the option has none, and must be given (where its type fits). */
#define CONF_REQUIRED conf_required
extern const char conf_required[];

/*
 * Two rows that fill the same member are two ways to say the same: giving both is a
 * fault, and giving either is enough where it is required.
 */
struct conf_row {
	const char *section;
	const char *name;
	enum conf_kind kind;
	const char *holder; /* the struct that has the member */
	size_t offset;
	const char *initial; /* NULL: none */
	int64_t min;
	int64_t max;
	const char *choices;
	const char *type; /* "smpp" or "http|smtp": of the section's option `type`; NULL:
			     all */
	const char *help;
};

extern const struct conf_row conf_rows[];
extern const size_t conf_row_count;

/* A mapping that is being read into its holder. */
struct conf_place {
	struct conf_file *file;
	struct conf *conf;
	const char *section; /* of the rows */
	const char *path;    /* "carriers[0]." */
	const char *type; /* what its option `type` says, or its default; may be NULL */
	void *holder;
	const struct conf_list *list; /* whose item that is; NULL: of none */
	void *
	    own; /* the struct of the item's type, beside the holder; NULL: it has none */
};

struct conf_list {
	const char *name;
	const char *section;
	const char *holder; /* the struct of an item */
	size_t items;       /* offsets in struct conf: the array, its count */
	size_t count;
	size_t size;   /* of an item */
	size_t line;   /* offset in an item of `int line`; SIZE_MAX: it has none */
	size_t unique; /* offset in an item of a name that is unique; SIZE_MAX: none */
	const char *noun;
	size_t max;
	/* Checks that rows cannot express, against the items before it (in `before`); or
	 * NULL. */
	void (*check)(const struct conf_place *p, const yaml_node_t *node, size_t before);
	/* Rows with another holder than an item's are members of the struct of the item's
	 * type: how large it is, and the offset in an item of the pointer to it. NULL:
	 * there are none. */
	size_t (*own_size)(const char *type);
	size_t own;
};

/* ---- conf_value.c ---- */

const struct conf_row *conf_row_find(const char *section, struct span name);
/* "smpp" of "http|smpp". */
bool conf_value_words_have(const char *words, struct span word);
/* Whether the row is of this type, or of any; NULL fits rows of any type alone. */
bool conf_row_fits(const struct conf_row *row, const char *type);
/* Where the row's member is: in the holder or in what is the type's own. */
void *conf_value_place(const struct conf_place *p, const struct conf_row *row);
/* One value into its place; what is wrong goes to `why`. */
enum err conf_value_set(const struct conf_row *row, struct arena *a, void *place,
    struct span text, char why[CONF_WHY_MAX]) MUST_CHECK;
/* A text of a list or map, within the row's bounds. */
enum err conf_value_text(
    const struct conf_row *row, struct span text, char why[CONF_WHY_MAX]) MUST_CHECK;
void conf_value_defaults(const struct conf_place *p);

/* ---- conf_read.c ---- */

/* "carriers[0].name", in the file's arena. */
const char *conf_read_field(const struct conf_place *p, const char *name);
/* Defaults, then what the map holds, then what is missing. */
void conf_read_item(struct conf_place *p, const yaml_node_t *map);
/* The whole file: options, sections, then the lists in their order. */
void conf_read_root(const struct conf_place *top, const yaml_node_t *root);
/* The node of an option, or NULL. */
const yaml_node_t *conf_read_find_key(
    struct conf_file *f, const yaml_node_t *map, const char *name);
bool conf_read_has_key(struct conf_file *f, const yaml_node_t *map, const char *name);

/* ---- conf_secret.c ---- */

/*
 * The secret in the file that `name` names, without a byte order mark: its first line, or
 * all of it where the row's kind is CONF_SECRET_TEXT. ERR_IO: it cannot be read;
 * ERR_INVALID: it is no text, or empty where the row needs one. `why` says it.
 */
enum err conf_secret_read(const struct conf_row *row, struct arena *a, struct span name,
    struct span *out, char why[CONF_WHY_MAX]) MUST_CHECK;
/* Why the file had better be another: who else can read it; NULL: nothing is wrong. */
const char *conf_secret_remark(struct arena *a, struct span name);

/* ---- conf_warn.c ---- */

/* Warnings that need the whole file, read without a fault. */
void conf_warn_check(const struct conf_place *top, const yaml_node_t *root);

/* ---- conf_list.c ---- */

const struct conf_list *conf_list_find(struct span name);
/* In the order in which they are read; NULL past the end. */
const struct conf_list *conf_list_at(size_t i);
void conf_list_read(
    const struct conf_place *top, const struct conf_list *list, const yaml_node_t *node);
void conf_list_read_carriers(
    const struct conf_place *p, const struct conf_row *row, const yaml_node_t *node);

#endif

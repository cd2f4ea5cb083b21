/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of conf.def as a table, and a file from its first octet to its last check. */
#include "conf/conf.h"

#include "carrier/options.h"
#include "conf/conf_row.h"
#include "conf/routing.h"
#include "speech/speech_check.h"

/* A word for each row of a table, in its order. */
static const char channel_words[] = ""
#define CHANNEL(symbol, name, ...) "|" name
#include "twofa/channel.def"
#undef CHANNEL
    ;

static const char carrier_words[] = ""
#define CARRIER_TYPE(type) "|" #type
#include "carrier/types.def"
#undef CARRIER_TYPE
    ;

#define CHANNEL_WORDS (channel_words + 1)
#define CARRIER_WORDS (carrier_words + 1)

/* Contract 2.3; speech/voices.h has a voice for each. */
#define SPEECH_LANGUAGES                                                                 \
	"en|es|ca|da|nl|fr|de|it|ja|ko|no|pl|ru|sv|fi|hr|sl|ro|pt_pt|pt_br|zh_cn|zh_tw"

const struct conf_row conf_rows[] = {
#define CONF_ROW(                                                                        \
    section, name, kind, holder, member, initial, min, max, choices, type, help)         \
	{section, name, kind, #holder, offsetof(struct holder, member), initial, min,    \
	    max, choices, type, help},
#include "conf/conf.def"
#undef CONF_ROW
};

const size_t conf_row_count = countof(conf_rows);

/* A section's first row; those of lists have a holder for each item. */
static bool
begins_section(size_t i)
{
	const char *section = conf_rows[i].section;

	return strchr(section, '[') == NULL &&
	       (i == 0 || strcmp(conf_rows[i - 1].section, section) != 0);
}

static const char *
default_type(const char *section)
{
	const struct conf_row *row = conf_row_find(section, SPAN("type"));

	return row == NULL ? NULL : row->initial;
}

void
conf_init(struct conf *c)
{
	*c = (struct conf){0};
	arena_init(&c->arena);
	for (size_t i = 0; i < conf_row_count; i++) {
		struct conf_place p = {.conf = c,
		    .section = conf_rows[i].section,
		    .type = default_type(conf_rows[i].section),
		    .holder = c};

		if (begins_section(i))
			conf_value_defaults(&p);
	}
}

void
conf_fini(struct conf *c)
{
	arena_fini(&c->arena);
	*c = (struct conf){0};
}

/* A file with other faults has said them; the check needs its options whole. */
static void
check_section(const struct conf_place *top, const yaml_node_t *root, const char *section,
    const char *(*check)(const struct conf *c, char why[CONF_WHY_MAX]))
{
	const yaml_node_t *map = conf_read_find_key(top->file, root, section);
	char why[CONF_WHY_MAX] = "";
	const yaml_node_t *value;
	const char *field;

	if (map == NULL || top->file->faults > 0)
		return;
	field = check(top->conf, why);
	if (field == NULL)
		return;
	value = conf_read_find_key(top->file, map, field);
	conf_yaml_fault(top->file, value == NULL ? map : value,
	    arena_printf(top->file->arena, "%s.%s", section, field), "%s", why);
}

static const char *
check_lookup(const struct conf *c, char why[CONF_WHY_MAX])
{
	return lookup_check(&c->lookup, why);
}

static const char *
check_speech(const struct conf *c, char why[CONF_WHY_MAX])
{
	return speech_check(&c->speech, why);
}

enum err
conf_load(struct conf *c, const char *path, FILE *errors)
{
	struct arena scratch;
	struct conf_file f = {
	    .path = path, .conf = c, .errors = errors, .arena = &scratch};
	struct conf_place top = {
	    .file = &f, .conf = c, .section = "", .path = "", .holder = c};
	yaml_node_t *root;
	enum err e;

	arena_init(&scratch);
	e = conf_yaml_open(&f, &root);
	if (root != NULL && !conf_yaml_is_null(root)) {
		conf_read_root(&top, root);
		check_section(&top, root, "lookup", check_lookup);
		check_section(&top, root, "speech", check_speech);
	}
	routing_build(c, &f);
	if (root != NULL && e == OK && f.faults == 0)
		conf_warn_check(&top, root);
	conf_yaml_close(&f);
	arena_fini(&scratch);
	if (e == OK && f.faults > 0)
		e = ERR_INVALID;
	return e;
}

void
conf_trial_carrier(struct conf *c, bool echo)
{
	struct carrier_file_options *options;

	if (c->carrier_count > 0)
		return;
	options = arena_alloc(&c->arena, sizeof(*options));
	*options = (struct carrier_file_options){.path = "messages.jsonl", .echo = echo};
	c->carriers = arena_alloc(&c->arena, sizeof(*c->carriers));
	c->carrier_count = 1;
	c->carriers[0] =
	    (struct carrier_config){.name = "trial", .type = "file", .options = options};
}

size_t
conf_throttles(const struct conf *c, struct text_pair *out, size_t room)
{
	size_t n = 0;

	for (size_t i = 0; i < conf_row_count && n < room; i++) {
		const struct conf_row *row = &conf_rows[i];
		const char *rate;

		if (strcmp(row->section, "throttles") != 0)
			continue;
		rate =
		    *(const char *const *)(const void *)((const char *)c + row->offset);
		if (rate != NULL)
			out[n++] = (struct text_pair){row->name, rate};
	}
	return n;
}

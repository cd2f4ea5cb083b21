/* SPDX-License-Identifier: Apache-2.0 */
/* Sections of the configuration: names against rows, what is unknown or missing. */
#include "conf/conf_row.h"

enum { NAME_DISTANCE = 2, NAME_LEN_MAX = 40 };

const char *
conf_read_field(const struct conf_place *p, const char *name)
{
	return arena_printf(p->file->arena, "%s%s", p->path, name);
}

static yaml_node_t *
node_at(const struct conf_file *f, int index)
{
	return yaml_document_get_node((yaml_document_t *)(uintptr_t)&f->document, index);
}

/* ---- names ---- */

/* Levenshtein's distance, for "did you mean". */
static size_t
distance(struct span a, struct span b)
{
	size_t line[NAME_LEN_MAX + 1];

	if (a.len > NAME_LEN_MAX || b.len > NAME_LEN_MAX)
		return SIZE_MAX;
	for (size_t k = 0; k <= b.len; k++)
		line[k] = k;
	for (size_t i = 1; i <= a.len; i++) {
		size_t corner = line[0];

		line[0] = i;
		for (size_t k = 1; k <= b.len; k++) {
			size_t change = corner + (a.ptr[i - 1] == b.ptr[k - 1] ? 0 : 1);
			size_t other =
			    (line[k] < line[k - 1] ? line[k] : line[k - 1]) + 1;

			corner = line[k];
			line[k] = change < other ? change : other;
		}
	}
	return line[b.len];
}

/* Names of options, and at the top of the sections too. */
static const char *
nearest(const char *section, struct span name)
{
	const char *best = NULL;
	size_t least = NAME_DISTANCE + 1;

	for (size_t i = 0; i < conf_row_count; i++) {
		bool here = strcmp(conf_rows[i].section, section) == 0;
		struct span one =
		    span_of(here ? conf_rows[i].name : conf_rows[i].section);
		size_t d;

		if (!here && section[0] != '\0')
			continue;
		if (one.len > 2 && strcmp(one.ptr + one.len - 2, "[]") == 0)
			one.len -= 2;
		d = distance(name, one);
		if (d < least) {
			least = d;
			best = one.ptr;
		}
	}
	return best;
}

static const char *
field_of(const struct conf_place *p, struct span name)
{
	return conf_read_field(p, arena_text(p->file->arena, name));
}

static void
unknown(const struct conf_place *p, const yaml_node_t *key, struct span name)
{
	const char *near = nearest(p->section, name);
	int len = near == NULL ? 0 : (int)strcspn(near, "[");

	if (near == NULL)
		conf_yaml_fault(
		    p->file, key, field_of(p, name), "there is no such option");
	else
		conf_yaml_fault(p->file, key, field_of(p, name),
		    "there is no such option; did you mean %.*s?", len, near);
}

static bool
given_before(const struct conf_file *f, const yaml_node_t *map,
    const yaml_node_pair_t *pair, int *line_out)
{
	struct span name;
	struct span other;

	if (!conf_yaml_scalar(node_at(f, pair->key), &name))
		return false;
	for (yaml_node_pair_t *q = map->data.mapping.pairs.start; q < pair; q++) {
		const yaml_node_t *key = node_at(f, q->key);

		*line_out = conf_yaml_line(key);
		if (conf_yaml_scalar(key, &other) && span_equal(name, other))
			return true;
	}
	return false;
}

/* ---- values ---- */

static void
read_text_item(const struct conf_place *p, const struct conf_row *row,
    const yaml_node_t *node, const char *field, const char **out)
{
	char why[CONF_WHY_MAX] = "";
	struct span text;

	*out = "";
	if (conf_yaml_is_null(node))
		conf_yaml_fault(p->file, node, field,
		    "is null; leave it out, or quote it where that text is meant");
	else if (!conf_yaml_scalar(node, &text))
		conf_yaml_fault(p->file, node, field, "must be one value");
	else if (conf_value_text(row, text, why) != OK)
		conf_yaml_fault(p->file, node, field, "%s", why);
	else
		*out = arena_text(&p->conf->arena, text);
}

static bool
is_too_long(const struct conf_place *p, const yaml_node_t *node, const char *field,
    ptrdiff_t count)
{
	if (count <= CONF_TEXTS_MAX)
		return false;
	conf_yaml_fault(p->file, node, field, "more than %d", CONF_TEXTS_MAX);
	return true;
}

static void
read_texts(
    const struct conf_place *p, const struct conf_row *row, const yaml_node_t *node)
{
	struct text_list *list = conf_value_place(p, row);
	const char *field = conf_read_field(p, row->name);
	ptrdiff_t count = 0;

	if (node->type != YAML_SEQUENCE_NODE) {
		conf_yaml_fault(p->file, node, field, "must be a list of texts");
		return;
	}
	count = node->data.sequence.items.top - node->data.sequence.items.start;
	if (is_too_long(p, node, field, count))
		return;
	list->count = (size_t)count;
	list->items =
	    arena_alloc(&p->conf->arena, (list->count + 1) * sizeof(*list->items));
	for (size_t i = 0; i < list->count; i++)
		read_text_item(p, row,
		    node_at(p->file, node->data.sequence.items.start[i]),
		    arena_printf(p->file->arena, "%s[%zu]", field, i), &list->items[i]);
}

static void
read_text_pair(const struct conf_place *p, const struct conf_row *row,
    const yaml_node_t *map, size_t i)
{
	struct text_map *all = conf_value_place(p, row);
	const yaml_node_pair_t *pair = &map->data.mapping.pairs.start[i];
	const yaml_node_t *key = node_at(p->file, pair->key);
	const char *field = conf_read_field(p, row->name);
	struct span name;
	int line;

	all->pairs[i] = (struct text_pair){"", ""};
	if (conf_yaml_is_null(key) || !conf_yaml_scalar(key, &name) || name.len == 0 ||
	    memchr(name.ptr, '\0', name.len) != NULL) {
		conf_yaml_fault(p->file, key, field, "a name must be a word");
		return;
	}
	field = arena_printf(
	    p->file->arena, "%s.%s", field, arena_text(p->file->arena, name));
	if (given_before(p->file, map, pair, &line)) {
		conf_yaml_fault(
		    p->file, key, field, "was given before, in line %d", line);
		return;
	}
	all->pairs[i].name = arena_text(&p->conf->arena, name);
	read_text_item(
	    p, row, node_at(p->file, pair->value), field, &all->pairs[i].value);
}

static void
read_text_map(
    const struct conf_place *p, const struct conf_row *row, const yaml_node_t *node)
{
	struct text_map *all = conf_value_place(p, row);
	const char *field = conf_read_field(p, row->name);
	ptrdiff_t count = 0;

	if (node->type != YAML_MAPPING_NODE) {
		conf_yaml_fault(p->file, node, field, "must hold names and values");
		return;
	}
	count = node->data.mapping.pairs.top - node->data.mapping.pairs.start;
	if (is_too_long(p, node, field, count))
		return;
	all->count = (size_t)count;
	all->pairs = arena_alloc(&p->conf->arena, (all->count + 1) * sizeof(*all->pairs));
	for (size_t i = 0; i < all->count; i++)
		read_text_pair(p, row, node, i);
}

/* Warnings about a secret's file that was read. */
static void
warn_of_secret(const struct conf_place *p, const struct conf_row *row,
    const yaml_node_t *node, struct span name)
{
	const char *field = conf_read_field(p, row->name);
	const char *remark = conf_secret_remark(p->file->arena, name);
	const char *secret = *(const char *const *)conf_value_place(p, row);

	if (secret[0] == '\0')
		conf_yaml_warn(p->file, node, field, "%s: its first line is empty",
		    arena_text(p->file->arena, name));
	if (remark != NULL)
		conf_yaml_warn(p->file, node, field, "%s", remark);
}

static void
read_scalar(
    const struct conf_place *p, const struct conf_row *row, const yaml_node_t *node)
{
	const char *field = conf_read_field(p, row->name);
	char why[CONF_WHY_MAX] = "";
	struct span text;

	if (!conf_yaml_scalar(node, &text))
		conf_yaml_fault(p->file, node, field, "must be one value");
	else if (conf_value_set(
		     row, &p->conf->arena, conf_value_place(p, row), text, why) != OK)
		conf_yaml_fault(p->file, node, field, "%s", why);
	else if (row->kind == CONF_SECRET_FILE || row->kind == CONF_SECRET_TEXT)
		warn_of_secret(p, row, node, text);
}

/* Whether `type` is one that the section knows; of any other nothing more is said. */
static bool
type_is_known(const struct conf_place *p)
{
	const struct conf_row *row = conf_row_find(p->section, SPAN("type"));

	return p->type != NULL && row != NULL &&
	       conf_value_words_have(row->choices, span_of(p->type));
}

/* The same name may have a row for each type. */
static const struct conf_row *
find_row(const struct conf_place *p, struct span name)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (strcmp(conf_rows[i].section, p->section) == 0 &&
		    span_equal_text(name, conf_rows[i].name) &&
		    conf_row_fits(&conf_rows[i], p->type))
			return &conf_rows[i];
	return conf_row_find(p->section, name);
}

static void
read_value(
    const struct conf_place *p, const struct conf_row *row, const yaml_node_t *node)
{
	if (conf_yaml_is_null(node))
		return; /* as if it were not there: the default holds */
	if (!conf_row_fits(row, p->type) && type_is_known(p))
		conf_yaml_fault(p->file, node, conf_read_field(p, row->name),
		    "is not for %.*s of type %s", (int)strcspn(p->section, "["),
		    p->section, p->type);
	else if (row->kind == CONF_CARRIERS)
		conf_list_read_carriers(p, row, node);
	else if (row->kind == CONF_TEXTS || row->kind == CONF_NETS)
		read_texts(p, row, node);
	else if (row->kind == CONF_TEXT_MAP)
		read_text_map(p, row, node);
	else
		read_scalar(p, row, node);
}

/* ---- maps ---- */

static void read_section(
    const struct conf_place *top, struct span name, const yaml_node_t *node);

static void
read_pair(
    const struct conf_place *p, const yaml_node_t *map, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = node_at(p->file, pair->key);
	const yaml_node_t *node = node_at(p->file, pair->value);
	const struct conf_row *row;
	struct span name;
	int line;

	if (!conf_yaml_scalar(key, &name)) {
		conf_yaml_fault(p->file, key, p->path, "an option's name must be a word");
		return;
	}
	if (given_before(p->file, map, pair, &line)) {
		conf_yaml_fault(p->file, key, field_of(p, name),
		    "was given before, in line %d", line);
		return;
	}
	row = find_row(p, name);
	if (row != NULL)
		read_value(p, row, node);
	else if (p->section[0] == '\0')
		read_section(p, name, node);
	else
		unknown(p, key, name);
}

static void
read_map(const struct conf_place *p, const yaml_node_t *map)
{
	if (map->type != YAML_MAPPING_NODE) {
		struct span path = {p->path, strlen(p->path)};

		if (path.len > 0)
			path.len--;
		conf_yaml_fault(p->file, map, arena_text(p->file->arena, path),
		    "must hold names and values");
		return;
	}
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++)
		read_pair(p, map, pair);
}

const yaml_node_t *
conf_read_find_key(struct conf_file *f, const yaml_node_t *map, const char *name)
{
	struct span text;

	if (map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *q = map->data.mapping.pairs.start;
	     q < map->data.mapping.pairs.top; q++)
		if (conf_yaml_scalar(node_at(f, q->key), &text) &&
		    span_equal_text(text, name))
			return conf_yaml_is_null(node_at(f, q->value))
				   ? NULL
				   : node_at(f, q->value);
	return NULL;
}

bool
conf_read_has_key(struct conf_file *f, const yaml_node_t *map, const char *name)
{
	return conf_read_find_key(f, map, name) != NULL;
}

/* Which of the section's options there are. */
static const char *
type_of(const struct conf_place *p, const yaml_node_t *map)
{
	const struct conf_row *row = conf_row_find(p->section, SPAN("type"));
	const yaml_node_t *node = conf_read_find_key(p->file, map, "type");
	struct span text;

	if (row == NULL)
		return NULL;
	if (node != NULL && conf_yaml_scalar(node, &text))
		return arena_text(p->file->arena, text);
	return row->initial == conf_required ? NULL : row->initial;
}

static bool
fills_the_same(const struct conf_row *a, const struct conf_row *b)
{
	return a->offset == b->offset && strcmp(a->holder, b->holder) == 0 &&
	       strcmp(a->section, b->section) == 0;
}

/* Whether a row before this one fills the same member: it says what is missing. */
static bool
is_second(const struct conf_place *p, const struct conf_row *row)
{
	for (const struct conf_row *other = conf_rows; other < row; other++)
		if (fills_the_same(other, row) && other->initial == conf_required &&
		    conf_row_fits(other, p->type))
			return true;
	return false;
}

/* Another row before this one that fills the same member and was given. */
static const struct conf_row *
find_twin(const struct conf_place *p, const yaml_node_t *map, const struct conf_row *row)
{
	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *other = &conf_rows[i];

		if (other != row && fills_the_same(other, row) &&
		    strcmp(other->name, row->name) != 0 &&
		    conf_read_has_key(p->file, map, other->name))
			return other;
	}
	return NULL;
}

static void
check_row(const struct conf_place *p, const yaml_node_t *map, const struct conf_row *row)
{
	const struct conf_row *twin = find_twin(p, map, row);
	bool given = conf_read_has_key(p->file, map, row->name);

	if (given && twin != NULL && twin < row)
		conf_yaml_fault(p->file, map, conf_read_field(p, row->name),
		    "is given beside %s", twin->name);
	if (row->initial == conf_required && !given && twin == NULL && !is_second(p, row))
		conf_yaml_fault(
		    p->file, map, conf_read_field(p, row->name), "is missing");
}

/* The struct of the item's type, and its place in the item. */
static void
make_own(struct conf_place *p)
{
	if (p->list == NULL || p->list->own_size == NULL)
		return;
	p->own = arena_alloc(&p->conf->arena, p->list->own_size(p->type));
	*(void **)(void *)((char *)p->holder + p->list->own) = p->own;
}

void
conf_read_item(struct conf_place *p, const yaml_node_t *map)
{
	p->type = type_of(p, map);
	make_own(p);
	conf_value_defaults(p);
	read_map(p, map);
	if (map->type != YAML_MAPPING_NODE)
		return;
	for (size_t i = 0; i < conf_row_count; i++)
		if (strcmp(conf_rows[i].section, p->section) == 0 &&
		    conf_row_fits(&conf_rows[i], p->type))
			check_row(p, map, &conf_rows[i]);
}

/* Lists are read afterwards, in the order in which they need one another. */
static void
read_section(const struct conf_place *top, struct span name, const yaml_node_t *node)
{
	struct conf_place p = *top;

	if (conf_list_find(name) != NULL)
		return;
	for (size_t i = 0; i < conf_row_count; i++) {
		if (conf_rows[i].section[0] == '\0' ||
		    !span_equal_text(name, conf_rows[i].section))
			continue;
		p.section = conf_rows[i].section;
		p.path = arena_printf(top->file->arena, "%s.", conf_rows[i].section);
		if (!conf_yaml_is_null(node))
			conf_read_item(&p, node);
		return;
	}
	unknown(top, node, name);
}

void
conf_read_root(const struct conf_place *top, const yaml_node_t *root)
{
	const struct conf_list *list;

	read_map(top, root);
	for (size_t i = 0; (list = conf_list_at(i)) != NULL; i++) {
		const yaml_node_t *node = conf_read_find_key(top->file, root, list->name);

		if (node != NULL)
			conf_list_read(top, list, node);
	}
}

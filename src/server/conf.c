/* SPDX-License-Identifier: Apache-2.0 */
#include "server/conf.h"

#include <errno.h>

#include "server/conf_row.h"
#include "server/conf_yaml.h"
#include "twofa/period.h"

enum { CONF_MESSAGE_MAX = 256, CONF_NAME_DISTANCE = 2, CONF_NAME_MAX = 40 };

const struct conf_row conf_rows[] = {
#define CONF_ROW(                                                                        \
    section, name, kind, holder, member, initial, min, max, choices, type, help)         \
	{section, name, kind, offsetof(struct holder, member), initial, min, max,        \
	    choices, type, help},
#include "conf.def"
#undef CONF_ROW
};

const size_t conf_row_count = countof(conf_rows);

/* ---- values ---- */

static enum err
parse_int(const struct conf_row *row, struct span text, int64_t *out, char *why)
{
	bool minus = text.len > 0 && text.ptr[0] == '-';
	int64_t n = 0;
	size_t i = minus ? 1 : 0;

	for (; i < text.len && i < 18 && text.ptr[i] >= '0' && text.ptr[i] <= '9'; i++)
		n = n * 10 + (text.ptr[i] - '0');
	if (i != text.len || i == (minus ? 1 : 0)) {
		snprintf(why, CONF_MESSAGE_MAX, "must be a whole number");
		return ERR_INVALID;
	}
	n = minus ? -n : n;
	*out = n;
	if (n >= row->min && n <= row->max)
		return OK;
	snprintf(why, CONF_MESSAGE_MAX, "must be from %lld to %lld", (long long)row->min,
	    (long long)row->max);
	return ERR_INVALID;
}

static enum err
parse_bool(struct span text, bool *out, char *why)
{
	*out = span_equal_nocase(text, "true") || span_equal_nocase(text, "yes");
	if (*out || span_equal_nocase(text, "false") || span_equal_nocase(text, "no"))
		return OK;
	snprintf(why, CONF_MESSAGE_MAX, "must be true or false");
	return ERR_INVALID;
}

static const char *
duration_text(int64_t ms, struct duration *d)
{
	if (duration_from_ms(ms, INT64_MAX, d) != OK)
		return "0s";
	return d->text;
}

static enum err
parse_duration(const struct conf_row *row, struct span text, int64_t *out, char *why)
{
	struct duration d = {0};
	struct duration low;
	struct duration high;
	bool zero =
	    row->min == 0 && (span_equal_text(text, "0s") || span_equal_text(text, "0"));
	enum err e = zero ? OK : duration_parse(text, row->max, &d);

	*out = d.ms;
	if (e == ERR_SYNTAX) {
		snprintf(why, CONF_MESSAGE_MAX,
		    "must be a time such as 500ms, 10s, 2m, 1h or 1d");
		return e;
	}
	if (e == OK && d.ms >= row->min)
		return OK;
	snprintf(why, CONF_MESSAGE_MAX, "must be from %s to %s",
	    duration_text(row->min, &low), duration_text(row->max, &high));
	return ERR_INVALID;
}

static enum err
parse_choice(const struct conf_row *row, struct span text, int64_t *out, char *why)
{
	const char *at = row->choices;

	for (*out = 0; at != NULL; (*out)++) {
		const char *bar = strchr(at, '|');
		struct span one = {at, bar == NULL ? strlen(at) : (size_t)(bar - at)};

		if (span_equal(text, one))
			return OK;
		at = bar == NULL ? NULL : bar + 1;
	}
	snprintf(why, CONF_MESSAGE_MAX, "must be one of %s", row->choices);
	return ERR_INVALID;
}

static enum err
parse_text(const struct conf_row *row, struct span text, char *why)
{
	if (memchr(text.ptr, '\0', text.len) == NULL && (int64_t)text.len >= row->min &&
	    (int64_t)text.len <= row->max)
		return OK;
	snprintf(why, CONF_MESSAGE_MAX, "must have from %lld to %lld characters",
	    (long long)row->min, (long long)row->max);
	return ERR_INVALID;
}

static enum err
parse_address(struct span text, char *why)
{
	const char *colon = text.len == 0 ? NULL : memrchr(text.ptr, ':', text.len);
	const struct conf_row port = {.min = 0, .max = UINT16_MAX};
	struct span digits;
	int64_t n;

	if (colon == NULL || colon == text.ptr) {
		snprintf(why, CONF_MESSAGE_MAX, "must be ADDRESS:PORT");
		return ERR_INVALID;
	}
	digits = (struct span){colon + 1, text.len - (size_t)(colon + 1 - text.ptr)};
	return parse_int(&port, digits, &n, why);
}

static enum err
parse_digits(const struct conf_row *row, struct span text, char *why)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] < '0' || text.ptr[i] > '9') {
			snprintf(why, CONF_MESSAGE_MAX, "must be digits alone");
			return ERR_INVALID;
		}
	return parse_text(row, text, why);
}

/* The first line of a file that the text names. */
static enum err
read_secret(struct arena *a, struct span name, struct span *out, char *why)
{
	const char *path = arena_text(a, name);
	FILE *f = fopen(path, "re");
	char line[128];

	if (f == NULL) {
		snprintf(why, CONF_MESSAGE_MAX, "%.150s: %s", path, strerror(errno));
		return ERR_IO;
	}
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = '\0';
	fclose(f);
	line[strcspn(line, "\r\n")] = '\0';
	*out = span_of(arena_text(a, span_of(line)));
	explicit_bzero(line, sizeof(line));
	return OK;
}

/* One value into its place in `holder`. */
static enum err
set_value(const struct conf_row *row, struct arena *a, void *holder, struct span text,
    char *why)
{
	void *place = (char *)holder + row->offset;
	enum err e = OK;

	switch (row->kind) {
	case CONF_INT:
		return parse_int(row, text, place, why);
	case CONF_BOOL:
		return parse_bool(text, place, why);
	case CONF_DURATION:
		return parse_duration(row, text, place, why);
	case CONF_CHOICE:
		return parse_choice(row, text, place, why);
	case CONF_ADDRESS:
		e = parse_address(text, why);
		break;
	case CONF_DIGITS:
		e = parse_digits(row, text, why);
		break;
	case CONF_SECRET_FILE:
		e = read_secret(a, text, &text, why);
		break;
	case CONF_TEXT:
	case CONF_CARRIERS:
		break;
	}
	if (e == OK && (row->kind == CONF_TEXT || row->kind == CONF_SECRET_FILE))
		e = parse_text(row, text, why);
	if (e == OK)
		*(const char **)place = arena_text(a, text);
	return e;
}

static void
set_defaults(const char *section, const char *type, struct arena *a, void *holder)
{
	char why[CONF_MESSAGE_MAX];

	for (size_t i = 0; i < conf_row_count; i++) {
		const struct conf_row *row = &conf_rows[i];

		if (strcmp(row->section, section) != 0 || row->initial == NULL)
			continue;
		if (row->type == NULL || (type != NULL && strcmp(row->type, type) == 0))
			INVARIANT(
			    set_value(row, a, holder, span_of(row->initial), why) == OK);
	}
}

void
conf_init(struct conf *c)
{
	static const char *const sections[] = {
	    "", "api", "limits", "delivery", "http", "store", "keyring", "log", "lookup"};

	*c = (struct conf){0};
	arena_init(&c->arena);
	for (size_t i = 0; i < countof(sections); i++)
		set_defaults(sections[i], NULL, &c->arena, c);
}

void
conf_fini(struct conf *c)
{
	arena_fini(&c->arena);
	*c = (struct conf){0};
}

/* ---- reading: what a mapping holds ---- */

struct place {
	struct conf_file *file;
	struct conf *conf;
	const char *section; /* of the rows */
	const char *path;    /* "carriers[0]." */
	const char *type;    /* of carrier */
	void *holder;
};

static const struct conf_row *
find_row(const char *section, struct span name)
{
	for (size_t i = 0; i < conf_row_count; i++)
		if (strcmp(conf_rows[i].section, section) == 0 &&
		    span_equal_text(name, conf_rows[i].name))
			return &conf_rows[i];
	return NULL;
}

/* Levenshtein's distance, for "did you mean". */
static size_t
distance(struct span a, struct span b)
{
	size_t line[CONF_NAME_MAX + 1];

	if (a.len > CONF_NAME_MAX || b.len > CONF_NAME_MAX)
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
	size_t least = CONF_NAME_DISTANCE + 1;

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
field_of(const struct place *p, struct span name)
{
	return arena_printf(
	    p->file->arena, "%s%s", p->path, arena_text(p->file->arena, name));
}

static void
unknown(const struct place *p, const yaml_node_t *key, struct span name)
{
	const char *near = nearest(p->section, name);
	int len = near == NULL ? 0 : (int)strcspn(near, "[");

	if (near == NULL)
		conf_fault(p->file, key, field_of(p, name), "there is no such option");
	else
		conf_fault(p->file, key, field_of(p, name),
		    "there is no such option; did you mean %.*s?", len, near);
}

static void read_carrier_list(
    const struct place *p, yaml_node_t *node, const char *field);

static void
read_value(const struct place *p, const struct conf_row *row, yaml_node_t *node,
    const char *field)
{
	char why[CONF_MESSAGE_MAX] = "";
	struct span text;

	if (row->type != NULL && p->type != NULL && carrier_type_find(p->type) != NULL &&
	    strcmp(row->type, p->type) != 0)
		conf_fault(
		    p->file, node, field, "is not for carriers of type %s", p->type);
	else if (row->kind == CONF_CARRIERS)
		read_carrier_list(p, node, field);
	else if (!conf_scalar(node, &text))
		conf_fault(p->file, node, field, "must be one value");
	else if (set_value(row, &p->conf->arena, p->holder, text, why) != OK)
		conf_fault(p->file, node, field, "%s", why);
}

static bool
given_before(
    struct conf_file *f, yaml_node_t *map, const yaml_node_pair_t *pair, int *line_out)
{
	struct span name;
	struct span other;

	if (!conf_scalar(yaml_document_get_node(&f->document, pair->key), &name))
		return false;
	for (yaml_node_pair_t *q = map->data.mapping.pairs.start; q < pair; q++) {
		yaml_node_t *key = yaml_document_get_node(&f->document, q->key);

		*line_out = conf_line(key);
		if (conf_scalar(key, &other) && span_equal(name, other))
			return true;
	}
	return false;
}

static void read_section(const struct place *top, struct span name, yaml_node_t *node);

static void
read_pair(const struct place *p, yaml_node_t *map, const yaml_node_pair_t *pair)
{
	yaml_node_t *key = yaml_document_get_node(&p->file->document, pair->key);
	yaml_node_t *node = yaml_document_get_node(&p->file->document, pair->value);
	const struct conf_row *row;
	struct span name;
	int line;

	if (!conf_scalar(key, &name)) {
		conf_fault(p->file, key, p->path, "an option's name must be a word");
		return;
	}
	if (given_before(p->file, map, pair, &line)) {
		conf_fault(p->file, key, field_of(p, name),
		    "was given before, in line %d", line);
		return;
	}
	row = find_row(p->section, name);
	if (row != NULL)
		read_value(p, row, node, field_of(p, name));
	else if (p->section[0] == '\0')
		read_section(p, name, node);
	else
		unknown(p, key, name);
}

static void
read_map(const struct place *p, yaml_node_t *map)
{
	if (map->type != YAML_MAPPING_NODE) {
		struct span path = {p->path, strlen(p->path)};

		if (path.len > 0)
			path.len--;
		conf_fault(p->file, map, arena_text(p->file->arena, path),
		    "must hold names and values");
		return;
	}
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++)
		read_pair(p, map, pair);
}

/* ---- reading: lists ---- */

static struct carrier_config *
find_carrier(struct conf *c, struct span name)
{
	for (size_t i = 0; i < c->carrier_count; i++)
		if (c->carriers[i].name != NULL &&
		    span_equal_text(name, c->carriers[i].name))
			return &c->carriers[i];
	return NULL;
}

static void
read_carrier_list(const struct place *p, yaml_node_t *node, const char *field)
{
	struct conf_route *r = p->holder;

	if (node->type != YAML_SEQUENCE_NODE) {
		conf_fault(p->file, node, field, "must be a list of names of carriers");
		return;
	}
	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++) {
		yaml_node_t *one = yaml_document_get_node(&p->file->document, *i);
		struct span name;
		struct carrier_config *c =
		    conf_scalar(one, &name) ? find_carrier(p->conf, name) : NULL;

		if (c == NULL)
			conf_fault(p->file, one, field, "there is no carrier %s",
			    arena_text(p->file->arena, name));
		else if (r->carrier_count == CONF_ROUTE_CARRIERS_MAX)
			conf_fault(
			    p->file, one, field, "more than %d", CONF_ROUTE_CARRIERS_MAX);
		else
			r->carriers[r->carrier_count++] = c;
	}
}

/* The type of a carrier decides which of its options there are. */
static const char *
type_of(struct conf_file *f, yaml_node_t *map)
{
	struct span text;

	if (map->type != YAML_MAPPING_NODE)
		return NULL;
	for (yaml_node_pair_t *q = map->data.mapping.pairs.start;
	     q < map->data.mapping.pairs.top; q++)
		if (conf_scalar(yaml_document_get_node(&f->document, q->key), &text) &&
		    span_equal_text(text, "type") &&
		    conf_scalar(yaml_document_get_node(&f->document, q->value), &text))
			return arena_text(f->arena, text);
	return NULL;
}

static void
need(const struct place *p, yaml_node_t *node, const char *name, const void *value)
{
	if (value == NULL)
		conf_fault(p->file, node, field_of(p, span_of(name)), "is missing");
}

static bool
has_key(struct conf_file *f, yaml_node_t *map, const char *name)
{
	struct span text;

	if (map->type != YAML_MAPPING_NODE)
		return false;
	for (yaml_node_pair_t *q = map->data.mapping.pairs.start;
	     q < map->data.mapping.pairs.top; q++)
		if (conf_scalar(yaml_document_get_node(&f->document, q->key), &text) &&
		    span_equal_text(text, name))
			return true;
	return false;
}

static void
read_carrier(const struct place *p, yaml_node_t *node)
{
	struct carrier_config *c = p->holder;

	set_defaults(p->section, p->type, &p->conf->arena, c);
	read_map(p, node);
	need(p, node, "name", c->name);
	need(p, node, "type", p->type);
	if (p->type == NULL)
		return;
	if (carrier_type_find(p->type) == NULL) {
		conf_fault(
		    p->file, node, field_of(p, SPAN("type")), "must be file or smpp");
	} else if (strcmp(p->type, "file") == 0) {
		need(p, node, "path", c->path);
	} else {
		need(p, node, "host", c->host);
		need(p, node, "system_id", c->system_id);
	}
	if (has_key(p->file, node, "password") && has_key(p->file, node, "password_file"))
		conf_fault(p->file, node, field_of(p, SPAN("password_file")),
		    "is given beside password");
}

static void
read_carriers(const struct place *top, yaml_node_t *node, size_t index, const char *path)
{
	struct conf *c = top->conf;
	struct carrier_config *config = &c->carriers[c->carrier_count];
	struct place p = {
	    top->file, c, "carriers[]", path, type_of(top->file, node), config};

	if (index >= CONF_CARRIERS_MAX) {
		conf_fault(
		    top->file, node, "carriers", "more than %d", CONF_CARRIERS_MAX);
		return;
	}
	*config = (struct carrier_config){0};
	read_carrier(&p, node);
	if (config->name != NULL && find_carrier(c, span_of(config->name)) != NULL)
		conf_fault(top->file, node, field_of(&p, SPAN("name")),
		    "there is another carrier %s", config->name);
	c->carrier_count++;
}

static void
read_routes(const struct place *top, yaml_node_t *node, size_t index, const char *path)
{
	struct conf *c = top->conf;
	struct conf_route *r = &c->routes[c->route_count];
	struct place p = {top->file, c, "routes[]", path, NULL, r};

	if (index >= CONF_ROUTES_MAX) {
		conf_fault(top->file, node, "routes", "more than %d", CONF_ROUTES_MAX);
		return;
	}
	r->line = conf_line(node);
	set_defaults("routes[]", NULL, &c->arena, r);
	read_map(&p, node);
	if (!has_key(top->file, node, "carriers"))
		conf_fault(top->file, node, field_of(&p, SPAN("carriers")), "is missing");
	for (size_t i = 0; i < c->route_count; i++)
		if (c->routes[i].channel_number == r->channel_number &&
		    strcmp(c->routes[i].prefix, r->prefix) == 0)
			conf_fault(top->file, node, field_of(&p, SPAN("prefix")),
			    "the route in line %d has the same prefix and channel",
			    c->routes[i].line);
	c->route_count++;
}

static void
read_list(const struct place *top, const char *name, yaml_node_t *node)
{
	size_t index = 0;

	if (node->type != YAML_SEQUENCE_NODE) {
		conf_fault(top->file, node, name, "must be a list");
		return;
	}
	for (yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top && index <= CONF_ROUTES_MAX;
	     i++, index++) {
		yaml_node_t *one = yaml_document_get_node(&top->file->document, *i);
		const char *path =
		    arena_printf(top->file->arena, "%s[%zu].", name, index);

		if (strcmp(name, "carriers") == 0)
			read_carriers(top, one, index, path);
		else
			read_routes(top, one, index, path);
	}
}

/* A mapping with rows of its own; the lists are read afterwards, carriers before routes.
 */
static void
read_section(const struct place *top, struct span name, yaml_node_t *node)
{
	struct place p = *top;

	if (span_equal_text(name, "carriers") || span_equal_text(name, "routes"))
		return;
	for (size_t i = 0; i < conf_row_count; i++) {
		if (conf_rows[i].section[0] == '\0' ||
		    !span_equal_text(name, conf_rows[i].section))
			continue;
		p.section = conf_rows[i].section;
		p.path = arena_printf(top->file->arena, "%s.", conf_rows[i].section);
		read_map(&p, node);
		return;
	}
	unknown(top, node, name);
}

static void
read_lists(const struct place *top, yaml_node_t *root, const char *wanted)
{
	struct span name;

	if (root->type != YAML_MAPPING_NODE)
		return;
	for (yaml_node_pair_t *q = root->data.mapping.pairs.start;
	     q < root->data.mapping.pairs.top; q++)
		if (conf_scalar(
			yaml_document_get_node(&top->file->document, q->key), &name) &&
		    span_equal_text(name, wanted)) {
			read_list(top, wanted,
			    yaml_document_get_node(&top->file->document, q->value));
			return;
		}
}

enum err
conf_load(struct conf *c, const char *path, FILE *errors)
{
	struct arena scratch;
	struct conf_file f = {.path = path, .errors = errors, .arena = &scratch};
	struct place top = {&f, c, "", "", NULL, c};
	yaml_node_t *root;
	enum err e;

	arena_init(&scratch);
	c->routes = arena_alloc(&c->arena, (CONF_ROUTES_MAX + 1) * sizeof(*c->routes));
	e = conf_file_open(&f, &root);
	if (root != NULL) {
		read_map(&top, root);
		read_lists(&top, root, "carriers");
		read_lists(&top, root, "routes");
	}
	conf_file_close(&f);
	arena_fini(&scratch);
	if (e == OK && f.faults > 0)
		e = ERR_INVALID;
	return e;
}

const struct conf_route *
conf_route_find(const struct conf *c, enum channel channel, const char *destination)
{
	const struct conf_route *best = NULL;

	for (size_t i = 0; i < c->route_count; i++) {
		const struct conf_route *r = &c->routes[i];

		if (r->channel_number != (int64_t)channel ||
		    strncmp(r->prefix, destination, strlen(r->prefix)) != 0)
			continue;
		if (best == NULL || strlen(r->prefix) > strlen(best->prefix))
			best = r;
	}
	return best;
}

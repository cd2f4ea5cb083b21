/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/placeholders.h"

enum { NAME_MAX_LEN = 100 };

void
placeholders_begin(
    struct placeholders *p, struct arena *a, struct fail *f, const char *member)
{
	*p = (struct placeholders){
	    .arena = a, .fail = f, .member = member, .kept = json_object()};
}

void
placeholders_add(struct placeholders *p, const char *name, const char *value)
{
	const char *field = arena_printf(p->arena, "%s.%s", p->member, name);

	if (strcmp(name, "pin") == 0)
		fail_add(p->fail, field, "must not be named pin");
	else if (value == NULL)
		fail_add(p->fail, field, "must be a string");
	else if (strlen(name) > NAME_MAX_LEN || strlen(value) > PLACEHOLDER_LEN_MAX)
		fail_add(p->fail, field, "is too long");
	else
		RESOURCE(json_object_set_new(p->kept, name, json_string(value)) == 0);
}

const char *
placeholders_end(struct placeholders *p)
{
	char *text = json_dumps(p->kept, JSON_COMPACT);
	const char *copy;

	json_decref(p->kept);
	p->kept = NULL;
	RESOURCE(text != NULL);
	copy = arena_text(p->arena, span_of(text));
	mem_free(text);
	return copy;
}

const char *
placeholders_of_length(struct arena *a, size_t len)
{
	char *value = arena_alloc(a, len + 1);

	memset(value, 'x', len);
	return value;
}

const char *
placeholders_longest(struct arena *a)
{
	return placeholders_of_length(a, PLACEHOLDER_LEN_MAX);
}

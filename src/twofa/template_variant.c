/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/template_variant.h"

#include "base/utf8.h"
#include "twofa/country.h"
#include "twofa/language.h"

enum { LANGUAGE_LEN_MAX = 8 };

#define AT(member) offsetof(struct template_variant, member)
static const struct json_row rows[] = {
    {"messageText", JSON_ROW_TEXT, true, AT(text), 1, TEMPLATE_VARIANT_TEXT_MAX, NULL},
    {"voiceName", JSON_ROW_LINE, false, AT(voice_name), 1, TEMPLATE_VARIANT_VOICE_MAX,
	NULL},
    {"contentTemplateId", JSON_ROW_LINE, false, AT(dlt_template), 1,
	TEMPLATE_VARIANT_DLT_MAX, NULL},
    {0},
};
#undef AT

/* ---- reading and writing ---- */

static const struct template_variant *
find(const struct template_variants *v, const char *language)
{
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->items[i].language, language) == 0)
			return &v->items[i];
	return NULL;
}

/* The members of one, under the path of its own. */
static void
read_members(const json_t *doc, const char *field, struct fail *fail, struct arena *a,
    struct template_variant *out)
{
	struct fail own;

	fail_init(&own, a);
	if (json_read(doc, rows, &own, out) == OK)
		return;
	for (size_t i = 0; i < own.kept; i++)
		fail_add(fail,
		    own.items[i].field[0] == '\0'
			? field
			: arena_printf(a, "%s.%s", field, own.items[i].field),
		    "%s", own.items[i].reason);
}

/* Behind those that were read. */
static void
read_one(const char *name, const json_t *doc, struct fail *fail, struct arena *a,
    struct template_variants *all)
{
	const char *field = arena_printf(a, "variants.%.40s", name);
	struct template_variant *to =
	    &((struct template_variant *)(uintptr_t)all->items)[all->count];

	*to = (struct template_variant){.language = language_find(name)};
	if (to->language == NULL)
		fail_add(fail, field, "is not a supported language");
	else if (find(all, to->language) != NULL)
		fail_add(fail, field, "is there twice");
	else if (!json_is_object(doc))
		fail_add(fail, field, "must be an object");
	else
		read_members(doc, field, fail, a, to);
	if (to->language != NULL && to->text != NULL)
		all->count++;
}

enum err
template_variant_read(
    const json_t *doc, struct arena *a, struct fail *fail, struct template_variants *out)
{
	unsigned before = fail->count;
	const char *name;
	json_t *value;

	*out = (struct template_variants){NULL, 0};
	if (doc == NULL || json_is_null(doc))
		return OK;
	if (!json_is_object(doc) || json_object_size(doc) > LANGUAGE_COUNT) {
		fail_add(fail, "variants", "must be an object of at most %d languages",
		    LANGUAGE_COUNT);
		return ERR_INVALID;
	}
	out->items = arena_alloc(a, (json_object_size(doc) + 1) * sizeof(*out->items));
	json_object_foreach((json_t *)(uintptr_t)doc, name, value)
	{
		if (!json_is_null(value))
			read_one(name, value, fail, a, out);
	}
	return fail->count == before ? OK : ERR_INVALID;
}

static const char *
kept(struct arena *a, const char *text)
{
	return text == NULL ? NULL : arena_text(a, span_of(text));
}

enum err
template_variant_load(const char *text, struct arena *a, struct template_variants *out)
{
	json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct template_variant *items;
	struct fail fail;
	enum err e;

	fail_init(&fail, a);
	e = doc == NULL ? ERR_CORRUPT : template_variant_read(doc, a, &fail, out);
	items = (struct template_variant *)(uintptr_t)out->items;
	for (size_t i = 0; e == OK && i < out->count; i++) {
		items[i].text = kept(a, items[i].text);
		items[i].voice_name = kept(a, items[i].voice_name);
		items[i].dlt_template = kept(a, items[i].dlt_template);
	}
	if (e != OK)
		*out = (struct template_variants){NULL, 0};
	json_decref(doc);
	return e == OK ? OK : ERR_CORRUPT;
}

static void
put_text(json_t *to, const char *name, const char *text)
{
	if (text != NULL)
		RESOURCE(json_object_set_new(to, name, json_string(text)) == 0);
}

const char *
template_variant_save(const struct template_variants *v, struct arena *a)
{
	json_t *doc;
	const char *copy;
	char *text;

	if (v->count == 0)
		return NULL;
	doc = json_object();
	for (size_t i = 0; i < v->count; i++) {
		json_t *one = json_object();

		put_text(one, "messageText", v->items[i].text);
		put_text(one, "voiceName", v->items[i].voice_name);
		put_text(one, "contentTemplateId", v->items[i].dlt_template);
		RESOURCE(json_object_set_new(doc, v->items[i].language, one) == 0);
	}
	text = json_dumps(doc, JSON_COMPACT | JSON_PRESERVE_ORDER);
	RESOURCE(text != NULL);
	copy = arena_text(a, span_of(text));
	mem_free(text);
	json_decref(doc);
	return copy;
}

/* ---- choosing ---- */

/* Moves past the next of a list; false at its end. */
static bool
next_language(const char **list, char out[LANGUAGE_LEN_MAX])
{
	size_t len;

	*list += strspn(*list, " ");
	len = strcspn(*list, " ");
	if (len == 0 || len >= LANGUAGE_LEN_MAX)
		return false;
	memcpy(out, *list, len);
	out[len] = '\0';
	*list += len;
	return true;
}

static const struct template_variant *
of_country(const struct template_variants *v, const char *own, const char *number)
{
	const struct country *country = country_of(number);
	const char *list = country == NULL ? NULL : language_of_country(country->code);
	char language[LANGUAGE_LEN_MAX];

	while (list != NULL && next_language(&list, language)) {
		const struct template_variant *one = find(v, language);

		if (one != NULL || (own != NULL && strcmp(own, language) == 0))
			return one;
	}
	return NULL;
}

const struct template_variant *
template_variant_choose(const struct template_variants *v, const char *own,
    const char *asked, const char *number)
{
	const struct template_variant *one = NULL;

	if (v->count == 0)
		return NULL;
	if (asked != NULL)
		one = find(v, asked);
	if (one != NULL || number == NULL)
		return one;
	if (asked != NULL && own != NULL && strcmp(asked, own) == 0)
		return NULL;
	return of_country(v, own, number);
}

void
template_variant_take(
    const struct template_variant *v, struct content *content, struct arena *a)
{
	struct span text = {arena_text(a, span_of(v->text)), strlen(v->text)};

	switch (content->channel) {
	case CHANNEL_SMS:
		content->sms.text = text;
		if (v->dlt_template != NULL)
			content->sms.dlt_template = kept(a, v->dlt_template);
		return;
	case CHANNEL_VOICE:
		content->voice.text = text;
		content->voice.language = v->language;
		content->voice.voice_name = kept(a, v->voice_name);
		return;
	case CHANNEL_EMAIL:
	case CHANNEL_COUNT:
		return;
	}
}

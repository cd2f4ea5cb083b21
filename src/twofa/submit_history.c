/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/submit_history.h"

#include "base/json.h"
#include "base/json_out.h"

enum { SUBMIT_HISTORY_LEN_MAX = 8192 };

/* ---- writing ---- */

static void
put_entry(struct json_out *json, const struct submit_entry *one)
{
	json_out_object(json, NULL);
	json_out_int(json, "at", one->at_ms);
	json_out_text(json, "carrier", one->carrier);
	json_out_text(json, "result", one->result);
	json_out_int(json, "code", one->code);
	json_out_text(json, "reason", one->reason);
	if (one->times > 1)
		json_out_int(json, "times", one->times);
	json_out_end(json);
}

void
submit_history_add(
    struct submit_history *h, struct arena *a, const struct submit_entry *one)
{
	struct buf out;
	struct json_out json;

	buf_init(&out, SUBMIT_HISTORY_LEN_MAX);
	buf_add_char(&out, '[');
	if (h->text != NULL) {
		buf_add(&out, h->text + 1, strlen(h->text) - 2);
		buf_add_char(&out, ',');
	}
	json_out_init(&json, &out);
	put_entry(&json, one);
	buf_add_char(&out, ']');
	if (!out.failed)
		h->text = arena_text(a, buf_span(&out));
	buf_fini(&out);
}

static struct submit_entry *
put_back_by(struct submit_history *h, const char *carrier)
{
	for (size_t i = 0; i < h->count; i++)
		if (h->put_backs[i].carrier == carrier)
			return &h->put_backs[i];
	return NULL;
}

void
submit_history_put_back(
    struct submit_history *h, struct arena *a, const struct submit_entry *one)
{
	struct submit_entry *before = put_back_by(h, one->carrier);

	if (before != NULL) {
		before->times++;
		return;
	}
	before = arena_list_add(
	    a, (void **)&h->put_backs, &h->count, &h->capacity, sizeof(*before));
	*before = *one;
	before->reason = arena_text(a, span_of(one->reason));
}

const char *
submit_history_text(struct submit_history *h, struct arena *a)
{
	for (size_t i = 0; i < h->count; i++)
		submit_history_add(h, a, &h->put_backs[i]);
	return h->text;
}

/* ---- reading ---- */

static bool
read_text(const json_t *entry, const char *name, struct arena *a, const char **out)
{
	const json_t *value = json_object_get(entry, name);

	if (!json_is_string(value))
		return false;
	*out = arena_text(a, span_of(json_string_value(value)));
	return true;
}

static bool
read_int(const json_t *entry, const char *name, int64_t *out)
{
	const json_t *value = json_object_get(entry, name);

	*out = json_integer_value(value);
	return json_is_integer(value);
}

static bool
read_entry(const json_t *entry, struct arena *a, struct submit_entry *out)
{
	out->times = 1;
	return read_int(entry, "at", &out->at_ms) &&
	       read_text(entry, "carrier", a, &out->carrier) &&
	       read_text(entry, "result", a, &out->result) &&
	       read_int(entry, "code", &out->code) &&
	       read_text(entry, "reason", a, &out->reason) &&
	       (json_object_get(entry, "times") == NULL ||
		   read_int(entry, "times", &out->times));
}

static enum err
read_list(const json_t *list, struct arena *a, struct submit_entry *out)
{
	size_t i;
	const json_t *entry;

	if (!json_is_array(list))
		return ERR_CORRUPT;
	json_array_foreach(
	    list, i, entry) if (!read_entry(entry, a, &out[i])) return ERR_CORRUPT;
	return OK;
}

enum err
submit_history_read(
    const char *text, struct arena *a, struct submit_entry **list_out, size_t *count_out)
{
	json_t *list;
	enum err e;

	*count_out = 0;
	*list_out = NULL;
	if (text == NULL)
		return OK;
	list = json_loads(text, 0, NULL);
	*list_out = arena_alloc(a, (json_array_size(list) + 1) * sizeof(**list_out));
	e = read_list(list, a, *list_out);
	if (e == OK)
		*count_out = json_array_size(list);
	json_decref(list);
	return e;
}

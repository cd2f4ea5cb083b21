/* SPDX-License-Identifier: Apache-2.0 */
#include "delivery/outgoing_text.h"

#include "base/json.h"
#include "base/secret.h"
#include "store/keyring.h"
#include "store/outgoing.h"
#include "twofa/placeholder_pair.h"

static size_t
read_values(struct arena *a, json_t *doc, struct render_value **out)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	*out = arena_alloc(a, (json_object_size(doc) + 1) * sizeof(**out));
	json_object_foreach(doc, name, value)(*out)[n++] =
	    (struct render_value){name, json_string_value(value)};
	return n;
}

static enum err
render(
    struct outgoing_message *o, const char *pin, struct buf *octets, struct content *out)
{
	struct span json = placeholder_pair_texts(o->placeholders);
	json_t *doc = json.len == 0 ? NULL : json_loadb(json.ptr, json.len, 0, NULL);
	struct render_value *values;
	struct arena arena; /* not the message's: it may be rendered many times */
	size_t n;
	enum err e = json.len > 0 && !json_is_object(doc) ? ERR_CORRUPT : OK;

	arena_init(&arena);
	n = read_values(&arena, doc, &values);
	for (size_t i = 0; i < n; i++)
		if (values[i].value == NULL)
			e = ERR_CORRUPT;
	if (e == OK)
		e = content_render(out, &o->content,
		    &(struct render_fill){{o->placeholder, pin}, values, n}, octets);
	if (out->channel == CHANNEL_EMAIL)
		out->email.landing_page_placeholders =
		    placeholder_pair_landing_page(o->placeholders);
	json_decref(doc);
	arena_fini(&arena);
	return e;
}

static bool
is_whole(const struct outgoing_message *o)
{
	return content_text(&o->content).ptr != NULL && o->destination != NULL &&
	       o->recipe.length > 0 && o->recipe.length <= PIN_LENGTH_MAX &&
	       (unsigned)o->recipe.type < PIN_TYPE_COUNT;
}

enum err
outgoing_text_make(struct outgoing_message *o, struct keyring *keyring,
    struct buf *octets, struct content *out)
{
	uint8_t key[PIN_KEY_LEN];
	char pin[PIN_LENGTH_MAX + 1];
	enum err e = is_whole(o) ? keyring_find(keyring, o->key_id, key) : ERR_CORRUPT;

	if (e != OK)
		return e;
	pin_derive(key, &o->recipe, pin);
	secret_wipe(key, sizeof(key));
	e = render(o, pin, octets, out);
	secret_wipe(pin, sizeof(pin));
	return e;
}

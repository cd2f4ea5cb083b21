/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listeners.h"

#include "server/cli.h"
#include "http/tls.h"

static enum err
add_listener(
    struct listeners *l, const struct conf_listener *c, size_t index, int64_t now_ms)
{
	struct http_listener *item = &l->items[l->count++];
	struct tls_files files = {c->certificate, c->key};
	struct tls_fault fault;

	item->address = c->address;
	if (c->certificate == NULL)
		return OK;
	if (tls_new(&files, now_ms, &fault, &item->tls) == OK)
		return OK;
	cli_fail("listeners[%zu].%s: %s", index, fault.field, fault.why);
	return ERR_INVALID;
}

enum err
listeners_init(const struct conf *conf, int64_t now_ms, struct listeners *out)
{
	struct conf_listener alone = {.address = conf->listen};
	enum err e = OK;

	*out = (struct listeners){0};
	if (conf->listen != NULL)
		e = add_listener(out, &alone, 0, now_ms);
	for (size_t i = 0; i < conf->listener_count && e == OK; i++)
		e = add_listener(out, &conf->listeners[i], i, now_ms);
	return e;
}

void
listeners_fini(struct listeners *l)
{
	for (size_t i = 0; i < l->count; i++)
		tls_free(l->items[i].tls);
	*l = (struct listeners){0};
}

bool
listeners_have_tls(const struct listeners *l)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].tls != NULL)
			return true;
	return false;
}

void
listeners_look(struct listeners *l, int64_t now_ms, bool now)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->items[i].tls != NULL)
			tls_look(l->items[i].tls, now_ms, now);
}

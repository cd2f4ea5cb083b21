/* SPDX-License-Identifier: Apache-2.0 */
#include "api/admit.h"

#include "api/reason.h"
#include "store/store.h"

enum err
admit_throttled(struct call *c, const char *name)
{
	struct throttle *t = c->api->throttle;
	enum err e =
	    t == NULL ? OK : throttle_pass(t, name, &c->principal.account, &c->wait_ms);

	if (e == ERR_THROTTLED)
		reason_limit(c, "throttles", name, c->wait_ms);
	return e;
}

/* Scopes come first: only an account that may do it is told that it is crowded. */
enum err
admit(struct call *c)
{
	const struct operation *op = c->route->operation;

	if (c->route->scopes == 0)
		return OK;
	if ((c->principal.scopes & c->route->scopes) == 0)
		return ERR_FORBIDDEN;
	if (op->crowded && !store_has_room(c->api->options.store, op->verb))
		return ERR_OVERLOADED;
	return admit_throttled(c, op->name);
}

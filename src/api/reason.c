/* SPDX-License-Identifier: Apache-2.0 */
#include "api/reason.h"

#include "store/store.h"

enum { AT_LEN = 32 };

static const struct {
	const char *word;
	const char *field;
	const char *sentence;
} things[THING_COUNT] = {
    [THING_APPLICATION] = {"unknownApplication", "applicationId", "is not known"},
    [THING_TEMPLATE] = {"unknownTemplate", "messageId",
	"is not known in this application"},
    [THING_PIN] = {"unknownPin", "pinId", "is not known"},
    [THING_EMAIL_TEMPLATE] = {"unknownEmailTemplate", "id", "is not known"},
    [THING_KEY] = {"unknownKey", "key", "is not known"},
};

/* NULL: the status says it all. */
static const char *const words[ERR_COUNT] = {
    [ERR_NO_ROUTE] = "unknownUrl",
    [ERR_METHOD] = "unknownMethod",
    [ERR_THROTTLED] = "throttled",
    [ERR_CONFLICT] = "idempotencyKeyInUse",
    [ERR_MISMATCH] = "idempotencyKeyOfAnother",
    [ERR_OVERLOADED] = "overloaded",
    [ERR_NO_SPACE] = "diskFull",
    [ERR_BUSY] = "storeBusy",
    [ERR_NO_KEY] = "keyMissing",
    [ERR_DOWN] = "accessUnreadable",
};

void
reason_limit(struct call *c, const char *limit, const char *rate, int64_t wait_ms)
{
	char at[AT_LEN];

	c->response.reason = limit;
	clock_format(store_now_ms(c->api->options.store) + wait_ms, at, sizeof(at));
	fail_add(&c->fail, limit, "%s%sis used up; there is room again at %s",
	    rate == NULL ? "" : rate, rate == NULL ? "" : " ", at);
}

void
reason_missing(struct call *c, enum thing thing)
{
	c->response.reason = things[thing].word;
	fail_add(&c->fail, things[thing].field, "%s", things[thing].sentence);
}

void
reason_over(struct call *c, const char *word, const char *sentence)
{
	c->response.reason = word;
	fail_add(&c->fail, "pinId", "%s", sentence);
}

void
reason_complete(struct call *c, enum err e)
{
	enum thing thing = c->route == NULL ? THING_NONE : c->route->operation->finds;

	if (c->response.reason != NULL)
		return;
	if (e == ERR_NOT_FOUND && thing != THING_NONE)
		reason_missing(c, thing);
	else
		c->response.reason = words[e];
}

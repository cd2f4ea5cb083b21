/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of number lookups over HTTP: a question ends once. */
#include <event2/event.h>

#include "fake_http_client.h"
#include "fuzz.h"
#include "lookup/lookup.h"

static char *yes[] = {"yes", "3"};
static char *no[] = {"no", "4"};

static const struct lookup_config configs[] = {
    {.type = "infobip",
	.timeout_ms = 1000,
	.url = "https://lookup.example",
	.secret = "secret"},
    {.type = "generic",
	.timeout_ms = 1000,
	.url = "https://lookup.example/{{to}}",
	.result = "/reachable",
	.reachable = {countof(yes), (const char **)yes},
	.not_reachable = {countof(no), (const char **)no}},
};

static struct lookup_provider *providers[countof(configs)];

static struct lookup_provider *
provider(size_t number)
{
	static struct event_base *base;
	char why[256] = "";

	if (base == NULL)
		base = event_base_new();
	if (providers[number] == NULL) {
		struct lookup_env env = {
		    .base = base, .clock = &clock_system, .entropy = &entropy_system};

		if (lookup_type_find(configs[number].type)
			->open(&configs[number], &env, why, &providers[number]) != OK)
			panic("%s: %s", configs[number].type, why);
	}
	return providers[number];
}

static void
on_done(void *ctx, const struct lookup_answer *a)
{
	unsigned *count = ctx;

	INVARIANT(a->reason != NULL);
	INVARIANT(!a->failed || a->status == LOOKUP_UNKNOWN);
	++*count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const int statuses[] = {200, 204, 400, 404, 429, 500};
	struct fuzz_input in = {data, len};
	uint8_t first = fuzz_octet(&in);
	struct lookup_provider *p = provider(first % countof(configs));
	struct span body = fuzz_copy(in.ptr, in.len);
	unsigned count = 0;

	fake_http_answer(&(struct http_client_result){.kind = HTTP_CLIENT_ANSWERED,
	    .status = statuses[first / 2 % countof(statuses)],
	    .body = body,
	    .reason = "answered"});
	lookup_type_find(configs[first % countof(configs)].type)
	    ->ask(p, "41793026727", on_done, &count);
	INVARIANT(fake_http_run() == 1 && count == 1);
	fuzz_forget(body);
	return 0;
}

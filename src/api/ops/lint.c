/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ops/lint.h"

#include "api/offer.h"
#include "api/ops/placeholders.h"
#include "store/config.h"

struct question {
	struct template_job store;
	struct template given; /* where none is stored */
};

static enum err
check(struct call *c)
{
	const struct lint_ask *ask = c->ask;

	if (ask->stored && ask->change.text != NULL)
		fail_add(&c->fail, "messageText", "must not be given beside messageId");
	if (!ask->stored && ask->change.text == NULL)
		fail_add(&c->fail, "messageText", "must be given, or messageId");
	if (c->fail.count > 0)
		return ERR_INVALID;
	return ask->stored && ident_is_none(&ask->id) ? ERR_NOT_FOUND : OK;
}

/* Texts that do not fit their rules are measured like others. */
static enum err
make_template(struct call *c, struct template *t)
{
	const struct template_rules rules = {
	    .pin_length_max = PIN_LENGTH_MAX, .measured = true};
	const struct lint_ask *ask = c->ask;

	template_init(t, TEMPLATE_MESSAGE);
	(void)!template_apply(t, &ask->change, &rules, &c->fail);
	(void)!template_apply_extras(t, &ask->extras, &rules, &c->fail);
	return c->fail.count > 0 ? ERR_INVALID : OK;
}

static enum err
proceed(struct call *c)
{
	const struct lint_ask *ask = c->ask;
	struct question *q = arena_alloc(&c->arena, sizeof(*q));
	struct template_job *j = &q->store;
	enum err e;

	c->job = q;
	if (!ask->stored) {
		e = make_template(c, &q->given);
		return e == OK ? offer_none(c) : e;
	}
	j->account = c->principal.account;
	j->id = ask->id;
	j->kinds = 1u << TEMPLATE_MESSAGE;
	j->fail = &c->fail;
	return offer_job(c, &j->job, VERB_TEMPLATE_FIND);
}

/* ---- the result ---- */

static struct text_lint_ask
question_of(const struct call *c, const struct template *t, const char *text)
{
	const struct application_caps *caps = &c->api->options.caps;
	struct text_lint_ask ask = {
	    .message = {.text = span_of(text), .gsm7 = t->gsm7, .autofill = t->autofill},
	    .placeholder = t->placeholder,
	    .pin_length = t->pin_length,
	    .other = ""};

	if (caps->strict && ask.pin_length < caps->pin_length_min)
		ask.pin_length = caps->pin_length_min;
	return ask;
}

/* As template_apply refuses it. */
static const char *
refusal(const struct template *t, const struct lint_text *text)
{
	if (text->err != OK)
		return "messageText";
	if (t->autofill.android_hash != NULL && !text->shortest.autofill.hash)
		return "autofill.androidHash";
	return t->gsm7 == GSM7_REFUSE && text->shortest.forcing_count > 0 ? "gsm7" : NULL;
}

static void
measure(struct call *c, const struct template *t, const char *text, struct lint_text *out)
{
	const struct lint_ask *asked = c->ask;
	struct text_lint_ask ask = question_of(c, t, text);

	out->err = text_lint(&ask, &c->arena, &out->shortest);
	ask.values = asked->values;
	ask.count = asked->count;
	ask.other = placeholders_longest(&c->arena);
	if (out->err == OK)
		out->err = text_lint(&ask, &c->arena, &out->longest);
	out->refused = refusal(t, out);
}

static void
measure_all(struct call *c, const struct template *t)
{
	struct lint_result *r = c->result;
	struct lint_text *texts =
	    arena_alloc(&c->arena, (t->variants.count + 1) * sizeof(*texts));

	r->texts = texts;
	r->count = t->variants.count + 1;
	texts[0].language = t->language;
	measure(c, t, t->text, &texts[0]);
	for (size_t i = 0; i < t->variants.count; i++) {
		texts[i + 1].language = t->variants.items[i].language;
		measure(c, t, t->variants.items[i].text, &texts[i + 1]);
	}
}

static enum err
answer(struct call *c)
{
	const struct lint_ask *ask = c->ask;
	const struct question *q = c->job;

	if (ask->stored && q->store.job.err != OK)
		return q->store.job.err;
	measure_all(c, ask->stored ? &q->store.list[0] : &q->given);
	return OK;
}

const struct operation op_lint = {.name = "lint",
    .ask_len = sizeof(struct lint_ask),
    .result_len = sizeof(struct lint_result),
    .check = check,
    .proceed = proceed,
    .answer = answer,
    .finds = THING_TEMPLATE};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applications and templates: get, list, and put. A put reads, changes and writes
 * inside one transaction, so that of two parallel changes neither is lost.
 */
#include "store/config.h"
#include "store/verbs/verbs.h"

/* ---- applications ---- */

static struct application_job *
application_of(struct item *it)
{
	return VERB_OF(it, struct application_job);
}

static void
bind_application(struct item *it, struct binder *b)
{
	bind_ident(b, &application_of(it)->account);
	bind_ident(b, &application_of(it)->id);
}

static void
bind_application_piece(struct item *it, struct binder *b)
{
	const struct application_job *j = application_of(it);

	bind_ident(b, &j->account);
	bind_ident(b, &j->after);
	piece_bind(b, &j->piece, INT64_MAX);
}

static struct application *
add_application(struct application_job *j)
{
	struct application *app = arena_list_add(
	    j->job.arena, (void **)&j->list, &j->count, &j->capacity, sizeof(*j->list));

	app->account = j->account;
	return app;
}

static void
read_application(struct item *it, struct row *r)
{
	struct application_job *j = application_of(it);
	struct application *app = add_application(j);

	j->found = true;
	j->piece.read++;
	row_ident(r, &app->id);
	j->after = app->id;
	app->name = row_text(r, j->job.arena, ROW_NAME_MAX);
	app->enabled = row_bool(r);
	row_ident(r, &app->process);
	app->v1_texts = row_bool(r);
	row_config(r, j->job.arena, &app->config);
	app->created_at_ms = row_ms(r);
}

static enum err
get_application(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_APPLICATION_GET, bind_application, read_application, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], application_of(items[i])->found);
	return e;
}

static enum err
list_applications(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_APPLICATION_LIST, bind_application_piece, read_application, NULL};
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct application_job *j = application_of(items[i]);

		piece_begin(&j->piece);
		j->list = NULL;
		j->count = j->capacity = 0;
	}
	e = batch_each(b, &step, items, n);
	for (size_t i = 0; i < n; i++)
		piece_end(&application_of(items[i])->piece, INT64_MAX);
	return e;
}

static void
bind_put_application(struct item *it, struct binder *b)
{
	const struct application *app = &application_of(it)->list[0];

	bind_ident(b, &app->account);
	bind_ident(b, &app->id);
	bind_text(b, app->name);
	bind_bool(b, app->enabled);
	bind_ident(b, &app->process);
	bind_bool(b, app->v1_texts);
	bind_int(b, app->config.pin_attempts);
	bind_bool(b, app->config.allow_multiple);
	bind_text(b, app->config.pin_ttl.text);
	bind_text(b, app->config.verify_limit.text);
	bind_text(b, app->config.send_application_limit.text);
	bind_text(b, app->config.send_phone_limit.text);
	bind_int(b, app->created_at_ms);
	bind_int(b, APPLICATIONS_PER_ACCOUNT);
}

static void
read_put_application(struct item *it, struct row *r)
{
	(void)r;
	application_of(it)->written = true;
}

static enum err
write_application(struct batch *b, struct item **items)
{
	static const struct sql_step step = {
	    SQL_APPLICATION_PUT, bind_put_application, read_put_application, NULL};
	struct application_job *j = application_of(items[0]);
	enum err e = batch_each(b, &step, items, 1);

	if (e != OK || items[0]->err != OK || j->written)
		return e;
	fail_add(j->fail, "applicationId", "the account has %d applications",
	    APPLICATIONS_PER_ACCOUNT);
	items[0]->err = ERR_INVALID;
	return OK;
}

static void
new_application(struct batch *b, struct application_job *j)
{
	struct application *app = add_application(j);

	application_init(app);
	app->account = j->account;
	app->created_at_ms = b->now_ms;
	ident_make(&app->id, b->now_ms, b->entropy);
	ident_make(&app->process, b->now_ms, b->entropy);
}

/* One by one: a later put of the batch starts from what an earlier one wrote. */
static enum err
put_one_application(struct batch *b, struct item **items, size_t n)
{
	struct application_job *j = application_of(items[0]);
	enum err e = OK;

	if (j->create)
		new_application(b, j);
	else
		e = get_application(b, items, n);
	if (e != OK || items[0]->err != OK)
		return e;
	if (j->v1_texts_set)
		j->list[0].v1_texts = j->v1_texts;
	items[0]->err = application_apply(&j->list[0], j->change, j->fail);
	return write_application(b, items);
}

static enum err
put_applications(struct batch *b, struct item **items, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++)
		e = put_one_application(b, &items[i], 1);
	return e;
}

const struct verb_row verb_application_get = {.steps = {get_application}};
const struct verb_row verb_application_list = {.steps = {list_applications}};
const struct verb_row verb_application_put = {.steps = {put_applications}};

/* ---- templates ---- */

static struct template_job *
template_of(struct item *it)
{
	return VERB_OF(it, struct template_job);
}

static void
bind_parent(struct item *it, struct binder *b)
{
	bind_ident(b, &template_of(it)->account);
	bind_ident(b, &template_of(it)->application);
}

static void
bind_template_piece(struct item *it, struct binder *b)
{
	bind_parent(it, b);
	bind_ident(b, &template_of(it)->after);
	piece_bind(b, &template_of(it)->piece, INT64_MAX);
}

static void
bind_template(struct item *it, struct binder *b)
{
	bind_parent(it, b);
	bind_ident(b, &template_of(it)->id);
}

static void
read_parent(struct item *it, struct row *r)
{
	(void)r;
	template_of(it)->application_found = true;
}

static enum err
find_parent(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_APPLICATION_GET, bind_parent, read_parent, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], template_of(items[i])->application_found);
	return e;
}

static struct template *
add_template(struct template_job *j)
{
	return arena_list_add(
	    j->job.arena, (void **)&j->list, &j->count, &j->capacity, sizeof(*j->list));
}

static void
read_template(struct item *it, struct row *r)
{
	struct template_job *j = template_of(it);
	struct template *t = add_template(j);
	struct arena *a = j->job.arena;

	t->account = j->account;
	row_ident(r, &t->application);
	row_ident(r, &t->id);
	j->after = t->id;
	j->piece.read++;
	t->kind = row_kind(r);
	t->pin_type = row_pin_type(r);
	t->pin_length = row_pin_length(r);
	t->text = row_text(r, a, ROW_TEXT_MAX);
	t->placeholder = row_text(r, a, ROW_NAME_MAX);
	t->sender = row_text_or_null(r, a, ROW_NAME_MAX);
	t->language = row_text_or_null(r, a, ROW_NAME_MAX);
	t->voice_name = row_text_or_null(r, a, ROW_NAME_MAX);
	t->repeat_dtmf = row_text_or_null(r, a, ROW_NAME_MAX);
	t->speech_rate.set = row_double(r, &t->speech_rate.value);
	t->dlt_entity = row_text_or_null(r, a, ROW_NAME_MAX);
	t->dlt_template = row_text_or_null(r, a, ROW_NAME_MAX);
	t->dlt_telemarketer = row_text_or_null(r, a, ROW_NAME_MAX);
	t->v1_sender = row_bool(r);
	t->email_template = row_int_or_null(r, 0, EMAIL_TEMPLATE_ID_MAX);
	t->landing_page = row_text_or_null(r, a, ROW_NAME_MAX);
	t->gsm7 = row_gsm7(r);
	t->autofill.domain = row_text_or_null(r, a, ROW_NAME_MAX);
	t->autofill.android_hash = row_text_or_null(r, a, ROW_NAME_MAX);
	if (!ident_is_none(&j->id)) /* no list shows them */
		row_variants(r, a, &t->variants);
	if ((j->kinds & (1u << t->kind)) == 0)
		j->count--;
	j->found = j->count > 0;
}

static enum err
get_template(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_TEMPLATE_GET, bind_template, read_template, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], template_of(items[i])->found);
	return e;
}

static enum err
list_templates(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_TEMPLATE_LIST, bind_template_piece, read_template, NULL};
	enum err e;

	for (size_t i = 0; i < n; i++) {
		struct template_job *j = template_of(items[i]);

		piece_begin(&j->piece);
		j->list = NULL;
		j->count = j->capacity = 0;
	}
	e = batch_each(b, &step, items, n);
	for (size_t i = 0; i < n; i++)
		piece_end(&template_of(items[i])->piece, INT64_MAX);
	return e;
}

static void
bind_put_template(struct item *it, struct binder *b)
{
	const struct template *t = &template_of(it)->list[0];

	bind_ident(b, &t->account);
	bind_ident(b, &t->application);
	bind_ident(b, &t->id);
	bind_int(b, (int64_t)t->pin_type);
	bind_int(b, t->pin_length);
	bind_text(b, t->text);
	bind_text(b, t->placeholder);
	bind_text(b, t->sender);
	bind_text(b, t->language);
	bind_text(b, t->voice_name);
	bind_text(b, t->repeat_dtmf);
	bind_double(b, t->speech_rate.set, t->speech_rate.value);
	bind_text(b, t->dlt_entity);
	bind_text(b, t->dlt_template);
	bind_text(b, t->dlt_telemarketer);
	bind_bool(b, t->v1_sender);
	bind_int(b, (int64_t)t->kind);
	if (t->kind == TEMPLATE_EMAIL)
		bind_int(b, t->email_template);
	else
		bind_text(b, NULL);
	bind_text(b, t->landing_page);
	bind_int(b, (int64_t)t->gsm7);
	bind_text(b, t->autofill.domain);
	bind_text(b, t->autofill.android_hash);
	bind_text(b, template_variant_save(&t->variants, template_of(it)->job.arena));
	bind_int(b, TEMPLATES_PER_APPLICATION);
}

static void
read_put_template(struct item *it, struct row *r)
{
	(void)r;
	template_of(it)->written = true;
}

static enum err
write_template(struct batch *b, struct item **items)
{
	static const struct sql_step step = {
	    SQL_TEMPLATE_PUT, bind_put_template, read_put_template, NULL};
	struct template_job *j = template_of(items[0]);
	enum err e = batch_each(b, &step, items, 1);

	if (e != OK || items[0]->err != OK || j->written)
		return e;
	fail_add(j->fail, "messageId", "the application has %d message templates",
	    TEMPLATES_PER_APPLICATION);
	items[0]->err = ERR_INVALID;
	return OK;
}

static void
new_template(struct batch *b, struct template_job *j)
{
	struct template *t = add_template(j);

	template_init(t, j->kind);
	t->account = j->account;
	t->application = j->application;
	ident_make(&t->id, b->now_ms, b->entropy);
}

static void
bind_referred(struct item *it, struct binder *b)
{
	bind_ident(b, &template_of(it)->account);
	bind_int(b, template_of(it)->change->email_template.value);
}

static void
read_referred(struct item *it, struct row *r)
{
	(void)r;
	template_of(it)->referred = true;
}

static bool
refers(const struct item *it)
{
	const struct template_job *j =
	    VERB_OF((struct item *)(uintptr_t)it, struct template_job);

	return j->kind == TEMPLATE_EMAIL && j->change != NULL &&
	       j->change->email_template.set;
}

/* An email template names one of the account's own; both in one transaction. */
static enum err
check_reference(struct batch *b, struct item **items)
{
	static const struct sql_step step = {
	    SQL_EMAIL_TEMPLATE_GET, bind_referred, read_referred, refers};
	struct template_job *j = template_of(items[0]);
	enum err e = batch_each(b, &step, items, 1);

	if (e != OK || !refers(items[0]) || j->referred)
		return e;
	fail_add(j->fail, "emailTemplateId", "is not the id of an email template");
	items[0]->err = ERR_INVALID;
	return OK;
}

static enum err
apply_change(struct template_job *j)
{
	if (j->extras != NULL)
		return template_apply_extras(&j->list[0], j->extras, j->rules, j->fail);
	if (j->list[0].kind == j->kind)
		return template_apply(&j->list[0], j->change, j->rules, j->fail);
	fail_add(j->fail, "messageId",
	    j->kind == TEMPLATE_EMAIL ? "is not an email template"
				      : "is an email template");
	return ERR_INVALID;
}

static enum err
put_one_template(struct batch *b, struct item **items, size_t n)
{
	struct template_job *j = template_of(items[0]);
	enum err e = OK;

	if (items[0]->err != OK)
		return OK;
	if (j->create)
		new_template(b, j);
	else
		e = get_template(b, items, n);
	if (e != OK || items[0]->err != OK)
		return e;
	items[0]->err = apply_change(j);
	if (items[0]->err == OK)
		e = check_reference(b, items);
	return e == OK ? write_template(b, items) : e;
}

static enum err
put_templates(struct batch *b, struct item **items, size_t n)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < n; i++)
		e = put_one_template(b, &items[i], 1);
	return e;
}

/* ---- by the id alone ---- */

static void
bind_id(struct item *it, struct binder *b)
{
	bind_ident(b, &template_of(it)->account);
	bind_ident(b, &template_of(it)->id);
}

static void
read_location(struct item *it, struct row *r)
{
	row_ident(r, &template_of(it)->application);
	template_of(it)->application_found = true;
}

static enum err
locate(struct batch *b, struct item **items, size_t n)
{
	static const struct sql_step step = {
	    SQL_TEMPLATE_LOCATE, bind_id, read_location, NULL};
	enum err e = batch_each(b, &step, items, n);

	for (size_t i = 0; i < n; i++)
		item_not_found(items[i], template_of(items[i])->application_found);
	return e;
}

const struct verb_row verb_template_find = {.steps = {locate, get_template}};
const struct verb_row verb_template_put_extras = {.steps = {locate, put_templates}};
const struct verb_row verb_template_get = {.steps = {get_template}};
const struct verb_row verb_template_list = {.steps = {find_parent, list_templates}};
const struct verb_row verb_template_put = {.steps = {find_parent, put_templates}};

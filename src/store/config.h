/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Applications, templates and email templates. Steps: store/verbs/config.c,
 * store/verbs/email_template.c.
 */
#ifndef WW_STORE_CONFIG_H
#define WW_STORE_CONFIG_H

#include "base/fail.h"
#include "store/job.h"
#include "twofa/application.h"
#include "twofa/email_template.h"
#include "twofa/template.h"

enum {
	APPLICATIONS_PER_ACCOUNT = 10000,
	TEMPLATES_PER_APPLICATION = 1000,
	EMAIL_TEMPLATES_PER_ACCOUNT = 1000
};

/* Get, list and put share it: get and put fill one. ERR_INVALID also when the account
 * has APPLICATIONS_PER_ACCOUNT, and says so in `fail`. */
struct application_job {
	struct job job;
	struct ident account;
	struct ident id; /* put: given when `create` is not set */
	bool create;
	const struct application_change *change;
	bool v1_texts_set; /* v1 put: remember how durations were written */
	bool v1_texts;
	struct fail *fail;
	bool found;
	bool written;
	struct list_piece piece;
	size_t count;
	size_t capacity;
	struct application *list;
	struct ident after; /* the last one of the pieces before */
};

/*
 * Get, list and put share it; find and put_extras know a template by its id alone. A
 * template of a kind that is not in `kinds` is none; a put
 * of another kind than `kind`, or one more than TEMPLATES_PER_APPLICATION, is
 * ERR_INVALID and says so in `fail`.
 */
struct template_job {
	struct job job;
	struct ident account;
	struct ident application;
	struct ident id;
	bool create;
	enum template_kind kind; /* put */
	unsigned kinds;          /* 1 << kind for each that the caller knows */
	const struct template_change *change;
	const struct template_extras *extras; /* put: these instead of a change */
	const struct template_rules *rules;
	struct fail *fail;
	bool application_found;
	bool referred;
	bool found;
	bool written;
	struct list_piece piece;
	size_t count;
	size_t capacity;
	struct template *list;
	struct ident after; /* the last one of the pieces before */
};

/* Get, list, put and delete share it; a list has ids and subjects alone. ERR_NOT_FOUND;
 * ERR_INVALID with `fail`: a put when the account has EMAIL_TEMPLATES_PER_ACCOUNT, a
 * delete while a message template refers to it. */
struct email_template_job {
	struct job job;
	struct ident account;
	bool create; /* put: of an id of the store's choice */
	struct email_template given;
	struct fail *fail;
	bool used;
	bool written;
	struct list_piece piece;
	size_t count;
	size_t capacity;
	struct email_template *list;
	int64_t after; /* the last one of the pieces before */
};

#endif

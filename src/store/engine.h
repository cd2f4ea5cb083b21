/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SQL engine prepares, binds, steps and commits. It knows no rule of the domain; the
 * verbs above are written once for every engine.
 *
 * The unit is a step of a whole batch: one statement for many items. SQLite runs it as a
 * loop, an engine over a network as one pipeline. Within one step the items take effect
 * in order, each seeing what the ones before it did, which is what makes a guarded INSERT
 * or UPDATE exact inside a batch.
 *
 * From begin to the end of the transaction nobody else writes what a batch has read: what
 * a step counted still holds when a later step of the batch writes.
 *
 * Every edge has three outcomes. OK: done. ERR_UNKNOWN and ERR_SYNC from commit: it may
 * or may not have happened. Anything else: it did not happen.
 */
#ifndef WW_ENGINE_H
#define WW_ENGINE_H

#include "base/base.h"
#include "store/item.h"
#include "twofa/ident.h"

enum sql {
#define STATEMENT(symbol) symbol,
#include "store/statements.def"
#undef STATEMENT
	SQL_COUNT
};

struct clock_lowered;
struct engine;
struct pins_ops;

struct value {
	enum { VALUE_NULL, VALUE_INT, VALUE_DOUBLE, VALUE_TEXT, VALUE_BLOB } kind;
	int64_t number;
	double real;
	struct span bytes; /* lives as long as the item (bound) or the callback (read) */
};

/* Parameters of one item, bound in the order of the statement's marks. */
struct binder {
	struct engine *engine;
	void *statement;
	int next;
	bool failed;
};

/* One result row, read in the order of its columns. */
struct row {
	struct engine *engine;
	void *statement;
	int next;
	bool damaged; /* a column is not what was written; named in the log */
	bool enough;  /* set by who reads: no further row is of interest */
	const struct sql_step *step;
	struct item *item;
};

struct sql_step {
	int sql; /* enum sql; from SQL_COUNT on one that an engine has for itself */
	void (*bind)(struct item *it, struct binder *b);
	/* For each row; for a statement that gives none, once when it changed a row.
	 * NULL: neither is of interest. */
	void (*row)(struct item *it, struct row *r);
	bool (*applies)(const struct item *it); /* NULL: all without err and skip */
};

/* Where a store is. */
struct engine_place {
	const char *data_dir;
	bool keep_schema; /* somebody else works on it: ERR_BUSY rather than an upgrade */
};

struct engine_ops {
	const char *name;
	/* Makes the store where there is none, and brings its schema up to date.
	 * ERR_NEWER: a later version made it; ERR_IO, ERR_BUSY, ERR_CORRUPT; with a
	 * sentence in why. */
	enum err (*open)(
	    const struct engine_place *p, char why[256], struct engine **out);
	void (*close)(
	    struct engine *e); /* writes back what is cached, e.g. a checkpoint */
	/* Several statements without parameters; outside of a transaction or inside. */
	enum err (*script)(struct engine *e, const char *sql);
	enum err (*begin)(struct engine *e);
	enum err (*commit)(struct engine *e);
	void (*rollback)(struct engine *e);
	/*
	 * OK even when single items failed (their err is set). Another value: the
	 * transaction as a whole must be rolled back.
	 */
	enum err (*each)(
	    struct engine *e, const struct sql_step *step, struct item **items, size_t n);
	/* Changes when another process has committed something. */
	int64_t (*foreign_version)(struct engine *e);
	/*
	 * Until unwatch: a descriptor that gets readable when somebody may have committed
	 * or be about to, this process too. -1: it cannot be told, look now and then.
	 */
	int (*watch)(struct engine *e);
	void (*unwatch)(struct engine *e);
	void (*bind)(struct binder *b, const struct value *v);
	void (*column)(struct row *r, struct value *v_out);
	/* Names the row, whose column of this number is damaged, in the log. */
	void (*name_damaged)(struct row *r, int column);
	/* Lowers the time of a store that nobody has open, as store/clock_lower.h says.
	 */
	enum err (*lower_clock)(const char *data_dir, int64_t wall_ms, char why[256],
	    struct clock_lowered *out);
	const struct pins_ops *pins; /* store/pins.h */
};

struct engine {
	const struct engine_ops *ops;
	const char *where; /* for people: a path, or a connection without its secrets */
};

static inline enum err
engine_each(struct engine *e, const struct sql_step *step, struct item **items, size_t n)
{
	return e->ops->each(e, step, items, n);
}

/* For an item of its own; what concerns that alone is in its err. */
static inline enum err
engine_one(struct engine *e, const struct sql_step *step, struct item *it)
{
	return e->ops->each(e, step, &it, 1);
}

/* The same where what concerns the item concerns the whole transaction. */
static inline enum err
engine_whole(struct engine *e, const struct sql_step *step, struct item *it)
{
	enum err err = e->ops->each(e, step, &it, 1);

	return err == OK ? it->err : err;
}

/* For a statement without marks. */
void bind_nothing(struct item *it, struct binder *b);
void bind_int(struct binder *b, int64_t value);
void bind_bool(struct binder *b, bool value);
void bind_double(struct binder *b, bool set, double value);
void bind_text(struct binder *b, const char *text); /* NULL binds null */
void bind_blob(struct binder *b, const void *ptr, size_t len);
void bind_ident(struct binder *b, const struct ident *id);

/* The one number that a statement without marks gives. */
enum err engine_number(struct engine *e, int sql, int64_t *out) MUST_CHECK;

struct arena;

/*
 * Readers of columns, in their order. Each knows what a column may hold. Any other
 * content makes the row damaged, and its item ERR_CORRUPT: that is no assertion, as
 * disks, copies and hands change rows. A damaged column reads as something harmless (the
 * least number, an empty text, zeros), so that a reader need not check each. After a
 * damaged row no further one of the item is read, unless it was passed over.
 *
 * Nobody reads a column by other means than these and those in row.h.
 */
enum {
	ROW_TEXT_MAX = 256 * 1024, /* octets, where a column has no bound of its own */
	ROW_NAME_MAX = 1024,       /* names, senders, ids of others */
	ROW_VARIANTS_MAX = 1024 * 1024 /* texts in all languages, escaped */
};
#define ROW_COUNT_MAX INT64_C(1000000000000)
#define ROW_MS_MAX INT64_C(253402300799999) /* the end of the year 9999 */

int64_t row_int(struct row *r, int64_t least, int64_t most);
/* Null: 0. */
int64_t row_int_or_null(struct row *r, int64_t least, int64_t most);
int64_t row_count(struct row *r);
/* A time; that of what did not happen is null. */
int64_t row_ms(struct row *r);
int64_t row_ms_or_null(struct row *r);
/* One of so many, which are numbered from 0. */
unsigned row_enum(struct row *r, unsigned count);
bool row_bool(struct row *r);
bool row_double(struct row *r, double *out); /* false: null */
/* UTF-8 without a NUL, of so many octets at most. */
const char *row_text(struct row *r, struct arena *a, size_t max);
const char *row_text_or_null(struct row *r, struct arena *a, size_t max);
/* Exactly len octets. */
void row_blob(struct row *r, void *out, size_t len);
/* So many octets at most; null: none. */
struct span row_bytes(struct row *r, struct arena *a, size_t max);
bool row_is_null(struct row *r); /* looks at the next column without passing it */
void row_pass(struct row *r, int columns);
/* The last column holds no value of its kind: for readers above these. */
void row_is_damaged(struct row *r);
/* True: the row is damaged and is passed over. Its item goes on with the next one. */
bool row_passed_over(struct row *r);

#endif

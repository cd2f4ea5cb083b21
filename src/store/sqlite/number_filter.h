/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which numbers a run may have (number_index.h): a Bloom filter (B. H. Bloom, "Space/Time
 * Trade-offs in Hash Coding with Allowable Errors", 1970) whose bits of one number are
 * all in one line of 64 octets, so that a question costs one access to memory. With 16
 * bits an entry about one question in 500 is answered yes for a number that is not there.
 * No number that was added is ever denied.
 *
 * A filter is kept in the database, so the hash, the places of bits and the form that is
 * kept stay as they are; another form needs another NUMBER_FILTER_FORM.
 */
#ifndef WW_NUMBER_FILTER_H
#define WW_NUMBER_FILTER_H

#include "twofa/ident.h"

enum { NUMBER_FILTER_LINE = 64, NUMBER_FILTER_BITS = 16, NUMBER_FILTER_FORM = 1 };

struct number_filter {
	uint8_t *octets; /* owned: the lines, with room for the end of the kept form */
	size_t lines;
};

/* The hash of an application's number; the same in every process. */
uint64_t number_filter_hash(const struct ident *application, const char *destination);

/* For so many entries; more make wrong answers of yes more frequent. */
void number_filter_init(struct number_filter *f, int64_t entries);
void number_filter_fini(struct number_filter *f);
void number_filter_add(struct number_filter *f, uint64_t hash);
bool number_filter_may_have(const struct number_filter *f, uint64_t hash);

/* The octets to keep: valid until the next number is added. */
struct span number_filter_save(struct number_filter *f);
/* False: it is not what was kept, octet by octet. */
bool number_filter_load(struct number_filter *f, struct span kept) MUST_CHECK;

#endif

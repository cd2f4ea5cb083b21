/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An engine that fails on demand over one that works: any begin, any statement, any
 * commit, with each of the three outcomes that a commit has.
 */
#ifndef WW_TEST_FAULTY_ENGINE_H
#define WW_TEST_FAULTY_ENGINE_H

#include "store/engine.h"

enum faulty_commit {
	FAULTY_COMMIT_NONE,
	FAULTY_COMMIT_FAILED,       /* ERR_IO: it did not happen */
	FAULTY_COMMIT_UNKNOWN_DONE, /* ERR_UNKNOWN, and it did */
	FAULTY_COMMIT_UNKNOWN       /* ERR_UNKNOWN, and it did not */
};

struct faulty_plan {
	bool begin;         /* the next one fails with ERR_BUSY */
	unsigned statement; /* the so many-th from here fails with ERR_IO; 0: none */
	enum faulty_commit commit; /* of the next one */
	unsigned failed;           /* so many times it has */
	unsigned ran;              /* statements */
};

extern struct faulty_plan faulty_plan;

const struct engine_ops *faulty_engine(const struct engine_ops *under);

#endif

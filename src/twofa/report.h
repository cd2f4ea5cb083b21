/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status and error of a message, in the words of the published registry (report.def), and
 * how the words of others map onto it. Pure tables; who stores and shows them is
 * elsewhere.
 */
#ifndef WW_REPORT_H
#define WW_REPORT_H

#include "twofa/message.h"

enum report_group {
#define REPORT_GROUP(name, id) REPORT_GROUP_##name = (id),
#include "twofa/report.def"
};

/* The published numbers; stored. 0 is none: nothing was reported. */
enum report_status {
	REPORT_NONE = 0,
#define REPORT_STATUS(name, id, group, v1, description) REPORT_##name = (id),
#include "twofa/report.def"
};

enum report_error_group {
#define REPORT_ERROR_GROUP(name, id) REPORT_ERROR_GROUP_##name = (id),
#include "twofa/report.def"
};

/* The published numbers; stored. */
enum report_error {
#define REPORT_ERROR(name, id, group, permanent, description) REPORT_ERROR_##name = (id),
#include "twofa/report.def"
};

struct report_status_row {
	enum report_status id;
	const char *name;
	enum report_group group;
	const char *group_name;
	const char *description;
	unsigned v1; /* row of the words of v1 */
};

struct report_error_row {
	enum report_error id;
	const char *name;
	enum report_error_group group;
	const char *group_name;
	bool permanent;
	const char *description;
};

/* A row of v1's status (contract 3.6). */
struct report_v1 {
	const char *status;
	const char *description;
	bool final;
};

/* NULL: no row has that number. REPORT_NONE is no row. */
const struct report_status_row *report_status_find(int64_t id);
const struct report_error_row *report_error_find(int64_t id);
/* By their published name, of any case: "DELIVERED_TO_HANDSET". NULL: there is none. */
const struct report_status_row *report_status_named(struct span name);
const struct report_error_row *report_error_named(struct span name);

/* Where a reported status takes a message: PENDING ones leave it MESSAGE_ACCEPTED. */
enum message_state report_message_state(enum report_status s);
/*
 * The status of a message as it stands: the reported one, or where nothing was
 * reported the one that its state and reason amount to.
 */
enum report_status report_status_of(
    enum report_status reported, enum message_state state, enum message_reason reason);
const struct report_v1 *report_v1_words(enum report_status s);

/*
 * SMPP: the TLV message_state (3.4 section 5.2.28, and those that 5.0 added), and the
 * `stat:` of a receipt's text (appendix B: "DELIVRD"), of any case. REPORT_NONE: not
 * one of them.
 */
enum report_status report_from_smpp_state(unsigned message_state);
enum report_status report_from_smpp_text(struct span stat);
/*
 * `err:` of a receipt's text, or the number in network_error_code. SMSCs pass MAP's
 * errors on, which are the registry's own numbers; another code is a vendor's and
 * becomes EC_UNKNOWN_ERROR. A message that arrived, or is under way, has no error;
 * for one that expired without a code that is EC_VP_EXPIRED. `code` < 0: not given.
 */
enum report_error report_error_from_smpp(enum report_status s, int64_t code);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "twofa/report.h"

#include <strings.h>

enum { MAP_ERROR_MAX = 71 };

enum v1_row {
#define REPORT_V1(name, final, description) V1_##name,
#include "twofa/report.def"
};

static const struct report_v1 v1_rows[] = {
#define REPORT_V1(name, final, description) {#name, description, final},
#include "twofa/report.def"
};

static const struct report_status_row statuses[] = {
#define REPORT_STATUS(name, id, group, v1, description)                                  \
	{(enum report_status)(id), #name, REPORT_GROUP_##group, #group, description,     \
	    V1_##v1},
#include "twofa/report.def"
};

static const struct report_error_row errors[] = {
#define REPORT_ERROR(name, id, group, permanent, description)                            \
	{(enum report_error)(id), #name, REPORT_ERROR_GROUP_##group, #group, permanent,  \
	    description},
#include "twofa/report.def"
};

/* Row n is message_state n; 0 and 9 are of SMPP 5.0. */
static const struct {
	const char *text;
	enum report_status status;
} smpp_states[] = {
    {"SCHEDULED", REPORT_PENDING_WAITING_DELIVERY},
    {"ENROUTE", REPORT_PENDING_ENROUTE},
    {"DELIVRD", REPORT_DELIVERED_TO_HANDSET},
    {"EXPIRED", REPORT_EXPIRED_EXPIRED},
    {"DELETED", REPORT_UNDELIVERABLE_NOT_DELIVERED},
    {"UNDELIV", REPORT_UNDELIVERABLE_NOT_DELIVERED},
    {"ACCEPTD", REPORT_PENDING_ACCEPTED},
    {"UNKNOWN", REPORT_EXPIRED_DLR_UNKNOWN},
    {"REJECTD", REPORT_REJECTED},
    {"SKIPPED", REPORT_UNDELIVERABLE_NOT_DELIVERED},
};

/* How others write the same, seen in the field. */
static const struct {
	const char *text;
	enum report_status status;
} smpp_spellings[] = {
    {"DELIVERED", REPORT_DELIVERED_TO_HANDSET},
    {"UNDELIVERABLE", REPORT_UNDELIVERABLE_NOT_DELIVERED},
    {"UNDELIVERED", REPORT_UNDELIVERABLE_NOT_DELIVERED},
    {"FAILED", REPORT_UNDELIVERABLE_NOT_DELIVERED},
    {"ACCEPTED", REPORT_PENDING_ACCEPTED},
    {"ACKED", REPORT_PENDING_ACCEPTED},
    {"BUFFRED", REPORT_PENDING_ENROUTE},
    {"BUFFERED", REPORT_PENDING_ENROUTE},
    {"ENROUT", REPORT_PENDING_ENROUTE},
    {"REJECTED", REPORT_REJECTED},
    {"UNKNOWN", REPORT_EXPIRED_DLR_UNKNOWN},
};

static bool
is_text(struct span s, const char *text)
{
	return s.len == strlen(text) && strncasecmp(s.ptr, text, s.len) == 0;
}

const struct report_status_row *
report_status_find(int64_t id)
{
	for (size_t i = 0; i < countof(statuses); i++)
		if (statuses[i].id == id)
			return &statuses[i];
	return NULL;
}

const struct report_error_row *
report_error_find(int64_t id)
{
	for (size_t i = 0; i < countof(errors); i++)
		if (errors[i].id == id)
			return &errors[i];
	return NULL;
}

const struct report_status_row *
report_status_named(struct span name)
{
	for (size_t i = 0; i < countof(statuses); i++)
		if (is_text(name, statuses[i].name))
			return &statuses[i];
	return NULL;
}

const struct report_error_row *
report_error_named(struct span name)
{
	for (size_t i = 0; i < countof(errors); i++)
		if (is_text(name, errors[i].name))
			return &errors[i];
	return NULL;
}

enum message_state
report_message_state(enum report_status s)
{
	const struct report_status_row *row = report_status_find(s);

	INVARIANT(row != NULL);
	switch (row->group) {
	case REPORT_GROUP_ACCEPTED:
	case REPORT_GROUP_PENDING:
		return MESSAGE_ACCEPTED;
	case REPORT_GROUP_DELIVERED:
		return MESSAGE_DELIVERED;
	case REPORT_GROUP_UNDELIVERABLE:
	case REPORT_GROUP_REJECTED:
		return MESSAGE_FAILED;
	case REPORT_GROUP_EXPIRED:
		return MESSAGE_EXPIRED;
	}
	INVARIANT(!"group");
	return MESSAGE_ACCEPTED;
}

static enum report_status
status_of_failure(enum message_reason reason)
{
	switch (reason) {
	case MESSAGE_REASON_NO_ROUTE:
	case MESSAGE_REASON_DENIED:
		return REPORT_REJECTED_NETWORK;
	case MESSAGE_REASON_EXHAUSTED:
		return REPORT_REJECTED_ROUTE_NOT_AVAILABLE;
	case MESSAGE_REASON_REFUSED:
		return REPORT_REJECTED;
	case MESSAGE_REASON_RENDER:
	case MESSAGE_REASON_POISON:
	case MESSAGE_REASON_NO_KEY:
		return REPORT_REJECTED_SYSTEM_ERROR;
	case MESSAGE_REASON_NONE:
	case MESSAGE_REASON_UNREACHABLE:
	case MESSAGE_REASON_UNCLEAR:
	case MESSAGE_REASON_COUNT:
		break;
	}
	return REPORT_UNDELIVERABLE_NOT_SENT;
}

enum report_status
report_status_of(
    enum report_status reported, enum message_state state, enum message_reason reason)
{
	if (reported != REPORT_NONE)
		return reported;
	switch (state) {
	case MESSAGE_READY:
	case MESSAGE_LEASED:
		return REPORT_PENDING_WAITING_DELIVERY;
	case MESSAGE_SUBMITTED:
	case MESSAGE_ACCEPTED:
		return REPORT_PENDING_ENROUTE;
	case MESSAGE_DELIVERED:
		return REPORT_DELIVERED_TO_HANDSET;
	case MESSAGE_FAILED:
		return status_of_failure(reason);
	case MESSAGE_EXPIRED:
	case MESSAGE_STATE_COUNT:
		break;
	}
	return REPORT_EXPIRED_EXPIRED;
}

const struct report_v1 *
report_v1_words(enum report_status s)
{
	const struct report_status_row *row = report_status_find(s);

	return &v1_rows[row == NULL ? V1_MESSAGE_WAITING_DELIVERY : row->v1];
}

/* ---- SMPP ---- */

enum report_status
report_from_smpp_state(unsigned message_state)
{
	return message_state < countof(smpp_states) ? smpp_states[message_state].status
						    : REPORT_NONE;
}

enum report_status
report_from_smpp_text(struct span stat)
{
	for (size_t i = 0; i < countof(smpp_states); i++)
		if (is_text(stat, smpp_states[i].text))
			return smpp_states[i].status;
	for (size_t i = 0; i < countof(smpp_spellings); i++)
		if (is_text(stat, smpp_spellings[i].text))
			return smpp_spellings[i].status;
	return REPORT_NONE;
}

enum report_error
report_error_from_smpp(enum report_status s, int64_t code)
{
	const struct report_status_row *row = report_status_find(s);

	if (row == NULL || row->group == REPORT_GROUP_DELIVERED ||
	    row->group == REPORT_GROUP_PENDING)
		return REPORT_ERROR_NO_ERROR;
	if (code > 0 && code <= MAP_ERROR_MAX && report_error_find(code) != NULL)
		return (enum report_error)code;
	if (row->group == REPORT_GROUP_EXPIRED)
		return REPORT_ERROR_EC_VP_EXPIRED;
	return REPORT_ERROR_EC_UNKNOWN_ERROR;
}

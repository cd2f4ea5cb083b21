/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules of ENUM (RFC 6116), pure: the name under which a number is looked up, and
 * what a NAPTR record's services say of it.
 *
 * A record counts when its flags are "u" and its services begin with E2U. Among those
 * that name a service in the table of enum_rule.c the first by order and preference
 * decides: `unused` (the number is assigned to nobody) is NOT_REACHABLE; `pstn`, `sip`,
 * `sms`, `mms`, `voice`, `tel` and `h323` are REACHABLE. No record that counts: UNKNOWN.
 *
 * The record's regular expression is not run: which URI it would give changes nothing
 * here, and expressions from the network are not for our regcomp.
 */
#ifndef WW_LOOKUP_ENUM_RULE_H
#define WW_LOOKUP_ENUM_RULE_H

#include "base/base.h"
#include "twofa/message.h"

enum { ENUM_NAME_MAX = 253 };

struct enum_record {
	const char *flags;
	const char *services;
	unsigned order;
	unsigned preference;
};

/* "41793026727", "e164.arpa": "7.2.7.6.2.0.3.9.7.1.4.e164.arpa". ERR_INVALID: too long.
 */
enum err enum_rule_name(
    const char *number, const char *suffix, char out[ENUM_NAME_MAX + 1]) MUST_CHECK;
/* False: the record does not count. */
bool enum_rule_judge(const struct enum_record *r, enum lookup_status *out);
/* Whether a comes before b. */
bool enum_rule_before(const struct enum_record *a, const struct enum_record *b);

#endif

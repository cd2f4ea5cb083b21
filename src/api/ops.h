/* SPDX-License-Identifier: Apache-2.0 */
/* The operations, for the dialects' tables of routes. */
#ifndef WW_OPS_H
#define WW_OPS_H

#include "api/call.h"

/* ops_pin.c */
extern const struct operation op_send;
extern const struct operation op_resend;
extern const struct operation op_verify;
extern const struct operation op_status;
extern const struct operation op_verifications;
/* Voice and email, until their channel exists. */
extern const struct operation op_no_channel;

/* ops_config.c; a dialect makes its own create and update around its rows */
extern const struct operation op_application_get;
extern const struct operation op_application_list;
extern const struct operation op_template_get;
extern const struct operation op_template_list;

enum err ops_application_put(
    struct call *c, const struct application_change *change, bool create) MUST_CHECK;
enum err ops_application_answer(struct call *c) MUST_CHECK;
enum err ops_template_put(
    struct call *c, const struct template_change *change, bool create) MUST_CHECK;
enum err ops_template_answer(struct call *c) MUST_CHECK;
/* Offers the job that check made. */
enum err ops_proceed_application(struct call *c) MUST_CHECK;
enum err ops_proceed_template(struct call *c) MUST_CHECK;

#endif

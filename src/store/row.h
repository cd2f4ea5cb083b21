/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers of the columns that the domain has, over those of engine.h: each knows what its
 * column may hold. A column that holds something else makes the row damaged (engine.h).
 */
#ifndef WW_ROW_H
#define WW_ROW_H

#include "store/engine.h"
#include "store/pins.h"
#include "twofa/application.h"
#include "twofa/limit.h"
#include "twofa/report.h"
#include "twofa/template.h"

/*
 * Readers of the domain's columns (engine.h says what a damaged one reads as): here a
 * rate is 1 a year, a life 1 ms, a PIN has one digit.
 */
void row_rate(struct row *r, struct arena *a, struct rate *out);
/* pin_attempts, allow_multiple and the four texts of an application. */
void row_config(struct row *r, struct arena *a, struct application_config *out);
/* salt, generation, key_id, pin_type, pin_length. */
void row_recipe(struct row *r, struct pin_recipe *out, int64_t *key_id_out);
/* Null: nobody has sent yet. */
void row_ring(struct row *r, struct arena *a, struct limit_ring *out);
/* Null: there are none. */
void row_variants(struct row *r, struct arena *a, struct template_variants *out);
enum gsm7_rule row_gsm7(struct row *r);
enum template_kind row_kind(struct row *r);
enum pin_type row_pin_type(struct row *r);
unsigned row_pin_length(struct row *r);
const char *row_destination(struct row *r, struct arena *a);
unsigned row_seq(struct row *r);
enum channel row_channel(struct row *r);
enum message_state row_message_state(struct row *r);
enum message_reason row_message_reason(struct row *r);
enum lookup_status row_lookup(struct row *r);        /* null: LOOKUP_UNKNOWN */
enum report_status row_report_status(struct row *r); /* null: REPORT_NONE */
enum report_error row_report_error(struct row *r);   /* null: no error */
/* The log of verifies; loaded when its turn comes. */
struct span row_log(struct row *r, struct arena *a);
/* A time; null: that of the PIN's id. */
int64_t row_ms_since(struct row *r, const struct ident *pin_id);
void row_ident(struct row *r, struct ident *out);
/* The columns PIN_STATE. */
void row_state(struct row *r, struct verify_state *out);

#endif

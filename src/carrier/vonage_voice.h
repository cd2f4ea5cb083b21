/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the room: calls by Vonage's Voice API (POST /v1/calls), whose words go with the
 * request (NCCO). It is spoken to with a token signed by the application's key (RS256),
 * and its events are proved by one of its own (HS256, "Decoding signed webhooks").
 */
#ifndef WW_VONAGE_VOICE_H
#define WW_VONAGE_VOICE_H

#include "carrier/carrier_http.h"

/* As in carrier_http_way and carrier_http_vendor. */
enum err vonage_voice_make(struct carrier_http_maker *m) MUST_CHECK;
void vonage_voice_classify(const struct carrier_config *config,
    const struct carrier_http_answer *a, struct carrier_http_verdict *v);
char *vonage_voice_make_token(const struct carrier_config *config,
    const struct carrier_env *env, int64_t *until_ms_out);

/* Is that webhook the event of a call? Then it is judged and read here. */
bool vonage_voice_is_event(const json_t *doc);
/* By its token, where the entry has the secret of signatures. */
bool vonage_voice_is_signed(
    struct carrier_receipts *r, const struct carrier_request *request);
/* An event that says nothing of the call's end, or of its way there, is no receipt. */
enum err vonage_voice_read(struct carrier_receipts *r, const json_t *doc) MUST_CHECK;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* net/http_client.h without a network: what a call is answered with is made up. */
#ifndef WW_TEST_FUZZ_FAKE_HTTP_CLIENT_H
#define WW_TEST_FUZZ_FAKE_HTTP_CLIENT_H

#include "net/http_client.h"

/* The next call is answered so. */
void fake_http_answer(const struct http_client_result *result);
/* Tells the caller of what was sent; how many there were, one at most. */
unsigned fake_http_run(void);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carriers over HTTP of every vendor, as the targets need them: opened once, over an
 * HTTP client (fake_http_client.c) that gives the answer which the target made up.
 */
#ifndef WW_TEST_FUZZ_VENDORS_H
#define WW_TEST_FUZZ_VENDORS_H

#include "carrier/carrier.h"
#include "net/http_client.h"

enum { VENDOR_COUNT = 8 };

/* The next call is answered so. */
void fake_http_answer(const struct http_result *result);
/* Tells the callers of what was sent; how many there were. */
unsigned fake_http_run(void);

/* Opened at the first use; every receipt is taken at once. */
struct carrier *vendor_carrier(unsigned number);
/* How many receipts were reported since the last question. */
unsigned vendor_receipts(void);

#endif

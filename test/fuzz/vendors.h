/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Carriers over HTTP of every vendor, as the targets need them: opened once, over an
 * HTTP client (fake_http_client.c) that gives the answer which the target made up.
 */
#ifndef WW_TEST_FUZZ_VENDORS_H
#define WW_TEST_FUZZ_VENDORS_H

#include "carrier/carrier.h"
#include "fake_http_client.h"

enum { VENDOR_COUNT = 12 };

/* Opened at the first use; every receipt is taken at once. */
struct carrier *vendor_carrier(unsigned number);
const struct carrier_config *vendor_config(unsigned number);
/* A message of the channel that it carries. */
const struct content *vendor_content(unsigned number);

#endif

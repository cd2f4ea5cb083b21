/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts that carriers send by HTTP. */
#ifndef WW_OWN_RECEIPT_H
#define WW_OWN_RECEIPT_H

#include "api/dialect.h"

extern const struct operation op_receipt;

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the room: the types of carriers that there are, by their rows in types.def. */
#ifndef WW_CARRIER_TYPES_H
#define WW_CARRIER_TYPES_H

struct carrier_ops;

#define CARRIER_TYPE(type) extern const struct carrier_ops carrier_##type##_ops;
#include "carrier/types.def"
#undef CARRIER_TYPE

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* Inside lookup: the providers, for the array in lookup.c. */
#ifndef WW_LOOKUP_TYPES_H
#define WW_LOOKUP_TYPES_H

struct lookup_provider_ops;

enum { LOOKUP_REQUESTS_MAX = 4096 };

extern const struct lookup_provider_ops lookup_enum_ops;
extern const struct lookup_provider_ops lookup_infobip_ops;
extern const struct lookup_provider_ops lookup_generic_ops;

#endif

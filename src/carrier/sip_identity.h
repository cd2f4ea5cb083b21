/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two ends of a call in the headers of its INVITE: the number as the trunk wants it,
 * and the caller's id in From and, by option, in P-Asserted-Identity (RFC 3325). Texts
 * alone.
 */
#ifndef WW_SIP_IDENTITY_H
#define WW_SIP_IDENTITY_H

#include "carrier/carrier.h"

struct sip_identity {
	char uri[512];
	char from[512];
	char headers[768];
};

void sip_identity_make(struct sip_identity *out, const struct carrier_config *config,
    const struct carrier_message *m);
/* The domain of URIs: as configured, or the server's own name, an IPv6 address in its
 * brackets. */
void sip_identity_domain(const struct carrier_config *config, char *out, size_t out_len);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/* The words beside a status (RFC 9110 15), which nobody needs to read. */
#ifndef WW_HTTP_STATUS_H
#define WW_HTTP_STATUS_H

const char *http_status_text(int status);

#endif

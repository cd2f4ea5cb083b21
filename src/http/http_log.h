/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log about requests, by the number that the caller has (X-Request-ID). */
#ifndef WW_HTTP_LOG_H
#define WW_HTTP_LOG_H

#include "http/http_loop.h"

/* The answer is rendered. A line, where the options of the loop ask for one and there
 * were not too many in this second. */
void http_log_answer(struct http_loop *l, const struct call_response *r);

#endif

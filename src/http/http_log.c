/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_log.h"

#include "base/log.h"

enum { LOGGED_PER_SECOND = 5 };

/* A line of each kind may be written so often in a second; how many were not is said in
 * the next. */
static bool
may_log(struct http_loop *l, bool failed)
{
	if (l->logged_s != l->date_s) {
		if (l->unlogged > 0)
			log_event(LOG_LEVEL_INFO, "requests_not_logged",
			    LOG_INT("count", l->unlogged));
		l->logged_s = l->date_s;
		memset(l->logged, 0, sizeof(l->logged));
		l->unlogged = 0;
	}
	if (l->logged[failed]++ < LOGGED_PER_SECOND)
		return true;
	l->unlogged++;
	return false;
}

void
http_log_answer(struct http_loop *l, const struct call_response *r)
{
	enum http_log log = l->options->log;
	bool failed = r->status >= 500;
	bool refused = r->status >= 400;

	if (!failed && (log == HTTP_LOG_FAILED || (!refused && log != HTTP_LOG_ALL)))
		return;
	if (log != HTTP_LOG_ALL && !may_log(l, failed))
		return;
	log_event(failed ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
	    failed    ? "request_failed"
	    : refused ? "request_refused"
		      : "request",
	    LOG_INT("request", (int64_t)r->request_id),
	    LOG_TEXT("operation", r->operation), LOG_INT("status", r->status),
	    LOG_TEXT("reason", r->reason), LOG_ERR(r->err));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which signals the server hears, and what each asks for. Those that other programs give
 * a meaning to, and that would end this one by default (signal(7)), are heard and said.
 */
#ifndef WW_SIGNALS_H
#define WW_SIGNALS_H

#include <signal.h>

#include "base/base.h"

enum signals_request {
	SIGNAL_STOP,
	SIGNAL_RELOAD,
	SIGNAL_NOTHING, /* it has no meaning here */
};

/* Blocks them for this thread and those that it makes; `out` is for sigtimedwait. */
void signals_block(sigset_t *out);
enum signals_request signals_request(int signal);
/* Says that it came, and that it means nothing. */
void signals_log_ignored(int signal);

#endif

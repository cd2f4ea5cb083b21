/* SPDX-License-Identifier: Apache-2.0 */
#include "server/signals.h"

#include <string.h>

#include "base/log.h"

static const struct {
	int signal;
	enum signals_request request;
} rows[] = {
    {SIGTERM, SIGNAL_STOP},
    {SIGINT, SIGNAL_STOP},
    {SIGQUIT, SIGNAL_STOP}, /* as web servers and their containers have it */
    {SIGHUP, SIGNAL_RELOAD},
    {SIGUSR1, SIGNAL_NOTHING},
    {SIGUSR2, SIGNAL_NOTHING},
    {SIGALRM, SIGNAL_NOTHING},
    {SIGVTALRM, SIGNAL_NOTHING},
    {SIGIO, SIGNAL_NOTHING},
    {SIGPWR, SIGNAL_NOTHING},
};

void
signals_block(sigset_t *out)
{
	sigemptyset(out);
	for (size_t i = 0; i < countof(rows); i++)
		sigaddset(out, rows[i].signal);
	for (int i = SIGRTMIN; i <= SIGRTMAX; i++)
		sigaddset(out, i);
	sigprocmask(SIG_BLOCK, out, NULL);
}

enum signals_request
signals_request(int signal)
{
	for (size_t i = 0; i < countof(rows); i++)
		if (rows[i].signal == signal)
			return rows[i].request;
	return SIGNAL_NOTHING;
}

void
signals_log_ignored(int signal)
{
	log_event(LOG_LEVEL_WARNING, "signal_ignored",
	    LOG_TEXT("signal", strsignal(signal)), LOG_INT("number", signal),
	    LOG_TEXT("reason",
		"it means nothing here: SIGTERM stops, SIGHUP reads certificates"));
}

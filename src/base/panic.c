/* SPDX-License-Identifier: Apache-2.0 */
/* The end of the process: what must not happen, and what the machine refused. */
#include "base.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void
panic_invariant(const char *file, int line, const char *what)
{
	fprintf(stderr, "watchword: invariant failed at %s:%d: %s\n", file, line, what);
	abort();
}

void
panic_resource(const char *file, int line, const char *what)
{
	panic("out of memory, threads or open files (%s:%d: %s)", file, line, what);
}

void
panic(const char *format, ...)
{
	va_list ap;

	fputs("watchword: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	_exit(70);
}

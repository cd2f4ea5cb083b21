/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Request in, response out. A listener fills in `struct call_request`, calls
 * api_start on its loop thread, and is called back there when the response is
 * ready; in between the call may visit the store's thread and delivery's. No
 * sockets here, and nothing that blocks.
 *
 * A dialect is a table of routes with hooks for bodies, credentials and errors
 * (dialect.h).
 */
#ifndef WW_API_H
#define WW_API_H

#include <stdio.h>

#include "api/options.h"
#include "api/request.h"

struct api *api_new(const struct api_options *o) MUST_CHECK;
/* Ends its threads, which hand things to the loops; no call may start any more. */
void api_stop(struct api *api);
void api_free(struct api *api);
/* Changes of credentials, from the store's thread. */
void api_access_changed(struct api *api, const struct access *access);
void api_session_changed(struct api *api, const struct session_job *j);

/* The call must be alive until done was called, whatever happens to its connection. */
void api_start(struct call *c);
/* For what went wrong before there was a request: fills in the response, `done` is not
 * called. */
void api_refuse(struct call *c, enum err e, const char *why);
/*
 * One line a route: method, path with {} for each parameter, operation, the scopes of
 * which any one suffices ("any": any credential; "-": none needed), dialect.
 */
void api_print_routes(FILE *to);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include "api/accept.h"
#include "api/dialects.h"
#include "twofa/scope.h"

/* The next segment of a path that begins with a slash; moves past it. */
static struct span
next_segment(struct span *path)
{
	struct span segment = {path->ptr + 1, 0};

	INVARIANT(path->len > 0 && path->ptr[0] == '/');
	while (segment.len + 1 < path->len && segment.ptr[segment.len] != '/')
		segment.len++;
	path->ptr += segment.len + 1;
	path->len -= segment.len + 1;
	return segment;
}

static bool
matches(struct call *c, const struct route *route, struct span path)
{
	struct span pattern = span_of(route->pattern);
	unsigned params = 0;

	while (pattern.len > 0 && path.len > 0) {
		struct span want = next_segment(&pattern);
		struct span have = next_segment(&path);

		if (span_equal_text(want, "{}") && have.len > 0) {
			INVARIANT(params < ROUTE_PARAMS_MAX);
			c->params[params++] = have;
		} else if (!span_equal(want, have)) {
			return false;
		}
	}
	return pattern.len == 0 && path.len == 0;
}

/* As a whole: "/2fa/1" is none of "/2fa/10". */
static bool
has_prefix(struct span path, const char *prefix)
{
	size_t len = strlen(prefix);

	return path.len >= len && memcmp(path.ptr, prefix, len) == 0 &&
	       (path.len == len || path.ptr[len] == '/');
}

static const struct dialect *
find_among(const struct dialect *const *list, size_t count, struct span path)
{
	for (size_t i = 0; i < count; i++)
		if (has_prefix(path, list[i]->prefix))
			return list[i];
	return NULL;
}

static const struct dialect *
find_dialect(const struct api *api, struct span path)
{
	const struct api_options *o = &api->options;
	const struct dialect *d = find_among(o->dialects, o->dialect_count, path);

	if (d == NULL)
		d = find_among(dialects, dialects_count - 1, path);
	return d != NULL ? d : dialects[dialects_count - 1];
}

static void
decode_params(struct call *c)
{
	for (size_t i = 0; i < ROUTE_PARAMS_MAX; i++)
		if (c->params[i].len > 0)
			c->params[i] =
			    arena_percent_decoded(&c->arena, c->params[i], false);
}

/* Slashes in a row are one: where a base URL ends in one, and a path begins with one. */
static struct span
merge_slashes(struct call *c, struct span path)
{
	char *merged;
	size_t len = 0;

	if (path.len < 2 || memmem(path.ptr, path.len, "//", 2) == NULL)
		return path;
	merged = arena_alloc(&c->arena, path.len);
	for (size_t i = 0; i < path.len; i++)
		if (path.ptr[i] != '/' || len == 0 || merged[len - 1] != '/')
			merged[len++] = path.ptr[i];
	return (struct span){merged, len};
}

/* "GET, PUT" of all routes that have this path. */
static void
add_allowed(struct call *c, const char *method)
{
	const char *allow = c->response.allow;

	if (strcmp(method, "GET") == 0)
		method = "GET, HEAD";
	c->response.allow =
	    allow == NULL ? method : arena_printf(&c->arena, "%s, %s", allow, method);
}

enum err
route_find(struct call *c)
{
	struct span path = c->request.target;
	/* a HEAD is a GET whose body stays here (RFC 9110 9.3.2) */
	struct span method =
	    span_equal_text(c->request.method, "HEAD") ? SPAN("GET") : c->request.method;
	const char *mark = path.len == 0 ? NULL : memchr(path.ptr, '?', path.len);
	struct span rest;

	if (mark != NULL) {
		c->query =
		    (struct span){mark + 1, path.len - (size_t)(mark + 1 - path.ptr)};
		path.len = (size_t)(mark - path.ptr);
	}
	/* what an absolute target leaves out (RFC 9110 4.2.3) */
	if (path.len == 0)
		path = SPAN("/");
	c->path = arena_text(&c->arena, path);
	path = merge_slashes(c, path);
	if (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	c->dialect = find_dialect(c->api, path);
	if (c->dialect->xml_root != NULL)
		c->xml_type =
		    accept_xml_type(c->request.headers, c->request.header_count);
	c->response.content_type = call_content_type(c);
	if (path.ptr[0] != '/')
		return ERR_NO_ROUTE;
	rest = path;
	rest.ptr += strlen(c->dialect->prefix);
	rest.len -= strlen(c->dialect->prefix);
	for (size_t i = 0; i < c->dialect->route_count; i++) {
		const struct route *route = &c->dialect->routes[i];

		if (!matches(c, route, rest))
			continue;
		if (span_equal_text(method, route->method)) {
			c->route = route;
			c->response.operation = route->operation->name;
			c->response.allow = NULL;
			decode_params(c);
			return OK;
		}
		add_allowed(c, route->method);
	}
	return c->response.allow == NULL ? ERR_NO_ROUTE : ERR_METHOD;
}

static void
print_route(FILE *to, const struct dialect *dialect, const struct route *route)
{
	char between = ' ';

	fprintf(to, "%s %s%s %s", route->method, dialect->prefix, route->pattern,
	    route->operation->name);
	for (unsigned i = 0; scope_name(i) != NULL; i++)
		if ((route->scopes & scope_find(scope_name(i))) != 0) {
			fprintf(to, "%c%s", between, scope_name(i));
			between = ',';
		}
	if (route->scopes == SCOPE_SIGNED_IN)
		fputs(" any", to);
	else if (route->scopes == 0)
		fputs(" -", to);
	fprintf(to, " %s\n", dialect->name);
}

void
route_print(FILE *to)
{
	for (size_t i = 0; i < dialects_count; i++)
		for (size_t k = 0; k < dialects[i]->route_count; k++)
			print_route(to, dialects[i], &dialects[i]->routes[k]);
}

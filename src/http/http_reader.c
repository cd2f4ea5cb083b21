/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_reader.h"

#include "base/secret.h"

enum { READER_MAGIC = 0x68747470, LENGTH_DIGITS_MAX = 15, KEPT_CAPACITY_MAX = 4096 };

static void
fail(struct http_reader *r, enum err e, const char *why)
{
	if (r->stage == HTTP_STAGE_BROKEN)
		return;
	r->stage = HTTP_STAGE_BROKEN;
	r->err = e;
	r->why = why;
	r->keep_alive = false;
}

/* ---- what http-parser leaves to us ---- */

static bool
is_token(struct span s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!letter && !(c >= '0' && c <= '9') &&
		    (c == 0 || strchr(others, c) == NULL))
			return false;
	}
	return s.len > 0;
}

static bool
is_host(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] <= ' ' ||
		    strchr("/@,?#\\\"<>", s.ptr[i]) != NULL)
			return false;
	return true;
}

static void
check_header_line(struct http_reader *r, struct span line)
{
	const char *colon = memchr(line.ptr, ':', line.len);

	if (line.ptr[0] == ' ' || line.ptr[0] == '\t') {
		fail(r, ERR_FRAMING, "a header line is folded");
		return;
	}
	if (colon == NULL ||
	    !is_token((struct span){line.ptr, (size_t)(colon - line.ptr)}))
		fail(r, ERR_FRAMING, "a header name is not a token");
}

static bool
is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

/* Lines end in CR LF and nothing else does; `head` ends with an empty line. */
static void
check_lines(struct http_reader *r)
{
	const char *at = r->head.ptr;
	const char *end = r->head.ptr + r->head.len - 2;
	bool first = true;

	while (at < end && r->stage != HTTP_STAGE_BROKEN) {
		const char *stop = at;

		while (!is_control(*stop))
			stop++;
		if (stop[0] != '\r' || stop[1] != '\n')
			fail(r, ERR_FRAMING,
			    "a control character in the request line or headers");
		else if (!first)
			check_header_line(r, (struct span){at, (size_t)(stop - at)});
		first = false;
		at = stop + 2;
	}
}

static bool
is_length(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0 && s.len <= LENGTH_DIGITS_MAX;
}

/*
 * Fields that may come once (RFC 9110 5.3) and that we read: of two, a proxy in front may
 * believe the one and we the other. User-Agent is not among them: nothing hangs on it.
 */
enum single {
	SINGLE_AUTHORIZATION,
	SINGLE_CONTENT_TYPE,
	SINGLE_HOST,
	SINGLE_LENGTH,
	SINGLE_CODING,
	SINGLE_EXPECT,
	SINGLE_IDEMPOTENCY_KEY,
	SINGLE_ORIGIN,
	SINGLE_TWILIO_SIGNATURE,
	SINGLE_COUNT
};

#define SINGLE(name)                                                                     \
	{                                                                                \
		name, sizeof(name) - 1, "the field " name " may come once"               \
	}
static const struct {
	const char *name;
	size_t len;
	const char *fault;
} singles[SINGLE_COUNT] = {
    [SINGLE_AUTHORIZATION] = SINGLE("Authorization"),
    [SINGLE_CONTENT_TYPE] = SINGLE("Content-Type"),
    [SINGLE_HOST] = SINGLE("Host"),
    [SINGLE_LENGTH] = SINGLE("Content-Length"),
    [SINGLE_CODING] = SINGLE("Transfer-Encoding"),
    [SINGLE_EXPECT] = SINGLE("Expect"),
    [SINGLE_IDEMPOTENCY_KEY] = SINGLE("Idempotency-Key"),
    [SINGLE_ORIGIN] = SINGLE("Origin"),
    [SINGLE_TWILIO_SIGNATURE] = SINGLE("X-Twilio-Signature"),
};
#undef SINGLE

/* SINGLE_COUNT: none of them. */
static enum single
find_single(struct span name)
{
	enum single i = 0;

	while (i < SINGLE_COUNT &&
	       (name.len != singles[i].len ||
		   strncasecmp(name.ptr, singles[i].name, name.len) != 0))
		i++;
	return i;
}

static bool
has(const struct http_reader *r, enum single field)
{
	return (r->seen & 1u << field) != 0;
}

static void
take_header(struct http_reader *r, struct span name, struct span value)
{
	enum single field = find_single(name);

	if (field == SINGLE_COUNT)
		return;
	if (has(r, field))
		r->twice = singles[field].fault;
	r->seen |= 1u << field;
	if (field == SINGLE_AUTHORIZATION)
		r->authorization = value;
	else if (field == SINGLE_CONTENT_TYPE)
		r->content_type = value;
	else if (field == SINGLE_HOST)
		r->host = value;
	else if (field == SINGLE_LENGTH)
		r->bad_length = !is_length(value);
	else if (field == SINGLE_CODING)
		r->chunked = span_equal_nocase(value, "chunked");
	else if (field == SINGLE_EXPECT)
		r->wants_continue = span_equal_nocase(value, "100-continue");
}

static const char *
framing_fault(const struct http_reader *r)
{
	bool old = r->parser.http_major == 1 && r->parser.http_minor == 0;

	if (r->parser.http_major != 1 || r->parser.http_minor > 1)
		return "the version of HTTP is not 1.0 or 1.1";
	if (r->twice != NULL)
		return r->twice;
	if (!has(r, SINGLE_HOST) && !old)
		return "exactly one Host header is needed";
	if (!is_host(r->host))
		return "the Host header is not a host";
	if (has(r, SINGLE_LENGTH) && has(r, SINGLE_CODING))
		return "Content-Length beside Transfer-Encoding";
	if (has(r, SINGLE_CODING) && (!r->chunked || old))
		return "the only Transfer-Encoding is chunked, once, in HTTP/1.1";
	if (r->bad_length)
		return "Content-Length is not one decimal number";
	return NULL;
}

static bool
is_connect(struct span method)
{
	return span_equal_text(method, "CONNECT");
}

/* ---- http-parser's callbacks ---- */

static int
on_url(http_parser *p, const char *at, size_t len)
{
	struct http_reader *r = p->data;

	r->target = (struct span){at, len};
	return 0;
}

static int
on_field(http_parser *p, const char *at, size_t len)
{
	struct http_reader *r = p->data;

	r->field = (struct span){at, len};
	return 0;
}

static int
on_value(http_parser *p, const char *at, size_t len)
{
	struct http_reader *r = p->data;
	struct header h = {r->field, span_trim((struct span){at, len})};

	if (r->header_count == HTTP_HEADERS_MAX) {
		fail(r, ERR_HEADERS_TOO_LARGE, "there are more than 100 header fields");
		return -1;
	}
	r->headers[r->header_count++] = h;
	take_header(r, h.name, h.value);
	return 0;
}

static int
on_head(http_parser *p)
{
	struct http_reader *r = p->data;
	const char *fault = framing_fault(r);

	if (fault != NULL) {
		fail(r, ERR_FRAMING, fault);
		return -1;
	}
	if (has(r, SINGLE_LENGTH) && p->content_length > r->body_max) {
		fail(r, ERR_TOO_LARGE, NULL);
		return -1;
	}
	r->method = r->other_method.len > 0
			? r->other_method
			: span_of(http_method_str((enum http_method)p->method));
	r->is_head = p->method == HTTP_HEAD;
	r->keep_alive = http_should_keep_alive(p) != 0 && !is_connect(r->method);
	r->left = has(r, SINGLE_LENGTH) ? (size_t)p->content_length : 0;
	r->stage = r->left > 0 || r->chunked ? HTTP_STAGE_BODY : HTTP_STAGE_DONE;
	return 1; /* the body is ours */
}

static const http_parser_settings settings = {
    .on_url = on_url,
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
};

/* ---- head ---- */

/* Through the end of the empty line, or 0 when it has not come. */
static size_t
find_end(const struct http_reader *r, size_t seen)
{
	size_t from = seen < 3 ? 0 : seen - 3;
	const char *end = memmem(r->head.ptr + from, r->head.len - from, "\r\n\r\n", 4);

	return end == NULL ? 0 : (size_t)(end - r->head.ptr) + 4;
}

/*
 * Of an absolute target what follows the authority counts (RFC 9112 3.2.2), which ends at
 * a slash, a query or a fragment (RFC 3986 3.2). False: it names no host.
 */
static bool
drop_authority(struct http_reader *r)
{
	struct span t = r->target;
	struct span authority;
	size_t scheme = t.len > 7 && strncasecmp(t.ptr, "http://", 7) == 0 ? 7 : 0;

	if (scheme == 0 && t.len > 8 && strncasecmp(t.ptr, "https://", 8) == 0)
		scheme = 8;
	if (scheme == 0)
		return true;
	authority = (struct span){t.ptr + scheme, 0};
	while (scheme + authority.len < t.len &&
	       strchr("/?#", authority.ptr[authority.len]) == NULL)
		authority.len++;
	r->target =
	    (struct span){authority.ptr + authority.len, t.len - scheme - authority.len};
	return authority.len > 0 && is_host(authority);
}

static struct span
first_word(const struct http_reader *r)
{
	struct span word = {r->head.ptr, 0};

	while (word.len < r->head.len && word.ptr[word.len] > ' ')
		word.len++;
	return word;
}

/*
 * http-parser knows a list of methods. Another token is a method all the same, which the
 * URL does not offer (RFC 9110 15.5.6); CONNECT is taken for such a one, as its target
 * would have a form of its own.
 */
static void
parse_head(struct http_reader *r)
{
	struct span method = first_word(r);
	size_t rest = r->head.len - method.len;

	if (!is_connect(method)) {
		(void)http_parser_execute(
		    &r->parser, &settings, r->head.ptr, r->head.len);
		if (HTTP_PARSER_ERRNO(&r->parser) != HPE_INVALID_METHOD ||
		    !is_token(method))
			return;
	}
	http_parser_init(&r->parser, HTTP_REQUEST);
	r->parser.data = r;
	r->other_method = method;
	(void)http_parser_execute(&r->parser, &settings, "GET", 3);
	(void)http_parser_execute(&r->parser, &settings, r->head.ptr + method.len, rest);
}

static void
read_head(struct http_reader *r)
{
	check_lines(r);
	if (r->stage == HTTP_STAGE_BROKEN)
		return;
	parse_head(r);
	if (r->stage == HTTP_STAGE_HEAD)
		fail(r, ERR_FRAMING,
		    http_errno_description(HTTP_PARSER_ERRNO(&r->parser)));
	if (!drop_authority(r))
		fail(r, ERR_FRAMING, "the URL names no host");
}

static size_t
feed_head(struct http_reader *r, struct span s)
{
	size_t seen = r->head.len;
	size_t room = HTTP_HEAD_MAX - seen;
	size_t end;

	buf_add(&r->head, s.ptr, s.len < room ? s.len : room);
	end = find_end(r, seen);
	if (end == 0) {
		if (r->head.len == HTTP_HEAD_MAX)
			fail(r, ERR_HEADERS_TOO_LARGE, NULL);
		return r->head.len - seen;
	}
	secret_wipe(r->head.ptr + end, r->head.len - end);
	r->head.len = end;
	read_head(r);
	return end - seen;
}

/* ---- body ---- */

static size_t
feed_chunked(struct http_reader *r, struct span s)
{
	size_t used;
	enum err e = http_chunked_feed(&r->chunks, s, &r->body, &used);

	if (e == ERR_FRAMING)
		fail(r, e, "a chunk of the body is malformed");
	else if (e != OK)
		fail(r, e, NULL);
	else if (r->chunks.at == CHUNKED_DONE)
		r->stage = HTTP_STAGE_DONE;
	return used;
}

static size_t
feed_body(struct http_reader *r, struct span s)
{
	size_t n = s.len < r->left ? s.len : r->left;

	if (r->chunked)
		return feed_chunked(r, s);
	buf_add(&r->body, s.ptr, n);
	INVARIANT(!r->body.failed);
	r->left -= n;
	if (r->left == 0)
		r->stage = HTTP_STAGE_DONE;
	return n;
}

/* Empty lines before a request are not part of it (RFC 9112 2.2). */
static size_t
skip_empty_lines(struct span s)
{
	size_t n = 0;

	while (n < s.len && (s.ptr[n] == '\r' || s.ptr[n] == '\n'))
		n++;
	return n;
}

size_t
http_reader_feed(struct http_reader *r, struct span octets)
{
	size_t used = 0;

	CHECK_OBJ(r, READER_MAGIC);
	if (r->stage == HTTP_STAGE_START)
		used = skip_empty_lines(octets);
	while (used < octets.len && r->stage < HTTP_STAGE_DONE) {
		struct span rest = {octets.ptr + used, octets.len - used};

		if (r->stage == HTTP_STAGE_START)
			r->stage = HTTP_STAGE_HEAD;
		used +=
		    r->stage == HTTP_STAGE_HEAD ? feed_head(r, rest) : feed_body(r, rest);
	}
	return used;
}

void
http_reader_guess_target(struct http_reader *r)
{
	const char *at = r->head.ptr;
	const char *end;
	const char *space;

	CHECK_OBJ(r, READER_MAGIC);
	end = r->head.len == 0 ? NULL : memchr(at, '\r', r->head.len);
	space = end == NULL ? NULL : memchr(at, ' ', (size_t)(end - at));
	if (space == NULL || r->method.ptr != NULL)
		return;
	r->method = (struct span){at, (size_t)(space - at)};
	r->is_head = span_equal_text(r->method, "HEAD");
	at = space + 1;
	space = memchr(at, ' ', (size_t)(end - at));
	if (space == NULL || r->target.ptr != NULL)
		return;
	r->target = (struct span){at, (size_t)(space - at)};
	(void)drop_authority(r);
}

void
http_reader_init(struct http_reader *r, size_t body_max)
{
	*r = (struct http_reader){.magic = READER_MAGIC, .body_max = body_max};
	buf_init(&r->head, HTTP_HEAD_MAX);
	buf_init(&r->body, body_max);
	http_reader_next(r);
}

void
http_reader_fini(struct http_reader *r)
{
	CHECK_OBJ(r, READER_MAGIC);
	buf_fini(&r->head);
	buf_fini(&r->body);
}

/* Empty; what an unusual request took is given back. */
static void
empty(struct buf *b)
{
	size_t len_max = b->len_max;

	if (b->capacity <= KEPT_CAPACITY_MAX) {
		buf_reset(b);
		return;
	}
	buf_fini(b);
	buf_init(b, len_max);
}

void
http_reader_next(struct http_reader *r)
{
	CHECK_OBJ(r, READER_MAGIC);
	empty(&r->head);
	empty(&r->body);
	memset((char *)r + offsetof(struct http_reader, stage), 0,
	    offsetof(struct http_reader, headers) - offsetof(struct http_reader, stage));
	http_parser_init(&r->parser, HTTP_REQUEST);
	r->parser.data = r;
}

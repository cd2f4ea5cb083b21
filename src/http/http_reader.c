/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_reader.h"

#include "base/secret.h"

/* llhttp, or its ancestor where there is no llhttp. */
#ifdef HAVE_LLHTTP
#include <llhttp.h>
#define PARSER llhttp_t
#define PARSER_SETTINGS llhttp_settings_t
#else
#include <http_parser.h>
#define PARSER http_parser
#define PARSER_SETTINGS http_parser_settings
#endif

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

/* ---- rules that are ours ---- */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_token(struct span s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (!is_letter(c) && !is_digit(c) &&
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

/* Digits, and spaces up to the end of the line: a tab there is refused by the parsers. */
static bool
is_length(struct span s)
{
	const char *end = s.ptr + s.len;

	for (size_t i = 0; i < s.len; i++)
		if (!is_digit(s.ptr[i]))
			return false;
	while (*end == ' ')
		end++;
	return s.len > 0 && s.len <= LENGTH_DIGITS_MAX && *end == '\r';
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
take_single(struct http_reader *r, enum single field, struct span value)
{
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
		r->length = value;
	else if (field == SINGLE_CODING)
		r->chunked = span_equal_nocase(value, "chunked");
	else if (field == SINGLE_EXPECT)
		r->wants_continue = span_equal_nocase(value, "100-continue");
}

/* The options of a Connection field (RFC 9110 7.6.1) that say how long it lasts. */
static void
take_connection(struct http_reader *r, struct span value)
{
	while (value.len > 0) {
		const char *comma = memchr(value.ptr, ',', value.len);
		size_t len = comma == NULL ? value.len : (size_t)(comma - value.ptr);
		struct span option = span_trim((struct span){value.ptr, len});

		r->says_close |= span_equal_nocase(option, "close");
		r->says_keep_alive |= span_equal_nocase(option, "keep-alive");
		len += comma != NULL;
		value = (struct span){value.ptr + len, value.len - len};
	}
}

static void
take_header(struct http_reader *r, struct span name, struct span value)
{
	enum single field = find_single(name);

	r->line_count++;
	if (r->line_count > HTTP_HEADERS_MAX)
		fail(r, ERR_HEADERS_TOO_LARGE, "there are more than 100 header fields");
	if (field != SINGLE_COUNT)
		take_single(r, field, value);
	else if (span_equal_nocase(name, "Connection"))
		take_connection(r, value);
}

static void
read_header_line(struct http_reader *r, struct span line)
{
	const char *colon = memchr(line.ptr, ':', line.len);
	struct span name = {line.ptr, colon == NULL ? 0 : (size_t)(colon - line.ptr)};

	if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
		fail(r, ERR_FRAMING, "a header line is folded");
	else if (colon == NULL || !is_token(name))
		fail(r, ERR_FRAMING, "a header name is not a token");
	else
		take_header(r, name,
		    span_trim((struct span){colon + 1, line.len - name.len - 1}));
}

static bool
is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\t') || c == 0x7f;
}

/* Lines end in CR LF and nothing else does; `head` ends with an empty line. The length of
 * the first one is in *first_out. */
static void
read_lines(struct http_reader *r, size_t *first_out)
{
	const char *at = r->head.ptr;
	const char *end = r->head.ptr + r->head.len - 2;

	while (at < end && r->stage != HTTP_STAGE_BROKEN) {
		const char *stop = at;

		while (!is_control(*stop))
			stop++;
		if (stop[0] != '\r' || stop[1] != '\n')
			fail(r, ERR_FRAMING,
			    "a control character in the request line or headers");
		else if (at == r->head.ptr)
			*first_out = (size_t)(stop - at);
		else
			read_header_line(r, (struct span){at, (size_t)(stop - at)});
		at = stop + 2;
	}
}

/*
 * The target begins with a slash or an asterisk or is absolute (RFC 9112 3.2). CONNECT's
 * has a form of its own, for which nothing here has a use.
 */
static bool
is_target(struct span s)
{
	size_t scheme = 0;

	if (memchr(s.ptr, '\t', s.len) != NULL)
		return false;
	if (s.len > 0 && (s.ptr[0] == '/' || s.ptr[0] == '*'))
		return true;
	while (scheme < s.len && is_letter(s.ptr[scheme]))
		scheme++;
	return scheme > 0 && s.len > scheme + 3 && memcmp(s.ptr + scheme, "://", 3) == 0;
}

/* "HTTP/", a digit, a point and a digit, in capitals (RFC 9112 2.3). */
static bool
is_version(struct span s)
{
	return s.len == 8 && memcmp(s.ptr, "HTTP/", 5) == 0 && is_digit(s.ptr[5]) &&
	       s.ptr[6] == '.' && is_digit(s.ptr[7]);
}

/* The word that the line begins with, which is then less by that and the spaces behind.
 */
static struct span
take_word(struct span *line)
{
	struct span word = {line->ptr, 0};
	size_t used;

	while (word.len < line->len && line->ptr[word.len] != ' ')
		word.len++;
	used = word.len;
	while (used < line->len && line->ptr[used] == ' ')
		used++;
	*line = (struct span){line->ptr + used, line->len - used};
	return word;
}

/*
 * METHOD TARGET VERSION (RFC 9112 3). Any token is a method, also one that no URL offers
 * (RFC 9110 15.5.6).
 */
static void
read_request_line(struct http_reader *r, struct span line)
{
	struct span method = take_word(&line);
	struct span target = take_word(&line);

	if (!is_token(method)) {
		fail(r, ERR_FRAMING, "the method is not a token");
		return;
	}
	r->method = method;
	r->is_head = span_equal_text(method, "HEAD");
	if (!is_target(target)) {
		fail(r, ERR_FRAMING, "the URL is neither a path nor absolute");
		return;
	}
	r->target = target;
	if (!is_version(line)) {
		fail(r, ERR_FRAMING, "the request line does not end in HTTP/1.1");
		return;
	}
	r->is_old = line.ptr[5] == '1' && line.ptr[7] == '0';
	if (line.ptr[5] != '1' || line.ptr[7] > '1')
		fail(r, ERR_FRAMING, "the version of HTTP is not 1.0 or 1.1");
}

static const char *
framing_fault(const struct http_reader *r)
{
	if (r->twice != NULL)
		return r->twice;
	if (!has(r, SINGLE_HOST) && !r->is_old)
		return "exactly one Host header is needed";
	if (!is_host(r->host))
		return "the Host header is not a host";
	if (has(r, SINGLE_LENGTH) && has(r, SINGLE_CODING))
		return "Content-Length beside Transfer-Encoding";
	if (has(r, SINGLE_CODING) && (!r->chunked || r->is_old))
		return "the only Transfer-Encoding is chunked, once, in HTTP/1.1";
	if (has(r, SINGLE_LENGTH) && !is_length(r->length))
		return "Content-Length is not one decimal number";
	return NULL;
}

static bool
is_connect(struct span method)
{
	return span_equal_text(method, "CONNECT");
}

/* Whether the connection goes on after the answer (RFC 9112 9.3). */
static bool
may_keep_alive(const struct http_reader *r)
{
	if (r->says_close || is_connect(r->method))
		return false;
	return !r->is_old || r->says_keep_alive;
}

/* ---- the parser's callbacks ---- */

static int
on_field(PARSER *p, const char *at, size_t len)
{
	struct http_reader *r = p->data;

	r->field = (struct span){at, len};
	return 0;
}

static int
on_value(PARSER *p, const char *at, size_t len)
{
	struct http_reader *r = p->data;
	struct header h = {r->field, span_trim((struct span){at, len})};

	if (r->header_count == r->line_count)
		return -1;
	r->headers[r->header_count++] = h;
	return 0;
}

/* The body is ours. */
static int
on_head(PARSER *p)
{
	struct http_reader *r = p->data;

	r->is_parsed = r->header_count == r->line_count;
	return -1;
}

static const PARSER_SETTINGS settings = {
    .on_header_field = on_field,
    .on_header_value = on_value,
    .on_headers_complete = on_head,
};

static const char any_request[] = "GET / HTTP/1.1\r\n";

#ifdef HAVE_LLHTTP
static void
parse_fields(struct http_reader *r, const char *at, size_t len)
{
	llhttp_t parser;

	llhttp_init(&parser, HTTP_REQUEST, &settings);
	parser.data = r;
	(void)llhttp_execute(&parser, any_request, sizeof(any_request) - 1);
	(void)llhttp_execute(&parser, at, len);
}
#else
static void
parse_fields(struct http_reader *r, const char *at, size_t len)
{
	http_parser parser;

	http_parser_init(&parser, HTTP_REQUEST);
	parser.data = r;
	(void)http_parser_execute(
	    &parser, &settings, any_request, sizeof(any_request) - 1);
	(void)http_parser_execute(&parser, &settings, at, len);
}
#endif

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
 * An absolute target counts from behind its authority (RFC 9112 3.2.2), which ends at a
 * slash or a query (RFC 3986 3.2); a fragment there is refused. False: it names no host.
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
	       strchr("/?", authority.ptr[authority.len]) == NULL)
		authority.len++;
	r->target =
	    (struct span){authority.ptr + authority.len, t.len - scheme - authority.len};
	return authority.len > 0 && is_host(authority);
}

/* The length has so few digits that it cannot overflow. */
static size_t
length_of(struct span digits)
{
	size_t length = 0;

	for (size_t i = 0; i < digits.len; i++)
		length = length * 10 + (size_t)(digits.ptr[i] - '0');
	return length;
}

static void
begin_body(struct http_reader *r)
{
	r->left = length_of(r->length);
	r->keep_alive = may_keep_alive(r);
	if (r->left > r->body_max)
		fail(r, ERR_TOO_LARGE, NULL);
	else
		r->stage = r->left > 0 || r->chunked ? HTTP_STAGE_BODY : HTTP_STAGE_DONE;
}

/*
 * The grammar of a head is decided here and is the same whichever parser there is. The
 * parser then splits the fields as a second reader, who has to find the same ones.
 */
static void
read_head(struct http_reader *r)
{
	size_t first = 0;
	const char *fault;

	read_lines(r, &first);
	if (r->stage == HTTP_STAGE_BROKEN)
		return;
	read_request_line(r, (struct span){r->head.ptr, first});
	if (r->target.ptr != NULL && !drop_authority(r))
		fail(r, ERR_FRAMING, "the URL names no host");
	fault = framing_fault(r);
	if (fault != NULL)
		fail(r, ERR_FRAMING, fault);
	if (r->stage == HTTP_STAGE_BROKEN)
		return;
	parse_fields(r, r->head.ptr + first + 2, r->head.len - first - 2);
	if (r->is_parsed)
		begin_body(r);
	else
		fail(r, ERR_FRAMING, HTTP_READERS_DIFFER);
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
}

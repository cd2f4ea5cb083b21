/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader octet by octet: the same request whatever the pieces it came in, and no
 * input that makes it read where it should not. Refusals and their words are in
 * test/api/test_framing.py.
 */
#include "http/http_reader.h"
#include "unit/unit.h"

#include <stdio.h>

enum { BODY_MAX = 1000, MUTATIONS = 200000 };

#define HEADS_DIGEST UINT64_C(0x967c7754909b8902)

static const char *const good[] = {
    "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /2fa/2/pin?ncNeeded=true HTTP/1.1\r\nHost: [::1]:8080\r\nAuthorization:  App k "
    "\r\n"
    "content-type: application/json\r\nContent-Length: 12\r\n\r\n{\"name\":\"x\"}",
    "POST / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n"
    "4;a=\"b\"\r\n{\"na\r\n008\r\nme\":\"x\"}\r\n0\r\nTrailer: y\r\n\r\n",
    "\r\n\r\nPUT http://x/y HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "
    "0\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
};

/* Feeds pieces of `step` octets; what is left over, or -1 when it broke. */
static long
feed(struct http_reader *r, struct span s, size_t step)
{
	size_t at = 0;

	while (at < s.len && r->stage < HTTP_STAGE_DONE) {
		size_t n = s.len - at < step ? s.len - at : step;

		/* a copy of just that size, so that reading over its end is seen */
		char *piece = mem_array(n, 1);

		memcpy(piece, s.ptr + at, n);
		n = http_reader_feed(r, (struct span){piece, n});
		mem_free(piece);
		at += n;
	}
	return r->stage == HTTP_STAGE_BROKEN ? -1 : (long)(s.len - at);
}

static void
test_pieces_do_not_matter(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		struct span s = span_of(good[i]);

		for (size_t step = 1; step <= s.len; step++) {
			struct http_reader r;

			http_reader_init(&r, BODY_MAX);
			check_case(i, feed(&r, s, step) == 0);
			check_case(i, r.stage == HTTP_STAGE_DONE);
			http_reader_fini(&r);
		}
	}
}

static void
test_what_is_read(void **state)
{
	struct http_reader r;

	(void)state;
	http_reader_init(&r, BODY_MAX);
	feed(&r, span_of(good[1]), 7);
	assert_true(span_equal_text(r.method, "POST"));
	assert_true(span_equal_text(r.target, "/2fa/2/pin?ncNeeded=true"));
	assert_true(span_equal_text(r.authorization, "App k"));
	assert_true(span_equal_text(r.content_type, "application/json"));
	assert_true(span_equal_text(buf_span(&r.body), "{\"name\":\"x\"}"));
	assert_true(r.keep_alive);
	http_reader_next(&r);
	assert_int_equal(r.stage, HTTP_STAGE_START);
	feed(&r, span_of(good[2]), 3);
	assert_true(span_equal_text(buf_span(&r.body), "{\"name\":\"x\"}"));
	http_reader_next(&r);
	feed(&r, span_of(good[3]), 1000);
	assert_true(span_equal_text(r.target, "/y"));
	assert_false(r.keep_alive);
	http_reader_fini(&r);
}

static void
test_headers_by_name(void **state)
{
	struct http_reader r;

	(void)state;
	http_reader_init(&r, BODY_MAX);
	feed(&r,
	    SPAN("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: \t 192.0.2.1, ::1 \r\n"
		 "Empty:\r\nx-forwarded-for: second\r\n\r\n"),
	    3);
	assert_int_equal(r.stage, HTTP_STAGE_DONE);
	assert_int_equal(r.header_count, 4);
	assert_true(span_equal_text(
	    header_find(r.headers, r.header_count, "x-forwarded-FOR"), "192.0.2.1, ::1"));
	assert_int_equal(header_find(r.headers, r.header_count, "Empty").len, 0);
	assert_null(header_find(r.headers, r.header_count, "X-Forwarded").ptr);
	http_reader_next(&r);
	assert_int_equal(r.header_count, 0);
	http_reader_fini(&r);
}

static void
test_as_many_headers_as_there_may_be(void **state)
{
	(void)state;
	for (int count = HTTP_HEADERS_MAX - 1; count <= HTTP_HEADERS_MAX + 1; count++) {
		struct http_reader r;
		struct buf head;

		buf_init(&head, HTTP_HEAD_MAX);
		buf_add_text(&head, "GET / HTTP/1.1\r\nHost: x\r\n");
		for (int i = 1; i < count; i++)
			buf_printf(&head, "A%d: b\r\n", i);
		buf_add_text(&head, "\r\n");
		http_reader_init(&r, BODY_MAX);
		feed(&r, buf_span(&head), 1000);
		assert_int_equal(
		    r.err, count <= HTTP_HEADERS_MAX ? OK : ERR_HEADERS_TOO_LARGE);
		http_reader_fini(&r);
		buf_fini(&head);
	}
}

static void
test_the_next_request_is_left_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		struct http_reader r;
		struct buf both;
		size_t len = strlen(good[i]);

		buf_init(&both, 10000);
		buf_add_text(&both, good[i]);
		buf_add_text(&both, good[0]);
		http_reader_init(&r, BODY_MAX);
		check_case(i, http_reader_feed(&r, buf_span(&both)) == len);
		check_case(i, r.stage == HTTP_STAGE_DONE);
		check_case(i, http_reader_feed(&r, buf_span(&both)) == 0);
		buf_fini(&both);
		http_reader_fini(&r);
	}
}

/* Heads that two parsers might read in two ways, or one of them refuse. */
static const char *const odd[] = {
    "GET /a\x80?b#c HTTP/1.1\r\nHost: x\r\nConnection: , close ,\tUpgrade\r\nUpgrade: "
    "h2c\r\n"
    "\r\n",
    "PUT  *  HTTP/1.1\r\nHost:\tx\r\nProxy-Connection: close\r\nEmpty:\r\nBlank: \t \r\n"
    "Content-Length: \t7 \r\n\r\n{\"a\":1}",
    "M-SEARCH / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\tChunked \r\nA: "
    "\xff\x80\r\n\r\n"
    "0\r\n\r\n",
    "SOURCE / HTTP/1.0\r\nConnection: keep-alive\r\nconnection:close\r\nkeep-alive: "
    "5\r\n\r\n",
    "CONNECT / HTTP/1.1\r\nHost: x\r\nContent-Length: 00000\r\nUpgrade:\r\n\r\n",
};

static void
digest_add(uint64_t *digest, struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		*digest = (*digest ^ (unsigned char)s.ptr[i]) * UINT64_C(1099511628211);
	*digest = (*digest ^ 256) * UINT64_C(1099511628211);
}

static void
digest_head(uint64_t *digest, const struct http_reader *r)
{
	char said[64];

	snprintf(said, sizeof(said), "%d %d %d %zu %u", r->stage, r->err, r->keep_alive,
	    r->body.len, r->header_count);
	digest_add(digest, span_of(said));
	digest_add(digest, r->method);
	digest_add(digest, r->target);
	for (unsigned i = 0; i < r->header_count; i++) {
		digest_add(digest, r->headers[i].name);
		digest_add(digest, r->headers[i].value);
	}
}

/* Mutated by octets that mean something in a head. */
static struct span
mutated_head(struct dice *dice, char *octets)
{
	static const char any[] = " \t\r\n:,;/0159aC-+_#?\x80\x7f";
	size_t which = (size_t)dice_between(dice, 0, countof(odd) + countof(good) - 1);
	struct span s =
	    span_of(which < countof(odd) ? odd[which] : good[which - countof(odd)]);

	memcpy(octets, s.ptr, s.len);
	for (int64_t n = dice_between(dice, 0, 3); n > 0; n--)
		octets[dice_between(dice, 0, (int64_t)s.len - 1)] =
		    any[dice_between(dice, 0, sizeof(any) - 2)];
	return (struct span){octets, s.len};
}

/*
 * Each parser that the build may find answers the same: it refuses nothing that our rules
 * let through, and of many heads the sum of what was read is this number with every one.
 */
static void
test_the_parser_decides_nothing(void **state)
{
	struct dice dice = {11};
	uint64_t digest = UINT64_C(14695981039346656037);
	char octets[512];
	int read = 0;

	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		struct span s = mutated_head(&dice, octets);
		struct http_reader r;

		http_reader_init(&r, BODY_MAX);
		feed(&r, s, s.len);
		if (r.why != NULL && strcmp(r.why, HTTP_READERS_DIFFER) == 0)
			fail_msg("refused by the parser alone: %.*s", (int)s.len, s.ptr);
		digest_head(&digest, &r);
		read += r.stage == HTTP_STAGE_DONE;
		http_reader_fini(&r);
	}
	assert_in_range(read, MUTATIONS / 10, MUTATIONS);
	if (digest != HEADS_DIGEST)
		fail_msg("%d heads were read, with the digest %#llx", read,
		    (unsigned long long)digest);
}

/* Whatever comes, a body is never over its bound and a broken reader says why. */
static void
test_mutations(void **state)
{
	struct dice dice = {7};
	char octets[512];

	(void)state;
	for (int i = 0; i < MUTATIONS; i++) {
		struct span s = span_of(good[dice_between(&dice, 0, countof(good) - 1)]);
		struct http_reader r;

		memcpy(octets, s.ptr, s.len);
		for (int64_t n = dice_between(&dice, 1, 4); n > 0; n--)
			octets[dice_between(&dice, 0, (int64_t)s.len - 1)] =
			    (char)dice_between(&dice, 0, 255);
		s.ptr = octets;
		s.len = (size_t)dice_between(&dice, 1, (int64_t)s.len);
		http_reader_init(&r, 8);
		feed(&r, s, (size_t)dice_between(&dice, 1, 100));
		assert_true(r.body.len <= 8);
		assert_true(r.stage != HTTP_STAGE_BROKEN || r.err != OK);
		assert_true(r.err != ERR_FRAMING || r.why != NULL);
		http_reader_fini(&r);
	}
}

static void
test_bounds(void **state)
{
	static const char chunked[] =
	    "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
	struct http_reader r;
	long left = 0;

	(void)state;
	http_reader_init(&r, BODY_MAX);
	feed(&r, SPAN("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n"), 5);
	assert_int_equal(r.err, ERR_TOO_LARGE);
	http_reader_fini(&r);

	http_reader_init(&r, BODY_MAX);
	feed(&r, SPAN(chunked), 50);
	for (int i = 0; i < 20000 && left == 0; i++)
		left = feed(&r, SPAN("1;xxxxxxxxxxxxxxxxxxxx\r\n \r\n"), 50);
	assert_int_equal(r.err, ERR_TOO_LARGE);
	http_reader_fini(&r);

	http_reader_init(&r, BODY_MAX);
	left = 0;
	for (int i = 0; i < 20000 && left == 0; i++)
		left = feed(&r, SPAN("GET "), 50);
	assert_int_equal(r.err, ERR_HEADERS_TOO_LARGE);
	http_reader_fini(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pieces_do_not_matter),
	    cmocka_unit_test(test_what_is_read),
	    cmocka_unit_test(test_headers_by_name),
	    cmocka_unit_test(test_as_many_headers_as_there_may_be),
	    cmocka_unit_test(test_the_next_request_is_left_alone),
	    cmocka_unit_test(test_the_parser_decides_nothing),
	    cmocka_unit_test(test_mutations),
	    cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

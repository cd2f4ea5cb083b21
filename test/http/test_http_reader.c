/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader octet by octet: the same request whatever the pieces it came in, and no
 * input that makes it read where it should not. What it refuses, and with which words,
 * is in test/api/test_framing.py.
 */
#include "http/http_reader.h"
#include "unit/unit.h"

enum { BODY_MAX = 1000, MUTATIONS = 200000 };

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
	    cmocka_unit_test(test_mutations),
	    cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

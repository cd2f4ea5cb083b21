/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as a client sends it, head and chunks: whole, and in pieces of the size
 * that the first octet names, it is the same request or the same refusal, and never one
 * that the parser of the build decided alone.
 */
#include "fuzz.h"
#include "http/http_reader.h"

enum { BODY_MAX = 2000 };

static size_t
feed(struct http_reader *r, struct span octets, size_t step)
{
	size_t at = 0;

	while (at < octets.len && r->stage < HTTP_STAGE_DONE) {
		size_t n = octets.len - at < step ? octets.len - at : step;
		struct span piece = fuzz_copy(octets.ptr + at, n);

		n = http_reader_feed(r, piece);
		fuzz_forget(piece);
		at += n;
	}
	return at;
}

static void
same_span(struct span a, struct span b)
{
	INVARIANT(span_equal(a, b));
}

static void
same_request(const struct http_reader *a, const struct http_reader *b)
{
	same_span(a->method, b->method);
	same_span(a->target, b->target);
	same_span(a->host, b->host);
	same_span(a->authorization, b->authorization);
	same_span(buf_span(&a->body), buf_span(&b->body));
	INVARIANT(a->header_count == b->header_count && a->keep_alive == b->keep_alive);
	INVARIANT(a->body.len <= BODY_MAX);
}

static void
same_refusal(const struct http_reader *a, const struct http_reader *b)
{
	INVARIANT(a->err == b->err && (a->why != NULL || a->err != ERR_FRAMING));
	INVARIANT(a->why == NULL || strcmp(a->why, HTTP_READERS_DIFFER) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input in = {data, len};
	size_t step = (size_t)fuzz_octet(&in) + 1;
	struct span octets = {(const char *)in.ptr, in.len};
	struct http_reader whole;
	struct http_reader pieces;
	size_t taken;

	http_reader_init(&whole, BODY_MAX);
	http_reader_init(&pieces, BODY_MAX);
	taken = feed(&whole, octets, in.len + 1);
	INVARIANT(feed(&pieces, octets, step) <= in.len && taken <= in.len);
	INVARIANT(whole.stage == pieces.stage);
	if (whole.stage == HTTP_STAGE_DONE)
		same_request(&whole, &pieces);
	if (whole.stage == HTTP_STAGE_BROKEN)
		same_refusal(&whole, &pieces);
	http_reader_guess_target(&whole);
	http_reader_fini(&whole);
	http_reader_fini(&pieces);
	return 0;
}

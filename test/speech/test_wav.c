/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings as programs write them, and as they must not be; what a line gets of them.
 */
#include <math.h>
#include <stdlib.h>

#include "speech/wav.h"
#include "unit/unit.h"

struct shape {
	unsigned tag;
	unsigned channels;
	unsigned hz;
	unsigned bits;
};

static void
put(struct buf *out, unsigned value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add_char(out, (char)(i < sizeof(value) ? value >> 8 * i & 0xff : 0));
}

static void
begin(struct buf *out, const struct shape *s, unsigned data_len)
{
	bool extensible = s->tag > 0xffff;

	buf_init(out, SIZE_MAX);
	buf_add_text(out, "RIFF....WAVELIST");
	put(out, 3, 4);
	buf_add(out, "abc\0", 4);
	buf_add_text(out, "fmt ");
	put(out, extensible ? 40 : 16, 4);
	put(out, extensible ? 0xfffe : s->tag, 2);
	put(out, s->channels, 2);
	put(out, s->hz, 4);
	put(out, s->hz * s->channels * s->bits / 8, 4);
	put(out, s->channels * s->bits / 8, 2);
	put(out, s->bits, 2);
	if (extensible) {
		put(out, 22, 8);
		put(out, s->tag >> 16, 4);
		put(out, 0, 12);
	}
	buf_add_text(out, "data");
	put(out, data_len, 4);
}

static void
test_each_coding(void **state)
{
	static const struct {
		struct shape shape;
		const char *octets;
		size_t len;
		int first;
		int second;
	} cases[] = {
	    {{1, 1, 8000, 16}, "\x34\x12\x00\x80", 4, 0x1234, -32768},
	    {{1, 2, 8000, 16}, "\x64\0\xc8\0\x9c\xff\x9c\xff", 8, 150, -100},
	    {{1, 1, 44100, 8}, "\x80\xff", 2, 0, 127 * 256},
	    {{1 << 16, 1, 8000, 16}, "\x34\x12\x00\x80", 4, 0x1234, -32768},
	    /* G.711: the largest of each sign, and nothing */
	    {{7, 1, 8000, 8}, "\x80\x00", 2, 32124, -32124},
	    {{7, 1, 8000, 8}, "\xff\x7f", 2, 0, 0},
	    {{6, 1, 8000, 8}, "\xaa\x2a", 2, 32256, -32256},
	    {{6, 1, 8000, 8}, "\xd5\x55", 2, 8, -8},
	    {{6, 1, 8000, 8}, "\xc5\x45", 2, 264, -264},
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *why = "";
		struct pcm pcm;
		struct buf b;

		begin(&b, &cases[i].shape, (unsigned)cases[i].len);
		buf_add(&b, cases[i].octets, cases[i].len);
		check_case(i, wav_read(buf_span(&b), &pcm, &why) == OK);
		check_case(i, pcm.count == 2 && pcm.hz == cases[i].shape.hz);
		check_case(i, pcm.samples[0] == cases[i].first);
		check_case(i, pcm.samples[1] == cases[i].second);
		pcm_fini(&pcm);
		buf_fini(&b);
	}
}

static void
test_what_cannot_be_read(void **state)
{
	static const struct {
		struct shape shape;
		unsigned data_len;
		enum err err;
		const char *why;
	} cases[] = {
	    {{1, 1, 8000, 16}, 5000, ERR_CORRUPT, "it is cut short"},
	    {{1, 1, 8000, 24}, 4, ERR_INVALID, "its samples are not "},
	    {{3, 1, 8000, 32}, 4, ERR_INVALID, "its samples are not "},
	    {{85, 1, 8000, 0}, 4, ERR_INVALID, "its samples are not "},
	    {{1, 0, 8000, 16}, 4, ERR_INVALID, "it has no channel"},
	    {{1, 9, 8000, 16}, 4, ERR_INVALID, "it has no channel"},
	    {{1, 1, 3999, 16}, 4, ERR_INVALID, "its rate is not"},
	    {{1, 1, 200000, 16}, 4, ERR_INVALID, "its rate is not"},
	};
	static const char *const none[] = {"", "RIFF", "RIFF....WAVE", "RIFF....WAVEdata",
	    "RIFF....WAVEdata\4\0\0\0abcd", "OggS....WAVE", "RIFF....WAVEfmt \1"};
	const char *why = "";
	struct pcm pcm;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct buf b;

		begin(&b, &cases[i].shape, cases[i].data_len);
		buf_add(&b, "abcd", 4);
		check_case(i, wav_read(buf_span(&b), &pcm, &why) == cases[i].err);
		check_case(i, strstr(why, cases[i].why) == why);
		buf_fini(&b);
	}
	for (size_t i = 0; i < countof(none); i++)
		check_case(i, wav_read(span_of(none[i]), &pcm, &why) != OK);
}

static void
test_a_stream_has_no_length_and_an_hour_is_too_much(void **state)
{
	static const struct shape shape = {1, 1, 8000, 16};
	const char *why = "";
	struct pcm pcm;
	struct buf b;

	(void)state;
	begin(&b, &shape, 0x7ffff000);
	buf_add(&b, "abcdef", 6);
	assert_int_equal(wav_read(buf_span(&b), &pcm, &why), OK);
	assert_int_equal(pcm.count, 3);
	pcm_fini(&pcm);
	for (size_t i = 0; i < 8000 * 61; i++)
		put(&b, 1, 2);
	assert_int_equal(wav_read(buf_span(&b), &pcm, &why), ERR_TOO_LARGE);
	buf_fini(&b);
}

static void
test_it_is_read_as_it_was_written(void **state)
{
	static const int16_t samples[] = {0, 1, -1, 32767, -32768};
	const char *why = "";
	struct pcm pcm;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	wav_write(&b, samples, countof(samples));
	assert_int_equal(wav_read(buf_span(&b), &pcm, &why), OK);
	assert_int_equal(pcm.hz, PCM_LINE_HZ);
	assert_int_equal(pcm.count, countof(samples));
	assert_memory_equal(pcm.samples, samples, sizeof(samples));
	pcm_fini(&pcm);
	buf_fini(&b);
}

/* ---- for the line ---- */

enum { BEFORE_MS = 500, TONE_MS = 400 };

/* Silence, a tone, silence. */
static struct pcm
tone(uint32_t hz, double pitch, double level)
{
	struct pcm p = {.hz = hz, .count = hz * (2 * BEFORE_MS + TONE_MS) / 1000};
	size_t from = hz * BEFORE_MS / 1000;

	p.samples = mem_array(p.count, sizeof(*p.samples));
	for (size_t i = from; i < from + hz * TONE_MS / 1000; i++)
		p.samples[i] = (int16_t)lrint(
		    level * sin(2 * 3.14159265358979 * pitch * (double)i / hz));
	return p;
}

/* Root of the mean square of the middle. */
static double
loudness(const struct pcm *p)
{
	double sum = 0;

	for (size_t i = p->count / 4; i < p->count * 3 / 4; i++)
		sum += (double)p->samples[i] * p->samples[i];
	return sqrt(sum / (double)(p->count / 2));
}

static void
test_the_line_gets_all_alike(void **state)
{
	static const struct {
		uint32_t hz;
		double level;
	} cases[] = {{8000, 3000}, {8000, 32767}, {16000, 400}, {22050, 32767},
	    {44100, 8000}, {48000, 20000}, {4000, 9000}, {192000, 9000}};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct pcm p = tone(cases[i].hz, 1000, cases[i].level);
		double loud;

		pcm_make_line(&p);
		loud = loudness(&p);
		check_case(i, p.hz == PCM_LINE_HZ);
		check_case(i, loud > 3500 && loud < 4700);
		/* the tone, and 25 ms on each side */
		check_case(i, abs((int)p.count - 8 * (TONE_MS + 50)) < 8 * 12);
		check_case(i, p.samples[0] == 0 && p.samples[p.count - 1] == 0);
		pcm_fini(&p);
	}
}

/* The part of a sound that is at one pitch, of 1. */
static double
share_at(const struct pcm *p, double pitch)
{
	double re = 0, im = 0, all = 0;

	for (size_t i = p->count / 4; i < p->count * 3 / 4; i++) {
		double at = 2 * 3.14159265358979 * pitch * (double)i / p->hz;

		re += p->samples[i] * cos(at);
		im += p->samples[i] * sin(at);
		all += (double)p->samples[i] * p->samples[i];
	}
	return (re * re + im * im) / (all * (double)(p->count / 4));
}

/* A tone that a line cannot carry would come back as another one, of 2000 Hz. */
static void
test_what_the_line_cannot_carry_is_not_folded_into_it(void **state)
{
	struct pcm p = tone(22050, 6000, 30000);
	struct pcm low = tone(22050, 300, 6000);

	(void)state;
	for (size_t i = 0; i < p.count; i++)
		p.samples[i] = (int16_t)((p.samples[i] + low.samples[i]) / 2);
	pcm_make_line(&p);
	assert_true(share_at(&p, 300) > 0.98);
	assert_true(share_at(&p, 2000) < 0.0001);
	pcm_fini(&p);
	pcm_fini(&low);
}

static void
test_silence_is_nothing(void **state)
{
	struct pcm silent = tone(16000, 1000, 20);
	struct pcm none = {.hz = 22050, .samples = mem_new(2)};

	(void)state;
	pcm_make_line(&silent);
	assert_int_equal(silent.count, 0);
	pcm_make_line(&none);
	assert_int_equal(none.count, 0);
	pcm_fini(&silent);
	pcm_fini(&none);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_coding),
	    cmocka_unit_test(test_what_cannot_be_read),
	    cmocka_unit_test(test_a_stream_has_no_length_and_an_hour_is_too_much),
	    cmocka_unit_test(test_it_is_read_as_it_was_written),
	    cmocka_unit_test(test_the_line_gets_all_alike),
	    cmocka_unit_test(test_what_the_line_cannot_carry_is_not_folded_into_it),
	    cmocka_unit_test(test_silence_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

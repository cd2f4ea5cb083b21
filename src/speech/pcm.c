/* SPDX-License-Identifier: Apache-2.0 */
#include "speech/pcm.h"

#include <math.h>
#include <speex/speex_resampler.h>

enum {
	QUALITY = 8, /* of the low-pass, 0 to 10 */
	CHUNK = 4096,
	PEAK_SILENT = 40,  /* of 32767: less is no sound */
	SILENT_PART = 100, /* of the peak: less is silence around the sound */
	MARGIN = PCM_LINE_HZ / 40,
	FADE = PCM_LINE_HZ / 200,
	LEVEL = 4000, /* root of the mean square: 18 dB below full scale */
	PEAK_MOST = 28000,
	GAIN_MOST = 16
};

void
pcm_fini(struct pcm *p)
{
	mem_free(p->samples);
	*p = (struct pcm){.hz = p->hz};
}

/* ---- to the line's rate ---- */

/* All that went in comes out when as much silence follows as the filter looks ahead. */
static size_t
run_resampler(SpeexResamplerState *r, const struct pcm *p, int16_t *out, size_t room)
{
	static const int16_t silence[CHUNK];
	size_t used = 0;
	size_t made = 0;
	bool ended = false;

	while (made < room && !ended) {
		bool flushing = used >= p->count;
		spx_uint32_t in_len = CHUNK;
		spx_uint32_t out_len =
		    (spx_uint32_t)(room - made > CHUNK ? CHUNK : room - made);

		if (!flushing && p->count - used < in_len)
			in_len = (spx_uint32_t)(p->count - used);
		speex_resampler_process_int(r, 0, flushing ? silence : p->samples + used,
		    &in_len, out + made, &out_len);
		used += in_len;
		made += out_len;
		ended = in_len == 0 && out_len == 0;
	}
	return made;
}

static void
resample(struct pcm *p)
{
	SpeexResamplerState *r;
	size_t room = (size_t)((uint64_t)p->count * PCM_LINE_HZ / p->hz);
	struct pcm out = {.hz = PCM_LINE_HZ};

	if (p->hz == PCM_LINE_HZ)
		return;
	r = speex_resampler_init(1, p->hz, PCM_LINE_HZ, QUALITY, NULL);
	RESOURCE(r != NULL);
	speex_resampler_skip_zeros(r);
	out.samples = mem_array(room, sizeof(*out.samples));
	out.count = run_resampler(r, p, out.samples, room);
	speex_resampler_destroy(r);
	pcm_fini(p);
	*p = out;
}

/* ---- no silence around it, and as loud as the others ---- */

static int
magnitude(int16_t sample)
{
	return sample < 0 ? -(int)sample : sample;
}

static int
peak_of(const struct pcm *p)
{
	int peak = 0;

	for (size_t i = 0; i < p->count; i++)
		if (magnitude(p->samples[i]) > peak)
			peak = magnitude(p->samples[i]);
	return peak;
}

static void
trim(struct pcm *p, int peak)
{
	int least = peak / SILENT_PART + 1;
	size_t begin = 0;
	size_t end = p->count;

	while (begin < end && magnitude(p->samples[begin]) < least)
		begin++;
	while (end > begin && magnitude(p->samples[end - 1]) < least)
		end--;
	begin = begin > MARGIN ? begin - MARGIN : 0;
	end = p->count - end > MARGIN ? end + MARGIN : p->count;
	p->count = end - begin;
	memmove(p->samples, p->samples + begin, p->count * sizeof(*p->samples));
}

static double
gain_of(const struct pcm *p, int peak)
{
	double sum = 0;
	double gain;

	for (size_t i = 0; i < p->count; i++)
		sum += (double)p->samples[i] * p->samples[i];
	gain = LEVEL / sqrt(sum / (double)p->count);
	if (gain > (double)PEAK_MOST / peak)
		gain = (double)PEAK_MOST / peak;
	return gain > GAIN_MOST ? GAIN_MOST : gain;
}

/* A sound that was cut begins and ends without a click. */
static double
fade(size_t i, size_t count)
{
	size_t edge = i < count - 1 - i ? i : count - 1 - i;

	return edge < FADE ? (double)edge / FADE : 1;
}

void
pcm_make_line(struct pcm *p)
{
	double gain;
	int peak;

	resample(p);
	peak = peak_of(p);
	if (peak < PEAK_SILENT) {
		pcm_fini(p);
		return;
	}
	trim(p, peak);
	gain = gain_of(p, peak);
	for (size_t i = 0; i < p->count; i++)
		p->samples[i] = (int16_t)lrint(p->samples[i] * gain * fade(i, p->count));
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "speech/wav.h"

enum { HEAD_LEN = 12, CHUNK_LEN = 8, FORMAT_LEN = 16, EXTENSIBLE_LEN = 26, WAV_LEN = 44 };

/* A length that is not known when the head goes into a pipe. */
#define LENGTH_OPEN UINT32_C(0x7ffff000)

/* wFormatTag */
enum { TAG_PCM = 1, TAG_A_LAW = 6, TAG_MU_LAW = 7, TAG_EXTENSIBLE = 0xfffe };

struct format {
	unsigned tag;
	unsigned channels;
	uint32_t hz;
	unsigned bits;
};

static unsigned
le16(const char *p)
{
	return (unsigned)(uint8_t)p[0] | (unsigned)(uint8_t)p[1] << 8;
}

static uint32_t
le32(const char *p)
{
	return (uint32_t)le16(p) | (uint32_t)le16(p + 2) << 16;
}

/* ---- samples ---- */

static int
from_8_bit(const char *p)
{
	return ((int)(uint8_t)*p - 128) * 256;
}

static int
from_16_bit(const char *p)
{
	return (int16_t)le16(p);
}

/* G.711: the octet is inverted; a sign, three bits of segment, four of step. */
static int
from_mu_law(const char *p)
{
	unsigned code = ~(unsigned)(uint8_t)*p & 0xff;
	int value = (int)((((code & 0x0f) << 3) + 0x84) << (code >> 4 & 7)) - 0x84;

	return code & 0x80 ? -value : value;
}

/* G.711: even bits are inverted; a set sign is a positive number. */
static int
from_a_law(const char *p)
{
	unsigned code = (uint8_t)*p ^ 0x55u;
	unsigned segment = code >> 4 & 7;
	int value = (int)((code & 0x0f) << 4) + 8;

	if (segment > 0)
		value = (value + 0x100) << (segment - 1);
	return code & 0x80 ? value : -value;
}

static const struct coding {
	unsigned tag;
	unsigned bits;
	int (*sample)(const char *p);
} codings[] = {
    {TAG_PCM, 8, from_8_bit},
    {TAG_PCM, 16, from_16_bit},
    {TAG_MU_LAW, 8, from_mu_law},
    {TAG_A_LAW, 8, from_a_law},
};

static const struct coding *
find_coding(const struct format *f)
{
	for (size_t i = 0; i < countof(codings); i++)
		if (codings[i].tag == f->tag && codings[i].bits == f->bits)
			return &codings[i];
	return NULL;
}

static void
read_samples(
    const struct format *f, const struct coding *c, struct span data, struct pcm *out)
{
	size_t width = f->bits / 8;
	const char *p = data.ptr;

	*out = (struct pcm){.hz = f->hz, .count = data.len / (width * f->channels)};
	out->samples = mem_array(out->count, sizeof(*out->samples));
	for (size_t i = 0; i < out->count; i++) {
		int sum = 0;

		for (unsigned k = 0; k < f->channels; k++, p += width)
			sum += c->sample(p);
		out->samples[i] = (int16_t)(sum / (int)f->channels);
	}
}

/* ---- chunks ---- */

static enum err
fault(enum err e, const char *sentence, const char **why)
{
	*why = sentence;
	return e;
}

static enum err
read_format(struct span body, struct format *out, const char **why)
{
	if (body.len < FORMAT_LEN)
		return fault(ERR_CORRUPT, "its format is cut short", why);
	*out = (struct format){.tag = le16(body.ptr),
	    .channels = le16(body.ptr + 2),
	    .hz = le32(body.ptr + 4),
	    .bits = le16(body.ptr + 14)};
	/* the real one begins the GUID of the sub-format */
	if (out->tag == TAG_EXTENSIBLE && body.len >= EXTENSIBLE_LEN)
		out->tag = le16(body.ptr + 24);
	if (out->channels < 1 || out->channels > WAV_CHANNELS_MAX)
		return fault(ERR_INVALID, "it has no channel, or more than 8", why);
	if (out->hz < WAV_HZ_MIN || out->hz > WAV_HZ_MAX)
		return fault(
		    ERR_INVALID, "its rate is not within 4000 and 192000 Hz", why);
	return OK;
}

static enum err
read_data(const struct format *f, struct span data, struct pcm *out, const char **why)
{
	const struct coding *c = find_coding(f);

	if (c == NULL)
		return fault(ERR_INVALID,
		    "its samples are not of 8 or 16 bits, mu-law or A-law", why);
	if (data.len / (f->bits / 8) / f->channels > (size_t)f->hz * WAV_SECONDS_MAX)
		return fault(ERR_TOO_LARGE, "it is longer than a minute", why);
	read_samples(f, c, data, out);
	return OK;
}

/* The chunk at the front, and what follows it; a body of odd length has a pad octet. */
static enum err
next_chunk(struct span *rest, struct span *body, const char **why)
{
	uint32_t len = le32(rest->ptr + 4);
	bool is_data = memcmp(rest->ptr, "data", 4) == 0;

	*body = (struct span){rest->ptr + CHUNK_LEN, rest->len - CHUNK_LEN};
	if (len > body->len && !(is_data && len >= LENGTH_OPEN))
		return fault(ERR_CORRUPT, "it is cut short", why);
	if (len < body->len)
		body->len = len;
	*rest = (struct span){body->ptr + body->len, rest->len - CHUNK_LEN - body->len};
	if (len % 2 == 1 && rest->len > 0)
		*rest = (struct span){rest->ptr + 1, rest->len - 1};
	return OK;
}

enum err
wav_read(struct span octets, struct pcm *out, const char **why)
{
	struct span rest;
	struct format format = {0};
	enum err e = OK;

	*out = (struct pcm){0};
	if (octets.len < HEAD_LEN || memcmp(octets.ptr, "RIFF", 4) != 0 ||
	    memcmp(octets.ptr + 8, "WAVE", 4) != 0)
		return fault(ERR_INVALID, "it is no WAV file", why);
	rest = (struct span){octets.ptr + HEAD_LEN, octets.len - HEAD_LEN};
	while (e == OK && rest.len >= CHUNK_LEN) {
		const char *name = rest.ptr;
		struct span body;

		e = next_chunk(&rest, &body, why);
		if (e == OK && memcmp(name, "fmt ", 4) == 0)
			e = read_format(body, &format, why);
		else if (e == OK && memcmp(name, "data", 4) == 0)
			return format.channels == 0
				   ? fault(ERR_CORRUPT, "its format comes too late", why)
				   : read_data(&format, body, out, why);
	}
	return e != OK ? e : fault(ERR_CORRUPT, "it has no samples", why);
}

/* ---- writing ---- */

static void
put(struct buf *out, uint32_t value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf_add_char(out, (char)(value >> 8 * i & 0xff));
}

void
wav_write(struct buf *out, const int16_t *samples, size_t count)
{
	uint32_t len = (uint32_t)(count * sizeof(*samples));

	buf_add_text(out, "RIFF");
	put(out, len + WAV_LEN - CHUNK_LEN, 4);
	buf_add_text(out, "WAVEfmt ");
	put(out, FORMAT_LEN, 4);
	put(out, TAG_PCM, 2);
	put(out, 1, 2);
	put(out, PCM_LINE_HZ, 4);
	put(out, PCM_LINE_HZ * sizeof(*samples), 4);
	put(out, sizeof(*samples), 2);
	put(out, 16, 2);
	buf_add_text(out, "data");
	put(out, len, 4);
	for (size_t i = 0; i < count; i++)
		put(out, (uint16_t)samples[i], 2);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "speech/prompts.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "speech/voices.h"
#include "speech/wav.h"

enum {
	PROMPTS_MAGIC = 0x9709b757,
	SYMBOLS = 36,
	DIGITS = 10,
	WORDS_MAX = 8000,
	NAME_MAX_LEN = 255,
	WARNING_MAX = 400
};

static const char symbols[] = "0123456789abcdefghijklmnopqrstuvwxyz";

struct prompt {
	const char *language; /* of voices.h */
	char *words;
	struct sound *sound;
};

struct prompts {
	unsigned magic;
	size_t len; /* octets of all sounds */
	size_t files;
	struct sound *spelled[VOICES_LANGUAGES][SYMBOLS];
	size_t count;
	struct prompt *sentences;
};

/* Recordings while they are read. */
struct reading {
	struct prompts *prompts;
	prompts_warn_f *warn;
	void *ctx;
	int folder;
	size_t language;
};

static void warn(const struct reading *r, const char *format, ...) PRINTF_LIKE(2, 3);

static void
warn(const struct reading *r, const char *format, ...)
{
	char what[WARNING_MAX];
	va_list args;

	if (r->warn == NULL)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	r->warn(r->ctx, what);
}

/* ---- words ---- */

static bool
is_blank(char c)
{
	return memchr(" \t\r\n", c, 4) != NULL;
}

/*
 * Spaces, letters of ASCII and the end of a sentence are written in more than one way;
 * recordings are found whichever it was.
 */
static char *
fold_words(struct span s)
{
	char *words = mem_array(s.len + 1, 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (is_blank(c))
			c = ' ';
		if (c == ' ' && (len == 0 || words[len - 1] == ' '))
			continue;
		words[len++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	while (len > 0 && memchr(" .,:;!?", words[len - 1], 7) != NULL)
		len--;
	words[len] = '\0';
	return words;
}

/* ---- one recording ---- */

static bool
read_whole(int folder, const char *name, struct buf *out)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char octets[16384];
	struct stat st;
	ssize_t n = 1;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		n = -1;
	while (n > 0 && !out->failed) {
		n = read(fd, octets, sizeof(octets));
		if (n > 0)
			buf_add(out, octets, (size_t)n);
	}
	close(fd);
	return n == 0 && !out->failed;
}

static struct sound *
read_sound(const struct reading *r, const char *name)
{
	const char *language = voices_language(r->language);
	const char *why = "it is silent";
	struct sound *s = NULL;
	struct pcm pcm = {0};
	struct buf octets;

	buf_init(&octets, WAV_LEN_MAX);
	if (!read_whole(r->folder, name, &octets))
		why = octets.failed ? "it is too large" : "it cannot be read";
	else if (wav_read(buf_span(&octets), &pcm, &why) == OK)
		pcm_make_line(&pcm);
	if (pcm.count > 0)
		s = sound_table_sound(pcm.samples, pcm.count);
	else
		warn(r, "%s/%s is not used: %s", language, name, why);
	pcm_fini(&pcm);
	buf_fini(&octets);
	return s;
}

static void
add_sentence(struct reading *r, struct span words, struct sound *s)
{
	struct prompts *p = r->prompts;

	p->sentences =
	    mem_raw_resize(p->sentences, (p->count + 1) * sizeof(struct prompt));
	p->sentences[p->count++] =
	    (struct prompt){voices_language(r->language), fold_words(words), s};
}

static struct sound *
read_sentence(struct reading *r, const char *name, int stem_len)
{
	char words_name[NAME_MAX_LEN + 1];
	struct sound *s = NULL;
	struct buf words;

	snprintf(words_name, sizeof(words_name), "%.*s.txt", stem_len, name);
	buf_init(&words, WORDS_MAX);
	if (!read_whole(r->folder, words_name, &words) || words.len == 0)
		warn(r, "%s/%s is not used: %s does not say which words it is",
		    voices_language(r->language), name, words_name);
	else if (!utf8_valid(buf_span(&words)))
		warn(r, "%s/%s is not used: %s is no UTF-8", voices_language(r->language),
		    name, words_name);
	else
		s = read_sound(r, name);
	if (s != NULL)
		add_sentence(r, utf8_without_mark(buf_span(&words)), s);
	buf_fini(&words);
	return s;
}

/* 0 to 35; -1: the name is no symbol. */
static int
symbol_of(const char *name, int stem_len)
{
	const char *at = stem_len == 1 ? strchr(symbols, name[0]) : NULL;

	return at == NULL ? -1 : (int)(at - symbols);
}

static enum err
read_recording(struct reading *r, const char *name, int stem_len, char why[256])
{
	struct prompts *p = r->prompts;
	int symbol = symbol_of(name, stem_len);
	struct sound *s =
	    symbol < 0 ? read_sentence(r, name, stem_len) : read_sound(r, name);

	if (s != NULL && symbol >= 0)
		p->spelled[r->language][symbol] = s;
	if (s != NULL)
		p->len += s->count * sizeof(*s->samples);
	if (++p->files <= PROMPTS_MAX && p->len <= (size_t)PROMPTS_MIB_MAX << 20)
		return OK;
	snprintf(why, 256, "there are more than %d recordings, or than %d MiB of them",
	    PROMPTS_MAX, PROMPTS_MIB_MAX);
	return ERR_TOO_LARGE;
}

/* ---- a language ---- */

static int
stem_of(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".wav") == 0 ? (int)len - 4 : 0;
}

/* Digits are in every PIN; letters are, where somebody began to record them. */
static void
say_what_is_missing(const struct reading *r)
{
	struct sound *const *spelled = r->prompts->spelled[r->language];
	char missing[2 * SYMBOLS + 1] = "";
	bool letters = false;
	size_t len = 0;

	for (size_t i = DIGITS; i < SYMBOLS; i++)
		letters |= spelled[i] != NULL;
	for (size_t i = 0; i < (letters ? SYMBOLS : DIGITS); i++)
		if (spelled[i] == NULL) {
			missing[len++] = ' ';
			missing[len++] = symbols[i];
		}
	if (len > 0)
		warn(r, "%s has no recording of%s: espeak-ng says them",
		    voices_language(r->language), missing);
}

static enum err
read_language(struct reading *r, DIR *d, char why[256])
{
	const struct dirent *e;
	enum err err = OK;

	while (err == OK && (e = readdir(d)) != NULL)
		if (stem_of(e->d_name) > 0)
			err = read_recording(r, e->d_name, stem_of(e->d_name), why);
	say_what_is_missing(r);
	return err;
}

static enum err
open_language(struct reading *r, int parent, const char *name, char why[256])
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	enum err e;

	if (d == NULL) {
		snprintf(why, 256, "%.60s: %s", name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	r->folder = fd;
	e = read_language(r, d, why);
	closedir(d);
	return e;
}

/* ---- all ---- */

static bool
find_language(struct reading *r, const char *name)
{
	for (r->language = 0; r->language < VOICES_LANGUAGES; r->language++)
		if (strcmp(voices_language(r->language), name) == 0)
			return true;
	return false;
}

static enum err
read_folder(struct reading *r, DIR *d, char why[256])
{
	const struct dirent *e;
	enum err err = OK;

	while (err == OK && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (find_language(r, e->d_name))
			err = open_language(r, dirfd(d), e->d_name, why);
		else
			warn(r,
			    "%s is no language; they are called as in templates, "
			    "pt_br for one",
			    e->d_name);
	}
	return err;
}

enum err
prompts_open(const char *folder, prompts_warn_f *warn_f, void *ctx, char why[256],
    struct prompts **out)
{
	struct prompts *p = mem_new(sizeof(*p));
	struct reading r = {.prompts = p, .warn = warn_f, .ctx = ctx};
	DIR *d = opendir(folder);
	enum err e = ERR_IO;

	p->magic = PROMPTS_MAGIC;
	if (d == NULL)
		snprintf(why, 256, "%.180s: %s", folder, strerror(errno));
	else
		e = read_folder(&r, d, why);
	if (d != NULL)
		closedir(d);
	if (e == OK)
		*out = p;
	else
		prompts_close(p);
	return e;
}

void
prompts_close(struct prompts *p)
{
	if (p == NULL)
		return;
	CHECK_OBJ(p, PROMPTS_MAGIC);
	for (size_t i = 0; i < VOICES_LANGUAGES; i++)
		for (size_t k = 0; k < SYMBOLS; k++)
			sound_table_drop(p->spelled[i][k]);
	for (size_t i = 0; i < p->count; i++) {
		sound_table_drop(p->sentences[i].sound);
		mem_free(p->sentences[i].words);
	}
	mem_free(p->sentences);
	mem_free(p);
}

static struct sound *
find_symbol(const struct prompts *p, const char *language, char symbol)
{
	const char *at = strchr(symbols, symbol);

	for (size_t i = 0; i < VOICES_LANGUAGES && at != NULL; i++)
		if (strcmp(voices_language(i), language) == 0)
			return p->spelled[i][at - symbols];
	return NULL;
}

static struct sound *
find_sentence(const struct prompts *p, const char *language, struct span text)
{
	char *words = p->count == 0 ? NULL : fold_words(text);
	struct sound *found = NULL;

	for (size_t i = 0; i < p->count && found == NULL; i++)
		if (strcmp(p->sentences[i].words, words) == 0 &&
		    strcmp(p->sentences[i].language, language) == 0)
			found = p->sentences[i].sound;
	mem_free(words);
	return found;
}

struct sound *
prompts_find(
    const struct prompts *p, const char *language, const struct spoken_phrase *phrase)
{
	struct sound *s = NULL;

	if (p == NULL)
		return NULL;
	CHECK_OBJ(p, PROMPTS_MAGIC);
	if (phrase->kind == SPOKEN_SYMBOL)
		s = find_symbol(p, language, phrase->text.ptr[0]);
	else if (phrase->kind == SPOKEN_TEXT)
		s = find_sentence(p, language, phrase->text);
	return s == NULL ? NULL : sound_table_share(s);
}

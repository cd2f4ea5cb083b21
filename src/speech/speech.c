/* SPDX-License-Identifier: Apache-2.0 */
#include "speech/speech.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "speech/espeak.h"
#include "speech/phrase_cache.h"
#include "speech/prompts.h"
#include "speech/voices.h"
#include "speech/wav.h"
#include "twofa/spoken.h"

enum {
	SPEECH_MAGIC = 0x59eec401,
	QUEUE_MAX = 512,
	WAIT_MS = 10000, /* for its turn: a call that comes later is of no use */
	MEMORY_MAX = 32 * 1024 * 1024,
	SECONDS_MAX = 180,
	WORDS_A_MINUTE = 160, /* at the usual rate, which gives people time to write */
	REFUSED_MAX = 64,
	PATH_LEN_MAX = 4096,
	DIGITS = 10
};

static const char symbols[] = "0123456789abcdefghijklmnopqrstuvwxyz";

struct speech {
	unsigned magic;
	const struct speech_options *options;
	struct prompts *prompts;    /* NULL: there are none */
	struct phrase_cache *cache; /* the thread's; NULL: nothing is kept on disk */
	bool cache_failed;
	const char *fault; /* the thread's: what was told to the log last */
	int bell_fd;       /* the thread looks at the jobs */
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* guards what follows */
	atomic_bool stopping;
	struct sound_table *table;
	size_t refused_count;
	char refused[REFUSED_MAX][VOICES_NAME_MAX + 1]; /* voices that espeak-ng lacks */
	struct speech_job *current; /* in the thread's hands, or NULL */
	size_t waiting;
	TAILQ_HEAD(, speech_job) jobs; /* that wait for it */
};

/* A message that is being spoken. */
struct speech_job {
	TAILQ_ENTRY(speech_job) entry;
	struct speech *speech;
	speech_done_f *done;
	void *ctx;
	struct arena arena;
	struct content content;
	struct spoken spoken;
	struct voices_choice choice;
	struct sound **sounds; /* one for each phrase; NULL: not there yet */
	int64_t until_ms;
	const char *why;
	atomic_bool cancelled;
};

/* ---- answers ---- */

static void
drop_sounds(struct speech_job *j)
{
	for (size_t i = 0; i < j->spoken.count; i++) {
		sound_table_drop(j->sounds[i]);
		j->sounds[i] = NULL;
	}
}

static size_t
pause_of(const struct speech_job *j, size_t i)
{
	return (size_t)j->spoken.phrases[i].pause_ms * SPEECH_HZ / 1000 *
	       VOICES_RATE_USUAL / j->choice.rate;
}

static size_t
length_of(const struct speech_job *j)
{
	size_t count = 0;

	for (size_t i = 0; i < j->spoken.count; i++)
		count += j->sounds[i]->count + pause_of(j, i);
	return count;
}

static void
put_sounds(const struct speech_job *j, struct speech_answer *a)
{
	for (size_t i = 0; i < j->spoken.count; i++) {
		const struct sound *s = j->sounds[i];

		if (s->count > 0)
			memcpy(a->samples + a->count, s->samples,
			    s->count * sizeof(*s->samples));
		a->count += s->count;
		if (i + 1 == j->spoken.pin_end)
			a->pin_end = a->count;
		a->count += pause_of(j, i);
		if (i + 1 == j->spoken.round)
			a->round = a->count;
	}
}

static void
fill_answer(struct speech_job *j, struct speech_answer *a)
{
	size_t count = length_of(j);

	if (count == 0 || count > (size_t)SECONDS_MAX * SPEECH_HZ) {
		a->err = count == 0 ? ERR_INVALID : ERR_TOO_LARGE;
		a->reason = count == 0 ? "there is nothing to say"
				       : "it would take longer than three minutes";
		return;
	}
	a->samples = mem_array(count, sizeof(*a->samples));
	put_sounds(j, a);
}

/* The end of a job, wherever it is. */
static void
finish(struct speech_job *j, enum err e, const char *reason)
{
	struct speech_answer a = {.err = e, .reason = reason};

	if (e == OK)
		fill_answer(j, &a);
	drop_sounds(j);
	arena_fini(&j->arena);
	j->done(j->ctx, &a);
	mem_free(j);
}

/* ---- phrases that are at hand ---- */

static void
key_of(const struct speech_job *j, const struct spoken_phrase *p,
    uint8_t out[SOUND_TABLE_KEY_LEN])
{
	struct buf all;

	buf_init(&all, SIZE_MAX);
	buf_printf(&all, "1 %s %u %d ", j->choice.voice, j->choice.rate,
	    p->kind == SPOKEN_SYMBOL);
	buf_add(&all, p->text.ptr, p->text.len);
	secret_hash(buf_span(&all), out);
	buf_fini(&all);
}

/* Under the lock. NULL: it has to be made. */
static struct sound *
find_sound(struct speech_job *j, const struct spoken_phrase *p)
{
	struct speech *s = j->speech;
	struct sound *sound = prompts_find(s->prompts, j->choice.language, p);
	uint8_t key[SOUND_TABLE_KEY_LEN];

	if (sound != NULL || p->kind == SPOKEN_PERSONAL)
		return sound;
	key_of(j, p, key);
	return sound_table_find(s->table, key);
}

/* The second round has what the first one has. */
static bool
gather(struct speech_job *j)
{
	bool whole = true;

	pthread_mutex_lock(&j->speech->lock);
	for (size_t i = 0; i < j->spoken.round; i++) {
		if (j->sounds[i] == NULL)
			j->sounds[i] = find_sound(j, &j->spoken.phrases[i]);
		whole &= j->sounds[i] != NULL;
	}
	pthread_mutex_unlock(&j->speech->lock);
	for (size_t i = j->spoken.round; whole && i < j->spoken.count; i++)
		j->sounds[i] = sound_table_share(j->sounds[i - j->spoken.round]);
	return whole;
}

/* ---- jobs that wait; on the thread ---- */

static bool
is_cancelled(const struct speech_job *j)
{
	return atomic_load(&j->cancelled) || atomic_load(&j->speech->stopping);
}

/* The oldest that fits, no more among those that wait. */
static struct speech_job *
take(struct speech *s, bool cancelled)
{
	struct speech_job *j;

	pthread_mutex_lock(&s->lock);
	for (j = TAILQ_FIRST(&s->jobs); j != NULL; j = TAILQ_NEXT(j, entry))
		if (!cancelled || is_cancelled(j))
			break;
	if (j != NULL) {
		TAILQ_REMOVE(&s->jobs, j, entry);
		s->waiting--;
	}
	if (!cancelled)
		s->current = j;
	pthread_mutex_unlock(&s->lock);
	return j;
}

/* Also while another one is being spoken, which may take long. */
static void
answer_cancelled(struct speech *s)
{
	struct speech_job *j;
	uint64_t count;

	(void)!read(s->bell_fd, &count, sizeof(count));
	while ((j = take(s, true)) != NULL)
		finish(j, ERR_CONFLICT, "cancelled");
}

/* ---- phrases that are made; on the thread ---- */

static bool
is_over(void *ctx)
{
	struct speech_job *j = ctx;

	answer_cancelled(j->speech);
	return is_cancelled(j);
}

static struct sound *
sound_of_wav(struct speech_job *j, const struct spoken_phrase *p, struct span wav)
{
	struct sound *s = NULL;
	struct pcm pcm;

	if (wav_read(wav, &pcm, &j->why) != OK)
		return NULL;
	pcm_make_line(&pcm);
	if (pcm.count > 0 || p->kind != SPOKEN_SYMBOL)
		s = sound_table_sound(pcm.samples, pcm.count);
	else
		j->why = "espeak-ng says nothing for a symbol of the PIN";
	pcm_fini(&pcm);
	return s;
}

static enum err
speak(struct speech_job *j, const struct spoken_phrase *p, struct sound **out)
{
	const struct speech_options *o = j->speech->options;
	const struct espeak_task t = {.command = o->command,
	    .voice = j->choice.voice,
	    .words_a_minute = WORDS_A_MINUTE * j->choice.rate / VOICES_RATE_USUAL,
	    .spelled = p->kind == SPOKEN_SYMBOL,
	    .text = p->text,
	    .timeout_ms = o->child_timeout_ms,
	    .stop_fd = j->speech->bell_fd,
	    .stopped = is_over,
	    .ctx = j};
	struct buf wav;
	enum err e;

	buf_init(&wav, ESPEAK_OUTPUT_MAX);
	e = espeak_run(&t, &wav, &j->why);
	if (e == OK) {
		*out = sound_of_wav(j, p, buf_span(&wav));
		e = *out == NULL ? ERR_DOWN : OK;
	}
	buf_fini(&wav);
	return e;
}

static void
keep(struct speech *s, const uint8_t key[SOUND_TABLE_KEY_LEN], struct sound *sound,
    bool on_disk)
{
	pthread_mutex_lock(&s->lock);
	sound_table_put(s->table, key, sound);
	pthread_mutex_unlock(&s->lock);
	if (!on_disk || s->cache == NULL ||
	    phrase_cache_save(s->cache, key, sound) == OK || s->cache_failed)
		return;
	s->cache_failed = true;
	log_event(LOG_LEVEL_WARNING, "speech_not_kept",
	    LOG_TEXT("reason", "the cache of phrases cannot be written"));
}

/* From memory, from disk, or by espeak-ng. */
static enum err
make(struct speech_job *j, const struct spoken_phrase *p, struct sound **out)
{
	struct speech *s = j->speech;
	uint8_t key[SOUND_TABLE_KEY_LEN];
	enum err e;

	if (p->kind == SPOKEN_PERSONAL)
		return speak(j, p, out);
	pthread_mutex_lock(&s->lock);
	*out = find_sound(j, p);
	pthread_mutex_unlock(&s->lock);
	if (*out != NULL)
		return OK;
	key_of(j, p, key);
	if (s->cache != NULL)
		*out = phrase_cache_load(s->cache, key);
	if (*out != NULL) {
		keep(s, key, *out, false);
		return OK;
	}
	e = speak(j, p, out);
	if (e == OK)
		keep(s, key, *out, true);
	return e;
}

/* All digits, or all letters, one after the other: what is asked for leaves no trace. */
static enum err
make_symbols(struct speech_job *j, const struct spoken_phrase *p, struct sound **out)
{
	bool digit = p->text.ptr[0] <= '9';
	size_t i = digit ? 0 : DIGITS;
	size_t end = digit ? DIGITS : sizeof(symbols) - 1;
	enum err e = OK;

	for (; e == OK && i < end; i++) {
		struct spoken_phrase one = *p;
		struct sound *sound = NULL;

		one.text = (struct span){symbols + i, 1};
		e = make(j, &one, &sound);
		if (e == OK && symbols[i] == p->text.ptr[0])
			*out = sound;
		else
			sound_table_drop(sound);
	}
	return e;
}

static enum err
make_missing(struct speech_job *j)
{
	enum err e = OK;

	for (size_t i = 0; e == OK && i < j->spoken.round; i++) {
		const struct spoken_phrase *p = &j->spoken.phrases[i];

		if (j->sounds[i] != NULL)
			continue;
		if (is_over(j)) {
			j->why = "cancelled";
			return ERR_CONFLICT;
		}
		e = p->kind == SPOKEN_SYMBOL ? make_symbols(j, p, &j->sounds[i])
					     : make(j, p, &j->sounds[i]);
	}
	return e;
}

/* ---- voices that espeak-ng lacks ---- */

static bool
is_refused(const struct speech *s, const char *voice)
{
	for (size_t i = 0; i < s->refused_count; i++)
		if (strcmp(s->refused[i], voice) == 0)
			return true;
	return false;
}

static void
choose_voice(struct speech_job *j)
{
	struct speech *s = j->speech;

	voices_choose(s->options, &j->content.voice, &j->choice);
	pthread_mutex_lock(&s->lock);
	if (is_refused(s, j->choice.voice))
		(void)voices_make_usual(&j->choice);
	pthread_mutex_unlock(&s->lock);
}

static void
note_refused(struct speech *s, const char *voice)
{
	pthread_mutex_lock(&s->lock);
	if (s->refused_count < REFUSED_MAX)
		snprintf(
		    s->refused[s->refused_count++], sizeof(s->refused[0]), "%s", voice);
	pthread_mutex_unlock(&s->lock);
	log_event(LOG_LEVEL_WARNING, "speech_voice", LOG_TEXT("voice", voice),
	    LOG_TEXT("reason", "espeak-ng refused it; the language's own speaks"));
}

/* Once more with the language's own voice, where it was another that was refused. */
static enum err
make_all(struct speech_job *j)
{
	char voice[VOICES_NAME_MAX + 1];
	enum err e = make_missing(j);

	if (e != ERR_INVALID)
		return e;
	memcpy(voice, j->choice.voice, sizeof(voice));
	if (!voices_make_usual(&j->choice))
		return ERR_DOWN;
	note_refused(j->speech, voice);
	drop_sounds(j);
	e = make_missing(j);
	return e == ERR_INVALID ? ERR_DOWN : e;
}

/* ---- the thread ---- */

static void
log_fault(struct speech *s, enum err e, const char *why)
{
	const char *fault = e == ERR_DOWN ? why : NULL;

	if (e == ERR_CONFLICT || e == ERR_TOO_LARGE || fault == s->fault)
		return;
	s->fault = fault;
	if (fault != NULL)
		log_event(LOG_LEVEL_ERROR, "speech_down", LOG_TEXT("reason", fault));
	else
		log_event(LOG_LEVEL_INFO, "speech_up");
}

static void
run_job(struct speech *s, struct speech_job *j)
{
	bool late = clock_system.steady_ms(&clock_system) > j->until_ms;
	enum err e = ERR_OVERLOADED;

	j->why = "too many messages wait to be spoken";
	if (!late) {
		e = make_all(j);
		log_fault(s, e, j->why);
	}
	if (e == OK && !gather(j))
		e = ERR_INTERNAL;
	pthread_mutex_lock(&s->lock);
	s->current = NULL;
	pthread_mutex_unlock(&s->lock);
	finish(j, e, e == OK ? "spoken" : j->why);
}

static void *
run_thread(void *ctx)
{
	struct speech *s = ctx;
	struct pollfd bell = {.fd = s->bell_fd, .events = POLLIN};

	while (!atomic_load(&s->stopping)) {
		struct speech_job *j;

		answer_cancelled(s);
		j = take(s, false);
		if (j != NULL) {
			run_job(s, j);
		} else {
			secret_wipe_registers();
			(void)poll(&bell, 1, -1);
		}
	}
	answer_cancelled(s);
	return NULL;
}

/* ---- asking ---- */

static void
ring(const struct speech *s)
{
	uint64_t one = 1;

	(void)!write(s->bell_fd, &one, sizeof(one));
}

/* False: too many wait, or speech is being closed. */
static bool
hand_over(struct speech_job *j)
{
	struct speech *s = j->speech;
	bool taken;

	j->until_ms = clock_system.steady_ms(&clock_system) + WAIT_MS;
	pthread_mutex_lock(&s->lock);
	taken = !atomic_load(&s->stopping) && s->waiting < QUEUE_MAX;
	if (taken) {
		TAILQ_INSERT_TAIL(&s->jobs, j, entry);
		s->waiting++;
	}
	pthread_mutex_unlock(&s->lock);
	if (taken)
		ring(s);
	return taken;
}

void
speech_say(
    struct speech *s, const struct content_voice *voice, speech_done_f *done, void *ctx)
{
	const struct content content = {.channel = CHANNEL_VOICE, .voice = *voice};
	struct speech_job *j = mem_new(sizeof(*j));
	enum err e;

	CHECK_OBJ(s, SPEECH_MAGIC);
	j->speech = s;
	j->done = done;
	j->ctx = ctx;
	arena_init(&j->arena);
	content_copy(&j->content, &content, &j->arena);
	e = spoken_read(&j->content.voice, &j->arena, &j->spoken);
	if (e != OK) {
		j->spoken.count = 0;
		finish(j, e,
		    e == ERR_TOO_LARGE ? "there is too much to say"
				       : "there is nothing to say");
		return;
	}
	j->sounds = arena_alloc(&j->arena, j->spoken.count * sizeof(struct sound *));
	choose_voice(j);
	if (gather(j))
		finish(j, OK, "spoken");
	else if (!hand_over(j))
		finish(j, ERR_OVERLOADED, "too many messages wait to be spoken");
}

void
speech_cancel(struct speech *s, const void *ctx)
{
	struct speech_job *j;

	CHECK_OBJ(s, SPEECH_MAGIC);
	pthread_mutex_lock(&s->lock);
	for (j = TAILQ_FIRST(&s->jobs); j != NULL; j = TAILQ_NEXT(j, entry))
		if (j->ctx == ctx)
			atomic_store(&j->cancelled, true);
	if (s->current != NULL && s->current->ctx == ctx)
		atomic_store(&s->current->cancelled, true);
	pthread_mutex_unlock(&s->lock);
	ring(s);
}

/* ---- life ---- */

/* The program as it is now: another one makes other sounds. */
static void
name_maker(const struct speech_options *o, char *out, size_t room)
{
	char path[ESPEAK_PATH_MAX];
	struct stat st;

	out[0] = '\0';
	if (espeak_find(o->command, path) && stat(path, &st) == 0)
		snprintf(out, room, "%s %lld %lld", path, (long long)st.st_mtime,
		    (long long)st.st_size);
}

static enum err
open_cache(struct speech *s, const char *data_dir, char why[256])
{
	char maker[ESPEAK_PATH_MAX + 64];
	char folder[PATH_LEN_MAX];

	if (s->options->cache_mib == 0)
		return OK;
	if (snprintf(folder, sizeof(folder), "%s/speech", data_dir) >=
	    (int)sizeof(folder)) {
		snprintf(why, 256, "the path of the data directory is too long");
		return ERR_INVALID;
	}
	name_maker(s->options, maker, sizeof(maker));
	return phrase_cache_open(
	    folder, (size_t)s->options->cache_mib << 20, maker, why, &s->cache);
}

static enum err
open_parts(struct speech *s, const char *data_dir, char why[256])
{
	enum err e = OK;

	if (s->options->prompts != NULL)
		e = prompts_open(s->options->prompts, NULL, NULL, why, &s->prompts);
	return e == OK ? open_cache(s, data_dir, why) : e;
}

enum err
speech_open(const struct speech_options *options, const char *data_dir, char why[256],
    struct speech **out)
{
	struct speech *s = mem_new(sizeof(*s));
	enum err e;

	s->magic = SPEECH_MAGIC;
	s->options = options;
	s->table = sound_table_new(MEMORY_MAX);
	pthread_mutex_init(&s->lock, NULL);
	TAILQ_INIT(&s->jobs);
	s->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	RESOURCE(s->bell_fd >= 0);
	e = open_parts(s, data_dir, why);
	if (e != OK) {
		speech_close(s);
		return e;
	}
	RESOURCE(pthread_create(&s->thread, NULL, run_thread, s) == 0);
	pthread_setname_np(s->thread, "speech");
	s->started = true;
	*out = s;
	return OK;
}

void
speech_close(struct speech *s)
{
	if (s == NULL)
		return;
	CHECK_OBJ(s, SPEECH_MAGIC);
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->stopping, true);
	pthread_mutex_unlock(&s->lock);
	ring(s);
	if (s->started)
		pthread_join(s->thread, NULL);
	phrase_cache_close(s->cache);
	prompts_close(s->prompts);
	sound_table_free(s->table);
	pthread_mutex_destroy(&s->lock);
	close(s->bell_fd);
	mem_free(s);
}

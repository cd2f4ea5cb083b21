/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/file_voice.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/file.h"
#include "base/queue.h"
#include "base/secret.h"
#include "speech/speech.h"
#include "speech/wav.h"

enum { PLACES = 64, PATH_LEN_MAX = 4096, WAV_OCTETS_MAX = 8 * 1024 * 1024 };

struct file_voice {
	struct carrier_env env;
	const char *folder;
	file_voice_saved_f *saved;
	void *ctx;
	struct queue *queue; /* what speech has answered */
	struct event *bell;
	size_t count;
	bool closing;
	TAILQ_HEAD(, voice_job) jobs;
};

/* A message in the hands of speech. */
struct voice_job {
	TAILQ_ENTRY(voice_job) entry;
	struct task task;
	struct file_voice *voice;
	struct arena arena;
	struct carrier_message message;
	struct speech_answer answer;
	carrier_done_f *done;
	void *ctx;
};

/* ---- the file ---- */

/* 0, or why not. */
static int
write_octets(const char *path, struct span octets)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int fault = 0;

	if (fd < 0)
		return errno;
	if (file_write_whole(fd, octets) != OK)
		fault = errno;
	close(fd);
	if (fault != 0)
		(void)unlink(path);
	return fault;
}

static void
write_file(const struct voice_job *j, char name[64], struct carrier_outcome *o)
{
	char path[PATH_LEN_MAX + 64];
	struct buf wav;
	int fault;

	snprintf(name, 64, "%.58s.wav", j->message.reference);
	snprintf(path, sizeof(path), "%s/%s", j->voice->folder, name);
	buf_init(&wav, WAV_OCTETS_MAX);
	wav_write(&wav, j->answer.samples, j->answer.count);
	fault = wav.failed ? EFBIG : write_octets(path, buf_span(&wav));
	buf_fini(&wav);
	if (fault == 0)
		return;
	name[0] = '\0';
	*o = (struct carrier_outcome){
	    .result = CARRIER_RETRY, .code = (uint32_t)fault, .reason = strerror(fault)};
}

/* ---- jobs ---- */

static void
finish(struct voice_job *j)
{
	struct file_voice *v = j->voice;
	struct carrier_outcome o = {.result = CARRIER_UNKNOWN, .reason = "stopped"};
	char name[64] = "";

	TAILQ_REMOVE(&v->jobs, j, entry);
	v->count--;
	if (!v->closing && j->answer.err != OK)
		o = carrier_unspoken(&j->answer);
	else if (!v->closing)
		write_file(j, name, &o);
	mem_free(j->answer.samples);
	if (!v->closing)
		v->saved(v->ctx, &j->message, name, &o);
	arena_fini(&j->arena);
	j->done(j->ctx, &o);
	mem_free(j);
}

static void
run_finish(struct task *t)
{
	finish(container_of(t, struct voice_job, task));
}

/* On any thread. */
static void
on_spoken(void *ctx, const struct speech_answer *answer)
{
	struct voice_job *j = ctx;

	j->answer = *answer;
	queue_push(j->voice->queue, &j->task);
}

static void
on_bell(evutil_socket_t fd, short what, void *ctx)
{
	struct file_voice *v = ctx;

	(void)fd;
	(void)what;
	queue_run(v->queue);
	secret_wipe_registers();
	if (v->env.changed != NULL)
		v->env.changed(v->env.ctx);
}

static const char *
copy_text(struct arena *a, const char *text)
{
	return text == NULL ? NULL : arena_text(a, span_of(text));
}

static void
copy_message(struct voice_job *j, const struct carrier_message *m)
{
	struct carrier_message *to = &j->message;

	*to = *m;
	to->pin_id = copy_text(&j->arena, m->pin_id);
	to->application_id = copy_text(&j->arena, m->application_id);
	to->reference = copy_text(&j->arena, m->reference);
	to->to = copy_text(&j->arena, m->to);
	to->from = copy_text(&j->arena, m->from);
	content_copy(&to->content, &m->content, &j->arena);
}

void
file_voice_save(struct file_voice *v, const struct carrier_message *m,
    carrier_done_f *done, void *ctx)
{
	struct voice_job *j = mem_new(sizeof(*j));

	j->voice = v;
	j->task.run = run_finish;
	j->done = done;
	j->ctx = ctx;
	arena_init(&j->arena);
	copy_message(j, m);
	TAILQ_INSERT_TAIL(&v->jobs, j, entry);
	v->count++;
	speech_say(v->env.speech, &j->message.content.voice, on_spoken, j);
}

bool
file_voice_has_room(const struct file_voice *v)
{
	return v->count < PLACES;
}

/* ---- life ---- */

struct file_voice *
file_voice_new(const struct carrier_env *env, const char *folder,
    file_voice_saved_f *saved, void *ctx)
{
	struct file_voice *v = mem_new(sizeof(*v));

	v->env = *env;
	v->folder = folder;
	v->saved = saved;
	v->ctx = ctx;
	v->queue = queue_new(0);
	TAILQ_INIT(&v->jobs);
	v->bell =
	    event_new(env->base, queue_fd(v->queue), EV_READ | EV_PERSIST, on_bell, v);
	RESOURCE(v->bell != NULL);
	event_add(v->bell, NULL);
	return v;
}

void
file_voice_free(struct file_voice *v)
{
	struct voice_job *j;

	if (v == NULL)
		return;
	v->closing = true;
	for (j = TAILQ_FIRST(&v->jobs); j != NULL; j = TAILQ_NEXT(j, entry))
		speech_cancel(v->env.speech, j);
	while (v->count > 0) {
		queue_wait(v->queue, -1);
		queue_run(v->queue);
	}
	event_free(v->bell);
	queue_free(v->queue);
	mem_free(v);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The carrier for trying out: a message is one JSON line in a file, and an email or a
 * voice message may be a file of its own beside it. They hold PINs in the clear, so they
 * are for their owner only, and no production should have them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_out.h"
#include "carrier/carrier.h"
#include "carrier/file_voice.h"
#include "carrier/mail_message.h"
#include "carrier/options.h"
#include "carrier/types.h"

enum { FILE_MAGIC = 0x66696c65, LINE_LEN_MAX = 1 << 20, PATH_LEN_MAX = 4096 };

/* The sender of a mail that names none. */
#define FROM_NOBODY "watchword@localhost"

struct carrier_file {
	struct carrier carrier;
	unsigned magic;
	struct carrier_env env;
	int fd;
	char *mail_dir; /* NULL: mails are lines alone */
	char *voice_dir;
	struct file_voice *voice; /* NULL: voice messages are lines alone */
	bool echo;
};

static struct carrier_file *
file_of(const struct carrier *c)
{
	struct carrier_file *f = (struct carrier_file *)(uintptr_t)c;

	CHECK_OBJ(f, FILE_MAGIC);
	return f;
}

/* Relative ones start in the data directory. */
static enum err
full_path(const struct carrier_env *env, const char *name, char out[PATH_LEN_MAX],
    char why[256])
{
	const char *folder = name[0] == '/' ? "" : env->data_dir;

	if (snprintf(out, PATH_LEN_MAX, "%s%s%s", folder, folder[0] == '\0' ? "" : "/",
		name) < PATH_LEN_MAX)
		return OK;
	snprintf(why, 256, "the path is too long");
	return ERR_INVALID;
}

static enum err
make_folder(const char *path, char why[256])
{
	struct stat st;

	if (mkdir(path, 0700) == 0)
		return OK;
	if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return OK;
	snprintf(why, 256, "%.180s: %s", path, strerror(errno));
	return ERR_IO;
}

/* The folder of an option, which is there then; NULL: it is not given. */
static enum err
open_folder(const struct carrier_env *env, const char *name, char **out, char why[256])
{
	char path[PATH_LEN_MAX];
	enum err e;

	if (name == NULL)
		return OK;
	e = full_path(env, name, path, why);
	if (e == OK)
		e = make_folder(path, why);
	if (e == OK)
		*out = mem_text(path);
	return e;
}

static enum err
open_lines(struct carrier_file *f, const char *name, char why[256])
{
	char path[PATH_LEN_MAX];
	enum err e = full_path(&f->env, name, path, why);

	if (e != OK)
		return e;
	f->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (f->fd >= 0)
		return OK;
	snprintf(why, 256, "%.180s: %s", path, strerror(errno));
	return ERR_IO;
}

static void put_spoken(void *ctx, const struct carrier_message *m, const char *name,
    struct carrier_outcome *o);

static enum err
open_all(struct carrier_file *f, const struct carrier_file_options *o, char why[256])
{
	enum err e = open_folder(&f->env, o->mail_dir, &f->mail_dir, why);

	if (e == OK)
		e = open_folder(&f->env, o->voice_dir, &f->voice_dir, why);
	if (e == OK)
		e = open_lines(f, o->path, why);
	if (e == OK && f->voice_dir != NULL && f->env.speech != NULL)
		f->voice = file_voice_new(&f->env, f->voice_dir, put_spoken, f);
	return e;
}

static void file_free(struct carrier *c);

static enum err
file_open(const struct carrier_config *config, const struct carrier_env *env,
    char why[256], struct carrier **out)
{
	const struct carrier_file_options *options = config->options;
	struct carrier_file *f = mem_new(sizeof(*f));
	enum err e;

	f->magic = FILE_MAGIC;
	f->env = *env;
	f->fd = -1;
	f->echo = options->echo;
	e = open_all(f, options, why);
	if (e == OK)
		*out = &f->carrier;
	else
		file_free(&f->carrier);
	return e;
}

static bool
file_speaks(const struct carrier_config *config)
{
	const struct carrier_file_options *options = config->options;

	return options->voice_dir != NULL;
}

static void
put_sms(struct json_out *out, const struct content *c)
{
	json_out_span(out, "text", c->sms.text);
}

static void
put_voice(struct json_out *out, const struct content *c)
{
	json_out_span(out, "text", c->voice.text);
	json_out_text(out, "language", c->voice.language);
	json_out_text(out, "voiceName", c->voice.voice_name);
	json_out_text(out, "repeatDTMF", c->voice.repeat_dtmf);
	if (c->voice.speech_rate > 0)
		json_out_double(out, "speechRate", c->voice.speech_rate);
}

static void
put_email(struct json_out *out, const struct content *c)
{
	json_out_span(out, "subject", c->email.subject);
	if (c->email.text.len > 0)
		json_out_span(out, "text", c->email.text);
	if (c->email.html.len > 0)
		json_out_span(out, "html", c->email.html);
	json_out_text(out, "landingPageId", c->email.landing_page);
	if (c->email.landing_page_placeholders.len > 0)
		json_out_json(
		    out, "landingPagePlaceholders", c->email.landing_page_placeholders);
}

/* `beside` is the file beside the line; "": there is none. */
static void
put_line(struct buf *line, const struct carrier_message *m, const char *beside)
{
	static void (*const parts[CHANNEL_COUNT])(
	    struct json_out * out, const struct content *c) = {
	    [CHANNEL_SMS] = put_sms,
	    [CHANNEL_VOICE] = put_voice,
	    [CHANNEL_EMAIL] = put_email,
	};
	struct json_out out;
	char at[32];

	clock_format(m->at_ms, at, sizeof(at));
	json_out_init(&out, line);
	json_out_object(&out, NULL);
	json_out_text(&out, "at", at);
	json_out_text(&out, "channel", channel_name(m->content.channel));
	json_out_text(&out, "pinId", m->pin_id);
	json_out_text(&out, "applicationId", m->application_id);
	json_out_text(&out, "to", m->to);
	json_out_text(&out, "from", m->from);
	parts[m->content.channel](&out, &m->content);
	if (beside[0] != '\0')
		json_out_text(
		    &out, m->content.channel == CHANNEL_VOICE ? "voice" : "mail", beside);
	json_out_end(&out);
	buf_add_char(line, '\n');
}

/* Nothing of a line that did not fit stays behind. */
static void
take_back(int fd, ssize_t written)
{
	struct stat st;

	if (written > 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size >= written)
		(void)!ftruncate(fd, st.st_size - written);
}

/* 0, or why not. */
static int
write_line(int fd, struct span line)
{
	ssize_t n;

	do {
		n = write(fd, line.ptr, line.len);
	} while (n < 0 && errno == EINTR);
	if (n == (ssize_t)line.len)
		return 0;
	if (n < 0)
		return errno;
	take_back(fd, n);
	return ENOSPC;
}

/* ---- a mail as a file of its own ---- */

/* The name in the folder. 0, or why not. */
static int
save_mail(const struct carrier_file *f, const struct mail_message *mail, char name[64])
{
	char path[PATH_LEN_MAX + 64];
	int fault;
	int fd;

	snprintf(name, 64, "%s.eml", mail->id);
	snprintf(path, sizeof(path), "%s/%s", f->mail_dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	fault = write_line(fd, buf_span(&mail->octets));
	close(fd);
	if (fault != 0)
		(void)unlink(path);
	return fault;
}

/* False, and the outcome says why: it has no file where it should have one. */
static bool
put_mail(const struct carrier_file *f, const struct carrier_message *m, char name[64],
    struct carrier_outcome *o)
{
	struct mail_message_draft draft = {
	    .from = m->from == NULL ? FROM_NOBODY : m->from,
	    .to = m->to,
	    .content = &m->content.email,
	    .at_ms = m->at_ms,
	    .entropy = f->env.entropy};
	struct mail_message mail;
	struct arena arena;
	int fault = 0;

	arena_init(&arena);
	o->reason = NULL;
	if (mail_message_compose(&arena, &draft, &mail, &o->reason) == OK)
		fault = save_mail(f, &mail, name);
	if (fault != 0)
		*o = (struct carrier_outcome){.result = CARRIER_RETRY,
		    .code = (uint32_t)fault,
		    .reason = strerror(fault)};
	else if (o->reason != NULL)
		o->result = CARRIER_REFUSED;
	mail_message_fini(&mail);
	arena_fini(&arena);
	return o->reason == NULL;
}

/* ---- submit ---- */

static void
put_message(const struct carrier_file *f, const struct carrier_message *m,
    const char *beside, struct carrier_outcome *o)
{
	struct buf line;
	int fault;

	buf_init(&line, LINE_LEN_MAX);
	put_line(&line, m, beside);
	fault = line.failed ? EFBIG : write_line(f->fd, buf_span(&line));
	if (fault == 0 && f->echo)
		(void)write_line(STDOUT_FILENO, buf_span(&line));
	*o = (struct carrier_outcome){.result = CARRIER_ACCEPTED, .reason = "written"};
	if (fault != 0)
		*o = (struct carrier_outcome){
		    .result = line.failed ? CARRIER_REFUSED : CARRIER_RETRY,
		    .code = (uint32_t)fault,
		    .reason = strerror(fault)};
	buf_fini(&line);
}

/* The voice message has its file now, or `o` says why not. */
static void
put_spoken(void *ctx, const struct carrier_message *m, const char *name,
    struct carrier_outcome *o)
{
	if (name[0] != '\0')
		put_message(ctx, m, name, o);
}

static void
file_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx)
{
	struct carrier_file *f = file_of(c);
	bool saved = f->mail_dir != NULL && m->content.channel == CHANNEL_EMAIL;
	struct carrier_outcome outcome = {0};
	char mail[64] = "";

	if (f->voice != NULL && m->content.channel == CHANNEL_VOICE) {
		file_voice_save(f->voice, m, done, ctx);
		return;
	}
	if (!saved || put_mail(f, m, mail, &outcome))
		put_message(f, m, mail, &outcome);
	done(ctx, &outcome);
}

static bool
file_is_up(const struct carrier *c)
{
	(void)file_of(c);
	return true;
}

static bool
file_has_room(const struct carrier *c)
{
	const struct carrier_file *f = file_of(c);

	return f->voice == NULL || file_voice_has_room(f->voice);
}

static void
file_free(struct carrier *c)
{
	struct carrier_file *f = file_of(c);

	file_voice_free(f->voice);
	if (f->fd >= 0)
		close(f->fd);
	mem_free(f->voice_dir);
	mem_free(f->mail_dir);
	mem_free(f);
}

const struct carrier_ops carrier_file_ops = {
    .type = "file",
    .channels = CHANNELS_ALL,
    .options_size = sizeof(struct carrier_file_options),
    .speaks = file_speaks,
    .open = file_open,
    .submit = file_submit,
    .is_up = file_is_up,
    .has_room = file_has_room,
    .free = file_free,
};

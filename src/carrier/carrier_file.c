/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The carrier for trying out: a message is one JSON line in a file. It holds PINs in
 * the clear, so the file is for its owner only, and no production should have it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_out.h"
#include "carrier/carrier.h"
#include "carrier/options.h"
#include "carrier/types.h"

enum { FILE_MAGIC = 0x66696c65, LINE_LEN_MAX = 1 << 20, PATH_LEN_MAX = 4096 };

struct carrier_file {
	struct carrier carrier;
	unsigned magic;
	int fd;
	bool echo;
};

static struct carrier_file *
file_of(const struct carrier *c)
{
	struct carrier_file *f = (struct carrier_file *)(uintptr_t)c;

	CHECK_OBJ(f, FILE_MAGIC);
	return f;
}

static enum err
file_open(const struct carrier_config *config, const struct carrier_env *env,
    char why[256], struct carrier **out)
{
	struct carrier_file *f;
	char path[PATH_LEN_MAX];
	const struct carrier_file_options *options = config->options;
	const char *name = options->path;
	const char *folder = name[0] == '/' ? "" : env->data_dir;
	int fd;

	if (snprintf(path, sizeof(path), "%s%s%s", folder, folder[0] == '\0' ? "" : "/",
		name) >= (int)sizeof(path)) {
		snprintf(why, 256, "the path is too long");
		return ERR_INVALID;
	}
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0) {
		snprintf(why, 256, "%.180s: %s", path, strerror(errno));
		return ERR_IO;
	}
	f = mem_new(sizeof(*f));
	f->magic = FILE_MAGIC;
	f->fd = fd;
	f->echo = options->echo;
	*out = &f->carrier;
	return OK;
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
}

static void
put_line(struct buf *line, const struct carrier_message *m)
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

static void
file_submit(
    struct carrier *c, const struct carrier_message *m, carrier_done_f *done, void *ctx)
{
	struct carrier_file *f = file_of(c);
	struct carrier_outcome outcome = {
	    .result = CARRIER_ACCEPTED, .reason = "written"};
	struct buf line;
	int fault;

	buf_init(&line, LINE_LEN_MAX);
	put_line(&line, m);
	fault = line.failed ? EFBIG : write_line(f->fd, buf_span(&line));
	if (fault == 0 && f->echo)
		(void)write_line(STDOUT_FILENO, buf_span(&line));
	if (fault != 0)
		outcome = (struct carrier_outcome){
		    .result = line.failed ? CARRIER_REFUSED : CARRIER_RETRY,
		    .code = (uint32_t)fault,
		    .reason = strerror(fault)};
	buf_fini(&line);
	done(ctx, &outcome);
}

static bool
file_is_up(const struct carrier *c)
{
	(void)file_of(c);
	return true;
}

static void
file_free(struct carrier *c)
{
	struct carrier_file *f = file_of(c);

	close(f->fd);
	mem_free(f);
}

const struct carrier_ops carrier_file_ops = {
    .type = "file",
    .channels = CHANNELS_ALL,
    .options_size = sizeof(struct carrier_file_options),
    .open = file_open,
    .submit = file_submit,
    .is_up = file_is_up,
    .free = file_free,
};

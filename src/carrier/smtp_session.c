/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/smtp_session.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carrier/options.h"
#include "carrier/smtp_auth.h"
#include "net/connector.h"
#include "net/tls_client.h"

enum {
	SESSION_MAGIC = 0x736d7473,
	LINE_LEN_MAX = 2048, /* RFC 5321 4.5.3.1.5 has 512; some say more */
	INPUT_MAX = 64 * 1024,
	REPLY_LINES_MAX = 128,
	COMMAND_LEN_MAX = 16 * 1024
};

/* The relay's features, by EHLO. */
enum feature {
	FEATURE_STARTTLS = 1,
	FEATURE_PIPELINING = 2,
	FEATURE_SMTPUTF8 = 4,
	FEATURE_SIZE = 8,
};

struct smtp_session {
	unsigned magic;
	const struct smtp_session_user *user;
	const struct carrier_smtp_options *options;
	enum smtp_stage stage;
	struct smtp_relay *relay;
	struct connector *connector; /* until there is a connection */
	struct bufferevent *link;    /* from then on */
	struct event *timer;         /* the end of a wait */
	int64_t ready_by_ms;         /* steady: when a mail must be out at the latest */
	bool secure;                 /* the link is TLS */
	unsigned features;
	unsigned mechanisms; /* 1 << enum smtp_auth */
	enum smtp_auth mechanism;
	unsigned step; /* of signing in */
	const struct smtp_mail *mail;
	unsigned mails;  /* that this connection was given */
	unsigned strays; /* replies to what was sent ahead, and means nothing any more */
	struct smtp_reply reply;
	unsigned lines; /* of it */
};

/* ---- the end of a mail, and of the connection ---- */

static void
set_timer(struct smtp_session *s, int64_t ms)
{
	struct timeval tv = {ms / 1000, (ms % 1000) * 1000};

	RESOURCE(event_add(s->timer, &tv) == 0);
}

static void
set_timer_until(struct smtp_session *s, int64_t at_ms)
{
	const struct clock *clock = s->user->env->clock;
	int64_t left_ms = at_ms - clock->steady_ms(clock);

	set_timer(s, left_ms > 0 ? left_ms : 0);
}

static void
drop_link(struct smtp_session *s)
{
	connector_free(s->connector);
	s->connector = NULL;
	if (s->link != NULL)
		bufferevent_free(s->link);
	s->link = NULL;
	event_del(s->timer);
}

/* The stage is that of afterwards already. */
static void
end_mail(struct smtp_session *s, const struct smtp_end *end)
{
	s->mail = NULL;
	s->user->end(s->user->ctx, s, end);
}

/* `reply` of code 0: it said nothing. */
static void
lose(struct smtp_session *s, const struct smtp_reply *reply, const char *why)
{
	struct smtp_end end = {
	    .stage = s->stage, .reply = *reply, .kept = s->mails > 1, .reason = why};

	/* who took the connection and was of no use goes last among the addresses */
	if (s->link != NULL && s->stage < SMTP_IDLE)
		s->relay->first++;
	s->stage = SMTP_DOWN;
	drop_link(s);
	if (s->mail != NULL)
		end_mail(s, &end);
	else
		s->user->idle(s->user->ctx);
}

static void
lose_silent(struct smtp_session *s, const char *why)
{
	lose(s, &(struct smtp_reply){0}, why);
}

/* ---- writing ---- */

static void
put(struct smtp_session *s, const struct buf *command)
{
	INVARIANT(!command->failed);
	RESOURCE(bufferevent_write(s->link, command->ptr, command->len) == 0);
	RESOURCE(bufferevent_write(s->link, "\r\n", 2) == 0);
}

/* Goes on to wait for the reply. */
static void
ask(struct smtp_session *s, enum smtp_stage stage, const char *command)
{
	struct buf line;

	buf_init(&line, COMMAND_LEN_MAX);
	buf_add_text(&line, command);
	put(s, &line);
	buf_fini(&line);
	s->stage = stage;
}

/* One that waits for a reply within the time of each. */
static void
ask_timed(struct smtp_session *s, enum smtp_stage stage, const char *command)
{
	ask(s, stage, command);
	set_timer(s, s->options->response_timeout_ms);
}

static void
say_hello(struct smtp_session *s)
{
	struct buf line;

	buf_init(&line, COMMAND_LEN_MAX);
	buf_printf(&line, "EHLO %s", s->user->helo);
	put(s, &line);
	buf_fini(&line);
	s->features = 0;
	s->mechanisms = 0;
	s->stage = SMTP_HELLO;
}

static void
put_recipient(struct smtp_session *s)
{
	struct buf line;

	buf_init(&line, COMMAND_LEN_MAX);
	buf_printf(&line, "RCPT TO:<%s>", s->mail->to);
	put(s, &line);
	buf_fini(&line);
}

static void
put_sender(struct smtp_session *s)
{
	struct buf line;

	buf_init(&line, COMMAND_LEN_MAX);
	buf_printf(&line, "MAIL FROM:<%s>", s->mail->from);
	if ((s->features & FEATURE_SIZE) != 0)
		buf_printf(&line, " SIZE=%zu", s->mail->octets.len);
	if (s->mail->needs_utf8)
		buf_add_text(&line, " SMTPUTF8");
	put(s, &line);
	buf_fini(&line);
}

/* A dot that begins a line is doubled (RFC 5321 4.5.2). */
static void
put_octets(struct smtp_session *s)
{
	struct evbuffer *out = bufferevent_get_output(s->link);
	struct span rest = s->mail->octets;
	const char *dot;

	if (rest.len > 0 && rest.ptr[0] == '.')
		RESOURCE(evbuffer_add(out, ".", 1) == 0);
	while ((dot = memmem(rest.ptr, rest.len, "\n.", 2)) != NULL) {
		size_t len = (size_t)(dot - rest.ptr) + 2;

		RESOURCE(evbuffer_add(out, rest.ptr, len) == 0);
		RESOURCE(evbuffer_add(out, ".", 1) == 0);
		rest.ptr += len;
		rest.len -= len;
	}
	RESOURCE(evbuffer_add(out, rest.ptr, rest.len) == 0);
	RESOURCE(evbuffer_add(out, ".\r\n", 3) == 0);
}

/* ---- a mail ---- */

static void
begin_mail(struct smtp_session *s)
{
	struct smtp_end end = {.stage = SMTP_IDLE, .no_utf8 = true, .reason = ""};

	if (s->mail->needs_utf8 && (s->features & FEATURE_SMTPUTF8) == 0) {
		set_timer(s, s->options->idle_ms);
		end_mail(s, &end);
		return;
	}
	s->mails++;
	s->reply = (struct smtp_reply){0};
	put_sender(s);
	if ((s->features & FEATURE_PIPELINING) != 0)
		put_recipient(s);
	s->stage = SMTP_MAIL;
	set_timer(s, s->options->response_timeout_ms);
}

/* The relay does not take it. With RSET the connection is as good as before; but one that
 * took others, and takes no further sender, may have had its share of mails. */
static void
refused(struct smtp_session *s)
{
	struct smtp_end end = {.stage = s->stage,
	    .reply = s->reply,
	    .kept = s->mails > 1,
	    .reason = "refused"};

	if (s->stage == SMTP_MAIL && s->mails > 1) {
		lose(s, &s->reply, "refused");
		return;
	}
	if (s->stage == SMTP_MAIL && (s->features & FEATURE_PIPELINING) != 0)
		s->strays = 1;
	ask_timed(s, SMTP_RSET, "RSET");
	end_mail(s, &end);
}

static void
become_idle(struct smtp_session *s)
{
	s->stage = SMTP_IDLE;
	set_timer(s, s->options->idle_ms);
}

static void
finished(struct smtp_session *s)
{
	struct smtp_end end = {.stage = SMTP_END,
	    .reply = s->reply,
	    .kept = s->mails > 1,
	    .reason = "taken"};

	become_idle(s);
	end_mail(s, &end);
}

static bool
says_well(const struct smtp_session *s)
{
	return s->reply.code / 100 == 2;
}

static void
on_mail(struct smtp_session *s)
{
	if (!says_well(s)) {
		refused(s);
		return;
	}
	if ((s->features & FEATURE_PIPELINING) == 0)
		put_recipient(s);
	s->stage = SMTP_RCPT;
	set_timer(s, s->options->response_timeout_ms);
}

static void
on_rcpt(struct smtp_session *s)
{
	if (says_well(s))
		ask_timed(s, SMTP_DATA, "DATA");
	else
		refused(s);
}

static void
on_data(struct smtp_session *s)
{
	if (s->reply.code != 354) {
		refused(s);
		return;
	}
	put_octets(s);
	s->stage = SMTP_END;
	set_timer(s, s->options->data_timeout_ms);
}

static void
on_rset(struct smtp_session *s)
{
	if (s->strays > 0) {
		s->strays--;
		return;
	}
	if (!says_well(s)) {
		lose(s, &s->reply, "RSET was refused");
		return;
	}
	become_idle(s);
	s->user->idle(s->user->ctx);
}

/* ---- the way in ---- */

static void
let_in(struct smtp_session *s)
{
	s->user->up(s->user->ctx, s->relay);
	become_idle(s);
	if (s->mail != NULL)
		begin_mail(s);
}

/* The first line of the file, as it is now: a token has a short life. */
static const char *
read_token(const char *path, char *out, int size)
{
	FILE *f = fopen(path, "re");
	char *got = f == NULL ? NULL : fgets(out, size, f);

	if (f != NULL)
		fclose(f);
	if (got == NULL)
		return NULL;
	out[strcspn(out, "\r\n")] = '\0';
	return out[0] == '\0' ? NULL : out;
}

static void
say_auth(struct smtp_session *s)
{
	char token[4096];
	struct smtp_auth_secret secret = {
	    .user = s->options->user, .secret = s->options->password};
	struct buf line;
	bool more;

	if (s->mechanism == SMTP_AUTH_XOAUTH2)
		secret.secret =
		    read_token(s->options->token_file, token, (int)sizeof(token));
	if (secret.secret == NULL) {
		lose_silent(s, "there is no token in token_file");
		return;
	}
	buf_init(&line, COMMAND_LEN_MAX);
	more = smtp_auth_put(&line, s->mechanism, s->step, &secret);
	if (more)
		put(s, &line);
	buf_fini(&line);
	explicit_bzero(token, sizeof(token));
	s->stage = SMTP_AUTH;
	s->step++;
	if (!more)
		lose(s, &s->reply, "it asks for more than there is to sign in with");
}

static bool
offers(const struct smtp_session *s, enum smtp_auth mechanism)
{
	return (s->mechanisms & 1u << mechanism) != 0;
}

static void
begin_auth(struct smtp_session *s)
{
	s->mechanism = (enum smtp_auth)s->options->auth;
	if (s->mechanism == SMTP_AUTH_AUTO)
		s->mechanism =
		    offers(s, SMTP_AUTH_PLAIN) ? SMTP_AUTH_PLAIN : SMTP_AUTH_LOGIN;
	s->step = 0;
	if (offers(s, s->mechanism))
		say_auth(s);
	else
		lose_silent(s, "it does not offer that way to sign in");
}

static void
sign_in(struct smtp_session *s)
{
	if (s->options->user != NULL)
		begin_auth(s);
	else
		let_in(s);
}

static void
on_greeting(struct smtp_session *s)
{
	if (says_well(s))
		say_hello(s);
	else
		lose(s, &s->reply, "it takes nothing now");
}

static void
on_hello(struct smtp_session *s)
{
	if (!says_well(s))
		lose(s, &s->reply, "EHLO was refused");
	else if (s->options->tls != SMTP_TLS_STARTTLS || s->secure)
		sign_in(s);
	else if ((s->features & FEATURE_STARTTLS) != 0)
		ask(s, SMTP_STARTTLS, "STARTTLS");
	else
		lose_silent(s, "it does not offer STARTTLS");
}

static void
on_auth(struct smtp_session *s)
{
	if (s->reply.code == 334)
		say_auth(s);
	else if (s->reply.code == 235)
		let_in(s);
	else
		lose(s, &s->reply, "it does not let us sign in");
}

static void use_link(struct smtp_session *s, int fd, bool tls);

/* Octets behind the reply would be read as if TLS had protected them (CVE-2011-0411). */
static void
on_starttls(struct smtp_session *s)
{
	struct evbuffer *in = bufferevent_get_input(s->link);
	int fd;

	if (!says_well(s)) {
		lose(s, &s->reply, "STARTTLS was refused");
		return;
	}
	if (evbuffer_get_length(in) > 0) {
		lose_silent(s, "octets in the clear came behind STARTTLS");
		return;
	}
	fd = fcntl(bufferevent_getfd(s->link), F_DUPFD_CLOEXEC, 0);
	RESOURCE(fd >= 0);
	bufferevent_free(s->link);
	use_link(s, fd, true);
}

/* ---- replies ---- */

/* 421 may answer anything (RFC 5321 3.8). */
static bool
is_leaving(const struct smtp_session *s)
{
	return s->reply.code == 421;
}

static void
on_reply(struct smtp_session *s)
{
	static void (*const handlers[SMTP_STAGE_COUNT])(struct smtp_session * s) = {
	    [SMTP_GREETING] = on_greeting,
	    [SMTP_HELLO] = on_hello,
	    [SMTP_STARTTLS] = on_starttls,
	    [SMTP_AUTH] = on_auth,
	    [SMTP_RSET] = on_rset,
	    [SMTP_MAIL] = on_mail,
	    [SMTP_RCPT] = on_rcpt,
	    [SMTP_DATA] = on_data,
	    [SMTP_END] = finished,
	};

	if (is_leaving(s))
		lose(s, &s->reply, "it closes the connection");
	else if (handlers[s->stage] == NULL)
		lose_silent(s, "it speaks unasked");
	else
		handlers[s->stage](s);
}

static void
note_extension(struct smtp_session *s, struct span text)
{
	static const struct {
		const char *word;
		enum feature feature;
	} known[] = {{"STARTTLS", FEATURE_STARTTLS}, {"PIPELINING", FEATURE_PIPELINING},
	    {"SMTPUTF8", FEATURE_SMTPUTF8}, {"SIZE", FEATURE_SIZE}};
	bool auth = false;
	size_t words = 0;

	while (text.len > 0) {
		const char *end = memchr(text.ptr, ' ', text.len);
		size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
		struct span word = {text.ptr, len};

		for (size_t i = 0; words == 0 && i < countof(known); i++)
			if (span_equal_nocase(word, known[i].word))
				s->features |= known[i].feature;
		auth = words == 0 ? span_equal_nocase(word, "AUTH") : auth;
		s->mechanisms |= auth ? 1u << smtp_auth_named(word) : 0;
		words++;
		len += end != NULL;
		text.ptr += len;
		text.len -= len;
	}
}

static void
take_line(struct smtp_session *s, struct span line)
{
	struct span text;
	bool last;

	if (smtp_reply_add(&s->reply, line, &last, &text) != OK ||
	    ++s->lines > REPLY_LINES_MAX) {
		lose_silent(s, "it answers with something else than a reply");
		return;
	}
	if (s->stage == SMTP_HELLO)
		note_extension(s, text);
	if (!last)
		return;
	s->lines = 0;
	on_reply(s);
	s->reply = (struct smtp_reply){0};
}

/* False: there is no whole line, or another link by now. */
static bool
take_next(struct smtp_session *s)
{
	struct bufferevent *link = s->link;
	struct evbuffer *in = link == NULL ? NULL : bufferevent_get_input(link);
	size_t len;
	char *line = in == NULL ? NULL : evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF);

	if (line == NULL) {
		if (in != NULL && evbuffer_get_length(in) > LINE_LEN_MAX)
			lose_silent(s, "it answers with a line without end");
		return false;
	}
	take_line(s, (struct span){line, len});
	mem_free(line);
	return s->link == link;
}

static void
on_read(struct bufferevent *link, void *ctx)
{
	struct smtp_session *s = ctx;

	CHECK_OBJ(s, SESSION_MAGIC);
	(void)link;
	while (take_next(s))
		continue;
}

/* ---- connecting ---- */

static void
await_greeting(struct smtp_session *s)
{
	if (s->options->tls == SMTP_TLS_STARTTLS && s->secure)
		say_hello(s);
	else
		s->stage = SMTP_GREETING;
}

static void
on_link(struct bufferevent *link, short what, void *ctx)
{
	struct smtp_session *s = ctx;
	const char *fault;

	CHECK_OBJ(s, SESSION_MAGIC);
	if ((what & BEV_EVENT_CONNECTED) != 0) {
		await_greeting(s);
		return;
	}
	fault = s->secure ? tls_client_fault(link) : NULL;
	if (fault != NULL)
		lose_silent(s, fault);
	else if ((what & BEV_EVENT_ERROR) != 0)
		lose_silent(s, evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	else
		lose_silent(s, "the connection was closed");
}

static void
use_link(struct smtp_session *s, int fd, bool tls)
{
	int options = BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS;
	const char *name = s->options->tls_name;

	s->secure = tls;
	s->stage = tls ? SMTP_TLS : SMTP_GREETING;
	if (tls)
		s->link = tls_client_link(s->user->tls, s->user->env->base, fd,
		    name != NULL ? name : s->relay->host, options);
	else
		s->link = bufferevent_socket_new(s->user->env->base, fd, options);
	RESOURCE(s->link != NULL);
	bufferevent_setcb(s->link, on_read, NULL, on_link, s);
	bufferevent_setwatermark(s->link, EV_READ, 0, INPUT_MAX);
	bufferevent_enable(s->link, EV_READ | EV_WRITE);
}

static void
on_connected(void *ctx, int fd, const char *why)
{
	struct smtp_session *s = ctx;
	struct connector *ended = s->connector;

	CHECK_OBJ(s, SESSION_MAGIC);
	s->connector = NULL;
	if (fd < 0) {
		lose_silent(s, why);
	} else {
		set_timer_until(s, s->ready_by_ms);
		use_link(s, fd, s->options->tls == SMTP_TLS_IMPLICIT);
	}
	connector_free(ended); /* `why` was its own */
}

/* The connector has a time of its own, which says more of what it tried. */
static void
connect_relay(struct smtp_session *s)
{
	const struct clock *clock = s->user->env->clock;
	struct connector_target to = {.host = s->relay->host,
	    .port = s->relay->port,
	    .timeout_ms = s->options->connect_timeout_ms,
	    .first = s->relay->first};

	s->stage = SMTP_CONNECTING;
	s->mails = 0;
	s->strays = 0;
	s->lines = 0;
	s->reply = (struct smtp_reply){0};
	s->ready_by_ms = clock->steady_ms(clock) + s->options->connect_timeout_ms;
	s->connector = connector_new(s->user->env->base, &to, on_connected, s);
}

static void
on_session_timer(evutil_socket_t fd, short what, void *ctx)
{
	static const char *const late[SMTP_STAGE_COUNT] = {
	    [SMTP_TLS] = "the TLS handshake took too long",
	    [SMTP_GREETING] = "no greeting in time",
	    [SMTP_HELLO] = "no reply to EHLO in time",
	    [SMTP_STARTTLS] = "no reply to STARTTLS in time",
	    [SMTP_AUTH] = "no reply to AUTH in time",
	    [SMTP_RSET] = "no reply to RSET in time",
	    [SMTP_MAIL] = "no reply to MAIL in time",
	    [SMTP_RCPT] = "no reply to RCPT in time",
	    [SMTP_DATA] = "no reply to DATA in time",
	    [SMTP_END] = "no reply to the mail in time",
	};
	struct smtp_session *s = ctx;

	(void)fd;
	(void)what;
	CHECK_OBJ(s, SESSION_MAGIC);
	if (s->stage == SMTP_IDLE)
		smtp_session_leave(s);
	else
		lose_silent(s, late[s->stage]);
}

/* ---- life ---- */

struct smtp_session *
smtp_session_new(const struct smtp_session_user *user)
{
	struct smtp_session *s = mem_new(sizeof(*s));

	s->magic = SESSION_MAGIC;
	s->user = user;
	s->options = user->config->options;
	s->timer = evtimer_new(user->env->base, on_session_timer, s);
	RESOURCE(s->timer != NULL);
	return s;
}

/* Best effort: the reply is not waited for. */
static void
say_quit(struct smtp_session *s)
{
	static const struct span quit = {"QUIT\r\n", 6};

	if (s->secure)
		tls_client_put_now(s->link, quit);
	else
		(void)!send(bufferevent_getfd(s->link), quit.ptr, quit.len,
		    MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
smtp_session_leave(struct smtp_session *s)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	if (s->stage != SMTP_IDLE)
		return;
	say_quit(s);
	s->stage = SMTP_DOWN;
	drop_link(s);
}

void
smtp_session_free(struct smtp_session *s)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	smtp_session_leave(s);
	drop_link(s);
	event_free(s->timer);
	mem_free(s);
}

enum smtp_stage
smtp_session_stage(const struct smtp_session *s)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	return s->stage;
}

const struct smtp_relay *
smtp_session_relay(const struct smtp_session *s)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	return s->stage == SMTP_DOWN ? NULL : s->relay;
}

void
smtp_session_send(
    struct smtp_session *s, struct smtp_relay *relay, const struct smtp_mail *mail)
{
	CHECK_OBJ(s, SESSION_MAGIC);
	INVARIANT(s->mail == NULL);
	INVARIANT(s->stage == SMTP_DOWN || s->stage == SMTP_IDLE);
	s->mail = mail;
	if (s->stage == SMTP_IDLE) {
		begin_mail(s);
		return;
	}
	s->relay = relay;
	connect_relay(s);
}

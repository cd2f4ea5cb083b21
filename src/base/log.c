/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "buf.h"
#include "clock.h"
#include "json_out.h"

#define LINE_LEN_MAX 4096u
#define TEXT_LEN_MAX 256u

static atomic_int least_level = LOG_LEVEL_INFO;

static const char *const level_names[] = {
    [LOG_LEVEL_DEBUG] = "debug",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_ERROR] = "error",
};

void
log_set_level(enum log_level least)
{
	atomic_store(&least_level, (int)least);
}

void
log_mask_phone(const char *number, char *out, size_t out_len)
{
	size_t len = strlen(number);

	INVARIANT(out_len > 0);
	if (len >= out_len)
		len = out_len - 1;
	for (size_t i = 0; i < len; i++) {
		bool shown = len >= 8 && (i < 3 || i + 2 >= len);

		out[i] = '*';
		if (shown)
			out[i] = number[i];
	}
	out[len] = '\0';
}

static struct span
cut(const char *text)
{
	struct span s = span_of(text);

	if (s.len <= TEXT_LEN_MAX)
		return s;
	s.len = TEXT_LEN_MAX;
	while (s.len > 0 && ((unsigned char)s.ptr[s.len] & 0xc0) == 0x80)
		s.len--;
	return s;
}

static void
put_field(struct json_out *out, const struct log_field *f)
{
	char masked[32];

	switch (f->kind) {
	case LOG_FIELD_INT:
		json_out_int(out, f->name, f->number);
		return;
	case LOG_FIELD_TEXT:
		json_out_span(out, f->name, cut(f->text == NULL ? "" : f->text));
		return;
	case LOG_FIELD_PHONE:
		log_mask_phone(f->text, masked, sizeof(masked));
		json_out_text(out, f->name, masked);
		return;
	}
}

void
log_write(
    enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	struct buf line;
	struct json_out out;
	char at[32];

	if ((int)level < atomic_load(&least_level))
		return;
	clock_format(clock_system.wall_ms(&clock_system), at, sizeof(at));
	buf_init(&line, LINE_LEN_MAX);
	json_out_init(&out, &line);
	json_out_object(&out, NULL);
	json_out_text(&out, "at", at);
	json_out_text(&out, "level", level_names[level]);
	json_out_text(&out, "event", event);
	for (size_t i = 1; i < count; i++)
		put_field(&out, &fields[i]);
	json_out_end(&out);
	buf_add_char(&line, '\n');
	if (!line.failed)
		while (write(STDERR_FILENO, line.ptr, line.len) < 0 && errno == EINTR)
			continue;
	buf_fini(&line);
}

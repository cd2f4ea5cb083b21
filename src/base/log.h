/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object a line on standard error: at, level, event, then the fields.
 * Only `server` and the commands log; the other rooms return errors, except for
 * a carrier, which tells of its connection.
 *
 * There is no field type for a PIN, a password, a key or a message text, and
 * telephone numbers go through LOG_PHONE, which shows the first three digits and
 * the last two. Text is escaped and cut at 256 bytes, so one event is one line.
 */
#ifndef WW_LOG_H
#define WW_LOG_H

#include "base.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

struct log_field {
	const char *name;
	enum { LOG_FIELD_TEXT, LOG_FIELD_INT, LOG_FIELD_PHONE } kind;
	const char *text;
	int64_t number;
};

#define LOG_TEXT(name, value) ((struct log_field){(name), LOG_FIELD_TEXT, (value), 0})
#define LOG_INT(name, value) ((struct log_field){(name), LOG_FIELD_INT, NULL, (value)})
#define LOG_PHONE(name, value) ((struct log_field){(name), LOG_FIELD_PHONE, (value), 0})
#define LOG_ERR(value) LOG_TEXT("error", err_text(value))

void log_set_level(enum log_level least);
void log_write(enum log_level level, const char *event, const struct log_field *fields,
    size_t count);

/* log_event(LOG_LEVEL_INFO, "listening", LOG_TEXT("address", a), LOG_INT("port", p)); */
#define log_event(level, event, ...)                                                     \
	log_write((level), (event),                                                      \
	    (const struct log_field[]){{"", LOG_FIELD_TEXT, NULL, 0}, ##__VA_ARGS__},    \
	    countof(((const struct log_field[]){                                         \
		{"", LOG_FIELD_TEXT, NULL, 0}, ##__VA_ARGS__})))

/* "417*****27": the first three digits and the last two; shorter text is all stars. */
void log_mask_phone(const char *number, char *out, size_t out_len);

#endif

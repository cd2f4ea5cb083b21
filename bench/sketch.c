/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The yardstick: the least that could be called a durable send. evhttp, jansson, one
 * HMAC, and for each request an upsert of the destination's counter, a PIN row and a
 * message row in SQLite (WAL, synchronous=FULL), committed in groups by one thread; the
 * answer leaves after the commit. No authentication, no templates, no limits, no
 * carrier, no retention, no way to verify. How close the product comes is what counts.
 *
 * usage: sketch DIR PORT
 */
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <jansson.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/queue.h"

enum { BATCH_MAX = 512 };

struct request {
	struct task task;
	struct evhttp_request *http;
	char to[24];
	uint8_t pin_id[16];
};

static struct event_base *base;
static struct queue *to_store;
static struct queue *to_loop;
static uint8_t key[32];
static const char schema[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-32768;"
    "CREATE TABLE counter (destination TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;"
    "CREATE TABLE pin (id BLOB PRIMARY KEY, destination TEXT, salt BLOB, attempts "
    "INTEGER,"
    " expires_at INTEGER) WITHOUT ROWID;"
    "CREATE TABLE message (pin BLOB, seq INTEGER, state INTEGER, at INTEGER,"
    " PRIMARY KEY (pin, seq)) WITHOUT ROWID;";
static const char *const texts[] = {"BEGIN IMMEDIATE",
    "INSERT INTO counter VALUES (?1, 1) ON CONFLICT (destination) DO UPDATE SET n = n + "
    "1",
    "INSERT INTO pin VALUES (?1, ?2, ?3, 0, ?4)",
    "INSERT INTO message VALUES (?1, 0, 0, ?2)", "COMMIT"};
static sqlite3_stmt *statements[countof(texts)];

static void
need(bool ok, const char *what)
{
	if (!ok)
		panic("sketch: %s", what);
}

static void
step(size_t i)
{
	need(sqlite3_step(statements[i]) == SQLITE_DONE, texts[i]);
	sqlite3_reset(statements[i]);
}

static void
write_one(struct request *r)
{
	struct timespec now;
	uint8_t salt[16];
	int64_t ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	randombytes_buf(r->pin_id, sizeof(r->pin_id));
	randombytes_buf(salt, sizeof(salt));
	for (int i = 0; i < 6; i++)
		r->pin_id[i] = (uint8_t)((uint64_t)ms >> 8 * (5 - i));
	sqlite3_bind_text(statements[1], 1, r->to, -1, SQLITE_STATIC);
	step(1);
	sqlite3_bind_blob(statements[2], 1, r->pin_id, 16, SQLITE_STATIC);
	sqlite3_bind_text(statements[2], 2, r->to, -1, SQLITE_STATIC);
	sqlite3_bind_blob(statements[2], 3, salt, 16, SQLITE_STATIC);
	sqlite3_bind_int64(statements[2], 4, ms + 900000);
	step(2);
	sqlite3_bind_blob(statements[3], 1, r->pin_id, 16, SQLITE_STATIC);
	sqlite3_bind_int64(statements[3], 2, ms);
	step(3);
}

static void *
store(void *unused)
{
	(void)unused;
	for (;;) {
		struct task *batch;

		queue_wait(to_store, -1);
		batch = queue_take(to_store, BATCH_MAX, NULL);
		step(0);
		for (struct task *t = batch; t != NULL; t = t->next)
			write_one(container_of(t, struct request, task));
		step(4);
		for (struct task *t = batch, *next; t != NULL; t = next) {
			next = t->next;
			queue_push(to_loop, t);
		}
	}
	return NULL;
}

/* The PIN, and the answer: on the loop, after the commit. */
static void
answer(struct task *t)
{
	struct request *r = container_of(t, struct request, task);
	uint8_t mac[crypto_auth_hmacsha256_BYTES];
	char id[33];
	struct evbuffer *out = evbuffer_new();

	crypto_auth_hmacsha256(mac, r->pin_id, sizeof(r->pin_id), key);
	sodium_bin2hex(id, sizeof(id), r->pin_id, 16);
	evbuffer_add_printf(out,
	    "{\"pinId\":\"%s\",\"to\":\"%s\",\"ncStatus\":\"NC_NOT_CONFIGURED\","
	    "\"smsStatus\":\"MESSAGE_SENT\"}",
	    id, r->to);
	evhttp_add_header(evhttp_request_get_output_headers(r->http), "Content-Type",
	    "application/json;charset=UTF-8");
	evhttp_send_reply(r->http, 200, "OK", out);
	evbuffer_free(out);
	mem_free(r);
}

static void
on_request(struct evhttp_request *http, void *unused)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(http);
	size_t len = evbuffer_get_length(in);
	json_t *body = json_loadb(
	    (const char *)evbuffer_pullup(in, -1), len, JSON_REJECT_DUPLICATES, NULL);
	const char *to = json_string_value(json_object_get(body, "to"));
	struct request *r;

	(void)unused;
	if (to == NULL || strlen(to) >= sizeof(r->to)) {
		evhttp_send_error(http, 400, "Bad Request");
	} else {
		r = mem_new(sizeof(*r));
		r->http = http;
		r->task.run = answer;
		memcpy(r->to, to, strlen(to) + 1);
		queue_push(to_store, &r->task);
	}
	json_decref(body);
}

static void
on_bell(evutil_socket_t fd, short what, void *unused)
{
	(void)fd;
	(void)what;
	(void)unused;
	queue_run(to_loop);
}

static void
open_store(const char *dir)
{
	char path[4096];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/sketch.db", dir);
	need(sqlite3_open(path, &db) == SQLITE_OK, path);
	need(sqlite3_exec(db, schema, NULL, NULL, NULL) == SQLITE_OK, sqlite3_errmsg(db));
	for (size_t i = 0; i < countof(texts); i++)
		need(sqlite3_prepare_v2(db, texts[i], -1, &statements[i], NULL) ==
			 SQLITE_OK,
		    texts[i]);
}

int
main(int argc, char **argv)
{
	struct evhttp *http;
	pthread_t thread;

	need(argc == 3 && sodium_init() >= 0, "usage: sketch DIR PORT");
	open_store(argv[1]);
	base = event_base_new();
	http = evhttp_new(base);
	to_store = queue_new(0);
	to_loop = queue_new(0);
	evhttp_set_gencb(http, on_request, NULL);
	need(evhttp_bind_socket(
		 http, "127.0.0.1", (uint16_t)strtoul(argv[2], NULL, 10)) == 0,
	    "cannot listen");
	event_add(event_new(base, queue_fd(to_loop), EV_READ | EV_PERSIST, on_bell, NULL),
	    NULL);
	need(pthread_create(&thread, NULL, store, NULL) == 0, "no thread");
	puts("listening");
	fflush(stdout);
	return event_base_dispatch(base);
}

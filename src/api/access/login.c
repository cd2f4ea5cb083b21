/* SPDX-License-Identifier: Apache-2.0 */
#include "api/access/login.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "api/access/login_budget.h"
#include "api/access/login_limit.h"
#include "api/access/login_memory.h"
#include "base/buf.h"

enum {
	LOGIN_MAGIC = 0x10910b00,
	QUEUE_MAX = 16,
	/* of those, logins from networks where the user has never signed in: a crowd of
	   strangers leaves places to the others */
	STRANGERS_MAX = 12,
	PASSWORD_KEPT_MS = 60 * 1000,
	/* the bound for all networks together that the user has never signed in from, in
	   multiples of the bound for one network (logins.per_user) */
	EVERYWHERE = 10
};

#define NETWORK_KEPT_MS (INT64_C(30) * 24 * 60 * 60 * 1000)

/* A copy, as an attempt may be over before its hash is. */
struct work {
	char hash[SECRET_PASSWORD_HASH_LEN];
	char password[SECRET_PASSWORD_MAX];
	size_t len;
	bool right;
	int64_t used_us; /* of a core; what is not in the budget yet */
};

struct login {
	unsigned magic;
	struct login_options options;
	uint8_t key[32];
	char nobody[SECRET_PASSWORD_HASH_LEN]; /* the hash for users that are none */
	pthread_mutex_t lock;                  /* of what follows */
	struct login_limit *by_address;
	struct login_limit *by_place; /* a user name from one network */
	struct login_limit *by_user;  /* a user name from where it never was */
	struct login_memory *passwords;
	struct login_memory *places;
	struct login_budget budget;
	int64_t waiting; /* and the one that is checked */
	/* the thread's that takes attempts one by one */
	struct queue *queue;
	struct task stop;
	atomic_bool stopping; /* passwords that wait are not hashed any more */
	bool stopped;         /* nothing comes any more */
	pthread_t thread;
	/* between it and the one that hashes; eventfds only wake */
	struct work work; /* the one's, and while `busy` the other's */
	atomic_bool busy;
	atomic_bool end;
	int to_hash;
	int hashed;
	pthread_t hasher;
};

static int64_t
now_ms(const struct login *l)
{
	return l->options.clock->steady_ms(l->options.clock);
}

static int64_t
used_us(const struct login *l)
{
	return l->options.clock->used_us(l->options.clock);
}

/* ---- hashing ---- */

static void
ring(int fd)
{
	uint64_t one = 1;

	INVARIANT(write(fd, &one, sizeof(one)) == sizeof(one));
}

/* Until it rings, or the time is over; and then it is quiet. */
static void
await(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t rung;

	(void)poll(&p, 1, timeout_ms);
	if (read(fd, &rung, sizeof(rung)) < 0)
		INVARIANT(errno == EAGAIN || errno == EINTR);
}

/*
 * A share of the time, beyond which it gets no work, keeps it out of the others' way
 * (await_budget). Its priority could not: even idle it takes from the others, by way of
 * the memory, of a core that is half of one, of a host that is overbooked. And it must
 * not be low, as there is a lock that the others may have to wait for, the kernel's on
 * the address space, while the 19 MiB of a hash are mapped and filled: with SCHED_IDLE on
 * cores that were busy all the time the HTTP loops stood in mprotect for a second and
 * more. No lock of ours is taken here: work comes and goes through one atomic.
 */
static void *
hash(void *ctx)
{
	struct login *l = ctx;
	struct work *w = &l->work;

	(void)pthread_setschedparam(
	    pthread_self(), SCHED_BATCH, &(struct sched_param){.sched_priority = 0});
	while (!atomic_load(&l->end)) {
		int64_t before_us;

		if (!atomic_load(&l->busy)) {
			await(l->to_hash, -1);
			continue;
		}
		before_us = used_us(l);
		w->right =
		    secret_password_check(w->hash, (struct span){w->password, w->len});
		w->used_us = used_us(l) - before_us;
		secret_wipe(w->password, sizeof(w->password));
		atomic_store(&l->busy, false);
		ring(l->hashed);
	}
	return NULL;
}

/* ---- one by one ---- */

static void
remember(struct login *l, const struct login_attempt *t)
{
	pthread_mutex_lock(&l->lock);
	login_memory_put(l->passwords, t->mark, now_ms(l));
	login_memory_put(l->places, t->place, now_ms(l));
	pthread_mutex_unlock(&l->lock);
}

/* Settles the cost of the last hash, also if nobody waited for it. */
static void
settle(struct login *l)
{
	if (l->work.used_us == 0)
		return;
	pthread_mutex_lock(&l->lock);
	login_budget_spend(&l->budget, l->work.used_us, now_ms(l));
	pthread_mutex_unlock(&l->lock);
	l->work.used_us = 0;
}

/* Has the hasher nothing to do, or has it before the attempt's time is over? */
static bool
await_hasher(struct login *l, int64_t until_ms)
{
	while (atomic_load(&l->busy)) {
		int64_t left_ms = until_ms - now_ms(l);

		if (left_ms <= 0 || atomic_load(&l->stopping))
			return false;
		await(l->hashed, (int)left_ms);
	}
	settle(l);
	return true;
}

static int64_t
budget_wait_ms(struct login *l)
{
	int64_t wait_ms;

	pthread_mutex_lock(&l->lock);
	wait_ms = login_budget_wait_ms(&l->budget, 0, now_ms(l));
	pthread_mutex_unlock(&l->lock);
	return wait_ms;
}

/* Until one more hash is paid for; false at once when that is after the attempt's time.
 */
static bool
await_budget(struct login *l, int64_t until_ms)
{
	int64_t wait_ms;

	while ((wait_ms = budget_wait_ms(l)) > 0) {
		if (wait_ms >= until_ms - now_ms(l) || atomic_load(&l->stopping))
			return false;
		await(l->hashed, (int)wait_ms);
	}
	return true;
}

static void
give_work(struct login *l, const struct login_attempt *t)
{
	struct work *w = &l->work;

	memcpy(w->hash, t->known ? t->user.password : l->nobody, sizeof(w->hash));
	w->len = t->password.len;
	if (w->len > 0)
		memcpy(w->password, t->password.ptr, w->len);
	secret_wipe_registers();
	atomic_store(&l->busy, true);
	ring(l->to_hash);
}

static enum err
check(struct login *l, struct login_attempt *t)
{
	if (atomic_load(&l->stopping) || now_ms(l) >= t->until_ms)
		return ERR_OVERLOADED;
	if (!await_hasher(l, t->until_ms) || !await_budget(l, t->until_ms))
		return ERR_OVERLOADED;
	give_work(l, t);
	if (!await_hasher(l, t->until_ms))
		return ERR_OVERLOADED;
	if (!l->work.right || !t->known)
		return ERR_UNAUTHORIZED;
	remember(l, t);
	return OK;
}

static void
check_task(struct task *task)
{
	struct login_attempt *t = container_of(task, struct login_attempt, task);
	struct login *l = t->login;

	t->err = check(l, t);
	pthread_mutex_lock(&l->lock);
	l->waiting--;
	pthread_mutex_unlock(&l->lock);
	queue_push(t->loop, t->done);
}

static void
stop_task(struct task *task)
{
	container_of(task, struct login, stop)->stopped = true;
}

static void *
run(void *ctx)
{
	struct login *l = ctx;

	while (!l->stopped) {
		struct task *t;

		queue_wait(l->queue, -1);
		/* one by one, so that the bound of the queue is the bound of what waits
		 */
		while ((t = queue_take(l->queue, 1, NULL)) != NULL)
			t->run(t);
	}
	return NULL;
}

static pthread_t
start(struct login *l, void *(*body)(void *), const char *name)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, body, l);

	if (rc != 0)
		panic("cannot start the thread %s: %s", name, strerror(rc));
	pthread_setname_np(thread, name);
	return thread;
}

struct login *
login_new(const struct login_options *o)
{
	struct login *l = mem_new(sizeof(*l));

	l->magic = LOGIN_MAGIC;
	l->options = *o;
	o->entropy->fill(o->entropy, l->key, sizeof(l->key));
	if (secret_password_hash(
		(struct span){(const char *)l->key, sizeof(l->key)}, l->nobody) != OK)
		panic("no memory for hashing passwords");
	pthread_mutex_init(&l->lock, NULL);
	l->by_address = login_limit_new(o->per_address);
	l->by_place = login_limit_new(o->per_user);
	l->by_user = login_limit_new(o->per_user * EVERYWHERE);
	l->passwords = login_memory_new(PASSWORD_KEPT_MS);
	l->places = login_memory_new(NETWORK_KEPT_MS);
	login_budget_init(&l->budget, o->hash_share, now_ms(l));
	l->queue = queue_new(QUEUE_MAX);
	l->stop.run = stop_task;
	l->to_hash = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	l->hashed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	RESOURCE(l->to_hash >= 0 && l->hashed >= 0);
	l->hasher = start(l, hash, "passwords");
	l->thread = start(l, run, "logins");
	return l;
}

void
login_free(struct login *l)
{
	if (l == NULL)
		return;
	CHECK_OBJ(l, LOGIN_MAGIC);
	atomic_store(&l->stopping, true);
	ring(l->hashed);
	queue_push(l->queue, &l->stop);
	pthread_join(l->thread, NULL);
	atomic_store(&l->end, true);
	ring(l->to_hash);
	pthread_join(l->hasher, NULL);
	close(l->to_hash);
	close(l->hashed);
	queue_free(l->queue);
	login_limit_free(l->by_address);
	login_limit_free(l->by_place);
	login_limit_free(l->by_user);
	login_memory_free(l->passwords);
	login_memory_free(l->places);
	pthread_mutex_destroy(&l->lock);
	mem_free(l);
}

/* ---- starting an attempt ---- */

/* The user's hash is part of it: a changed password is forgotten by itself. */
static void
make_mark(const struct login *l, struct login_attempt *t)
{
	struct buf b;

	buf_init(&b, 4 * SECRET_PASSWORD_MAX + 2 * SECRET_PASSWORD_HASH_LEN);
	buf_add(&b, t->name.ptr, t->name.len);
	buf_add_char(&b, '\0');
	buf_add(&b, t->user.password, sizeof(t->user.password));
	buf_add(&b, t->password.ptr, t->password.len);
	INVARIANT(!b.failed);
	secret_hmac(l->key, buf_span(&b), t->mark);
	buf_fini(&b);
}

/* The whole of an IPv4 address, the network of an IPv6 one, which one host may fill. */
static struct span
network_of(const struct address *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	bool four = memcmp(a->bytes, mapped, sizeof(mapped)) == 0;

	return (struct span){(const char *)a->bytes, four ? ADDRESS_LEN : 8};
}

static void
make_place(const struct login *l, struct login_attempt *t)
{
	struct span network = network_of(&t->peer);
	struct buf b;

	buf_init(&b, SECRET_PASSWORD_MAX + 1 + ADDRESS_LEN);
	buf_add(&b, network.ptr, network.len);
	buf_add_char(&b, '\0');
	buf_add(&b, t->name.ptr, t->name.len);
	INVARIANT(!b.failed);
	secret_hmac(l->key, buf_span(&b), t->place);
	buf_fini(&b);
}

static uint64_t
number_of(const uint8_t mac[SECRET_MAC_LEN])
{
	uint64_t number;

	memcpy(&number, mac, sizeof(number));
	return number;
}

static uint64_t
number_of_text(const struct login *l, struct span s)
{
	uint8_t mac[SECRET_MAC_LEN];

	secret_hmac(l->key, s, mac);
	return number_of(mac);
}

/*
 * A guesser uses up the budget of its own network, and then a share of the budget that
 * all strangers have together. So guesses have a bound wherever they come from, one
 * stranger does not keep the owner from signing in, and many do not keep it from where it
 * has been before.
 */
static enum err
take_turn(struct login *l, struct login_attempt *t)
{
	uint64_t from = number_of_text(l, network_of(&t->peer));
	uint64_t who = number_of_text(l, t->name);
	int64_t now = now_ms(l);

	if (!login_limit_take(l->by_address, from, now, &t->wait_ms) ||
	    !login_limit_take(l->by_place, number_of(t->place), now, &t->wait_ms))
		return ERR_THROTTLED;
	t->at_home = t->known && login_memory_has(l->places, t->place, now);
	if (t->at_home)
		return OK;
	return login_limit_take(l->by_user, who, now, &t->wait_ms) ? OK : ERR_THROTTLED;
}

/* A place in the queue, for who will have an answer in time. */
static enum err
queue_up(struct login *l, struct login_attempt *t)
{
	int64_t most = t->at_home ? QUEUE_MAX : STRANGERS_MAX;

	if (l->waiting >= most ||
	    login_budget_wait_ms(&l->budget, l->waiting, now_ms(l)) >= LOGIN_WAIT_MS ||
	    !queue_offer(l->queue, &t->task))
		return ERR_OVERLOADED;
	l->waiting++;
	return ERR_BUSY;
}

enum err
login_start(struct login *l, struct login_attempt *t)
{
	enum err e;

	CHECK_OBJ(l, LOGIN_MAGIC);
	t->login = l;
	t->task.run = check_task;
	t->err = ERR_UNAUTHORIZED;
	t->until_ms = now_ms(l) + LOGIN_WAIT_MS;
	if (!auth_is_known(l->options.auth))
		t->err = ERR_DOWN;
	if (t->err == ERR_DOWN || t->name.len > SECRET_PASSWORD_MAX ||
	    t->password.len > SECRET_PASSWORD_MAX)
		return OK;
	t->known = auth_user_find(l->options.auth, t->name, &t->user);
	make_mark(l, t);
	make_place(l, t);
	pthread_mutex_lock(&l->lock);
	if (t->known && login_memory_has(l->passwords, t->mark, now_ms(l))) {
		t->err = OK;
		e = OK;
	} else {
		e = take_turn(l, t);
		if (e == OK)
			e = queue_up(l, t);
	}
	pthread_mutex_unlock(&l->lock);
	return e;
}

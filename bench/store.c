/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs of the store alone: sends, their outcomes, verifies, offered by one thread
 * that keeps so many in flight. The output is CPU time of the store's thread for each,
 * which is steadier on a busy machine than a rate, and octets written to the disk.
 *
 * usage: store DIR [COUNT [IN_FLIGHT]]; what is missing in DIR is made. `bench/rows.py
 * DIR COUNT DAYS` fills it with PINs in between.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/secret.h"
#include "store/access.h"
#include "store/config.h"
#include "store/limits.h"
#include "store/outbox.h"
#include "store/outgoing.h"
#include "store/send.h"
#include "store/store.h"
#include "store/verify.h"

/* Numbers are spread over all those that rows.py makes some of. */
enum { COUNT = 200000, IN_FLIGHT = 64, NUMBERS = 1000000 };
enum { NUMBER_STEP = 618033989, NUMBER_END = 1000000000 };

static const struct application_caps no_caps;

struct bench {
	struct store *store;
	struct queue *back;
	struct arena arena;
	struct ident account;
	struct ident application;
	struct ident template;
	struct ident *pins;
	size_t count;
	size_t done;
	size_t offered;
	size_t failed;
	size_t in_flight;
	size_t first; /* number of this run: the next run has others */
};

/* One request on its way; `next` is what the slot does when it comes back. */
struct slot {
	struct bench *bench;
	struct task task;
	struct arena arena;
	size_t number;
	union {
		struct job job;
		struct send_job send;
		struct outcome_job outcome;
		struct verify_job verify;
	};
};

typedef void fill_f(struct slot *s);

static void
finish(struct job *j)
{
	struct slot *s = j->owner;

	queue_push(s->bench->back, &s->task);
}

static void
fill_send(struct slot *s)
{
	struct bench *b = s->bench;
	struct outgoing_message *o = outgoing_new();

	o->content.channel = CHANNEL_SMS;
	o->destination = arena_printf(&o->arena, "4917%09zu",
	    (s->bench->first + s->number % NUMBERS) * NUMBER_STEP % NUMBER_END);
	s->send = (struct send_job){.job.verb = VERB_SEND,
	    .account = b->account,
	    .application = b->application,
	    .template = b->template,
	    .caps = &no_caps,
	    .outgoing = o};
}

static void
fill_outcome(struct slot *s)
{
	s->outcome = (struct outcome_job){.job.verb = VERB_OUTCOME,
	    .pin_id = s->bench->pins[s->number],
	    .state = MESSAGE_ACCEPTED,
	    .carrier = "bench",
	    .submits = 1};
}

static void
fill_verify(struct slot *s)
{
	s->verify = (struct verify_job){.job.verb = VERB_VERIFY,
	    .account = s->bench->account,
	    .pin_id = s->bench->pins[s->number * 7919 % s->bench->count],
	    .typed = SPAN("0000")};
}

static void
take_back(struct slot *s)
{
	struct bench *b = s->bench;

	b->done++;
	if (s->job.err != OK)
		b->failed++;
	if (s->job.verb != VERB_SEND)
		return;
	b->pins[s->number] = s->send.outgoing->recipe.pin_id;
	outgoing_free(s->send.outgoing);
}

static void
offer(struct slot *s, fill_f *fill)
{
	s->number = s->bench->offered++;
	arena_fini(&s->arena);
	arena_init(&s->arena);
	fill(s);
	s->job.arena = &s->arena;
	s->job.owner = s;
	s->job.finish = finish;
	INVARIANT(store_offer(s->bench->store, &s->job) == OK);
}

static double
cpu_s(void)
{
	struct timespec all;
	struct timespec own;

	INVARIANT(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &all) == 0);
	INVARIANT(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own) == 0);
	return (double)(all.tv_sec - own.tv_sec) +
	       (double)(all.tv_nsec - own.tv_nsec) / 1e9;
}

/* Octets that this process has caused to be written, by the kernel's count; 0: it keeps
 * none. */
static double
written(void)
{
	FILE *f = fopen("/proc/self/io", "r");
	char line[64];
	double octets = 0;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "write_bytes: %lf", &octets) == 1)
			break;
	fclose(f);
	return octets;
}

static double
wall_s(void)
{
	struct timespec now;

	INVARIANT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
measure(struct bench *b, const char *name, struct slot *slots, fill_f *fill)
{
	size_t in_flight = b->in_flight;
	double cpu = cpu_s();
	double wall = wall_s();
	double octets = written();

	b->offered = b->done = b->failed = 0;
	for (size_t i = 0; i < in_flight && b->offered < b->count; i++)
		offer(&slots[i], fill);
	while (b->done < b->count) {
		queue_wait(b->back, -1);
		for (struct task *t = queue_take(b->back, SIZE_MAX, NULL), *next;
		     t != NULL; t = next) {
			struct slot *s = container_of(t, struct slot, task);

			next = t->next;
			take_back(s);
			if (b->offered < b->count)
				offer(s, fill);
		}
	}
	cpu = cpu_s() - cpu;
	wall = wall_s() - wall;
	octets = written() - octets;
	printf("%-8s %8.0f/s  store CPU %6.2f us  %6.0f octets each  failed %zu\n", name,
	    (double)b->count / wall, cpu / (double)b->count * 1e6,
	    octets / (double)b->count, b->failed);
	fflush(stdout);
}

static enum err
try(struct bench *b, struct job *j, enum verb verb)
{
	j->verb = verb;
	j->arena = &b->arena;
	return store_run(b->store, j);
}

static void
run(struct bench *b, struct job *j, enum verb verb)
{
	INVARIANT(try(b, j, verb) == OK);
}

/* Those of a run before: the first ones. */
static void
find_account(struct bench *b)
{
	struct account_job a = {.name = "bench"};
	struct application_job app = {.list = NULL};
	struct template_job t = {.kinds = ~0u};

	run(b, &a.job, VERB_ACCOUNT_FIND);
	b->account = app.account = t.account = a.id;
	run(b, &app.job, VERB_APPLICATION_LIST);
	INVARIANT(app.count > 0);
	b->application = t.application = app.list[0].id;
	run(b, &t.job, VERB_TEMPLATE_LIST);
	INVARIANT(t.count > 0);
	b->template = t.list[0].id;
}

static void
make_account(struct bench *b)
{
	struct account_job a = {.name = "bench"};
	struct fail fail;
	struct application_change change = {.name = "app",
	    .verify_limit = "1000000/1s",
	    .send_application_limit = "1000000000/1d",
	    .send_phone_limit = "1000000/1d",
	    .pin_attempts = {true, 1000}};
	struct application_job app = {.create = true, .change = &change, .fail = &fail};
	struct template_change text = {
	    .pin_type = "NUMERIC", .text = "Your PIN is {{pin}}"};
	struct template_rules rules = {PIN_LENGTH_MAX, true, false};
	struct template_job t = {
	    .create = true, .change = &text, .rules = &rules, .fail = &fail};

	fail_init(&fail, &b->arena);
	if (try(b, &a.job, VERB_ACCOUNT_CREATE) != OK) {
		find_account(b);
		return;
	}
	b->account = app.account = t.account = a.id;
	run(b, &app.job, VERB_APPLICATION_PUT);
	b->application = t.application = app.list[0].id;
	run(b, &t.job, VERB_TEMPLATE_PUT);
	b->template = t.list[0].id;
}

/* A start has memory to make anew, which the first who asks for PINs waits for. */
static void
load_memory(struct bench *b)
{
	struct limits_job j = {.account = b->account,
	    .application = b->application,
	    .destination = "4917"};
	double begun = wall_s();

	run(b, &j.job, VERB_LIMITS);
	printf("start    %8.2f s\n", wall_s() - begun);
}

static void
task_never_runs(struct task *t)
{
	(void)t;
	INVARIANT(!"run");
}

int
main(int argc, char **argv)
{
	struct bench b = {.count = COUNT};
	char why[256] = "";
	struct slot *slots;
	size_t in_flight = argc > 3 ? strtoul(argv[3], NULL, 10) : IN_FLIGHT;
	struct store_options o = {.data_dir = argc > 1 ? argv[1] : "bench-data",
	    .queue_max = 8192,
	    .batch_max = 512,
	    .key_rotation_ms = PERIOD_MS_DAY,
	    .clock = &clock_system,
	    .entropy = &entropy_system};

	if (argc > 2)
		b.count = strtoul(argv[2], NULL, 10);
	secret_init();
	arena_init(&b.arena);
	b.back = queue_new(0);
	b.pins = mem_array(b.count, sizeof(*b.pins));
	b.in_flight = in_flight;
	b.first = (size_t)time(NULL) * NUMBERS % NUMBER_END;
	slots = mem_array(in_flight, sizeof(*slots));
	for (size_t i = 0; i < in_flight; i++) {
		slots[i].bench = &b;
		slots[i].task.run = task_never_runs;
		arena_init(&slots[i].arena);
	}
	if (store_open(&o, why, &b.store) != OK) {
		fprintf(stderr, "%s\n", why);
		return EXIT_FAILURE;
	}
	make_account(&b);
	load_memory(&b);
	store_start(b.store);
	measure(&b, "send", slots, fill_send);
	measure(&b, "outcome", slots, fill_outcome);
	measure(&b, "verify", slots, fill_verify);
	store_close(b.store);
	return EXIT_SUCCESS;
}

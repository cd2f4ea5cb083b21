/* SPDX-License-Identifier: Apache-2.0 */
#include "speech/espeak.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum {
	MEMORY_MAX = 512 * 1024 * 1024,
	CPU_S_MAX = 10,
	FILES_MAX = 64,
	EXIT_OPEN = 125, /* the child could not be shut off, or its program not begun */
	READ_LEN = 16384,
	SHARE_LEN = 32
};

#define MISSING                                                                          \
	"espeak-ng is not there: install it, or give recordings of all that is said "    \
	"(speech.prompts)"

/* ---- the program ---- */

static bool
is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

bool
espeak_find(const char *command, char path[ESPEAK_PATH_MAX])
{
	const char *place = getenv("PATH");

	if (strchr(command, '/') != NULL) {
		return snprintf(path, ESPEAK_PATH_MAX, "%s", command) < ESPEAK_PATH_MAX &&
		       is_program(path);
	}
	for (place = place == NULL ? "/usr/bin:/bin" : place; *place != '\0';) {
		int len = (int)strcspn(place, ":");

		if (len > 0 &&
		    snprintf(path, ESPEAK_PATH_MAX, "%.*s/%s", len, place, command) <
			ESPEAK_PATH_MAX &&
		    is_program(path))
			return true;
		place += len + (place[len] == ':');
	}
	return false;
}

/* ---- the child ---- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#else
#error "name the architecture for which system calls are refused"
#endif

#define LOAD(member)                                                                     \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define REFUSE(call)                                                                     \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (call), 0, 1),                               \
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)

/* Sockets, rings that open some, and other processes. Numbers from 2^30 on are x32's,
 * which name the same calls once more. */
static struct sock_filter shut_off[] = {
    LOAD(arch),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, UINT32_C(1) << 30, 0, 1),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    REFUSE(__NR_socket),
    REFUSE(__NR_socketpair),
    REFUSE(__NR_io_uring_setup),
    REFUSE(__NR_ptrace),
    REFUSE(__NR_process_vm_readv),
    REFUSE(__NR_process_vm_writev),
    REFUSE(__NR_pidfd_getfd),
    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

struct child {
	const char *path;
	char *const *arguments;
	char *const *environment;
	int input;
	int output;
	int null;
	pid_t pid;
	int pidfd;
	volatile int fault; /* errno of exec, told by the child, whose memory is ours */
};

static void
limit(int what, rlim_t most)
{
	const struct rlimit l = {most, most};

	(void)setrlimit((__rlimit_resource_t)what, &l);
}

/*
 * A core image of at most 1 octet is not written at all, neither into a file nor into a
 * pipe; 0 would not hold for a pipe (core(5)).
 */
static void
set_limits(void)
{
	limit(RLIMIT_CORE, 1);
	limit(RLIMIT_AS, MEMORY_MAX);
	limit(RLIMIT_CPU, CPU_S_MAX);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NOFILE, FILES_MAX);
}

/* A program that tries to write a file is refused, and not ended: libraries for sound,
 * which it loads and does not need, try. The child has its own table of signals. */
static void
set_signals(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool
shut_off_network(void)
{
	const struct sock_fprog program = {countof(shut_off), shut_off};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Between vfork and exec: system calls alone, and no return. */
NORETURN static void
become(struct child *c)
{
	if (dup2(c->input, STDIN_FILENO) < 0 || dup2(c->output, STDOUT_FILENO) < 0 ||
	    dup2(c->null, STDERR_FILENO) < 0 ||
	    syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0) != 0)
		_exit(EXIT_OPEN);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_signals();
	set_limits();
	if (!shut_off_network())
		_exit(EXIT_OPEN);
	execve(c->path, c->arguments, c->environment);
	c->fault = errno;
	_exit(EXIT_OPEN);
}

/* vfork: memory with keys in it is not copied, and a large server waits no longer. */
static bool
begin(struct child *c)
{
	c->pid = vfork();
	if (c->pid == 0)
		become(c);
	c->pidfd = c->pid < 0 ? -1 : (int)syscall(SYS_pidfd_open, c->pid, 0);
	return c->pid > 0;
}

/* Its exit status; -1: it was killed, by us or by a bound. */
static int
end(struct child *c, int64_t wait_ms)
{
	struct pollfd p = {.fd = c->pidfd, .events = POLLIN};
	int status = 0;

	if (c->pidfd < 0 || poll(&p, 1, (int)(wait_ms < 0 ? 0 : wait_ms)) <= 0)
		(void)kill(c->pid, SIGKILL);
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (c->pidfd >= 0)
		close(c->pidfd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- its input and output ---- */

/* In memory: the child reads at its own pace, and no file has the text. */
static int
open_input(const struct espeak_task *t)
{
	int fd = memfd_create("phrase", MFD_CLOEXEC);
	struct span parts[] = {
	    SPAN("<say-as interpret-as=\"characters\">"), t->text, SPAN("</say-as>")};

	if (fd < 0)
		return -1;
	for (size_t i = 0; i < countof(parts); i++) {
		if (!t->spelled && i != 1)
			continue;
		if (write(fd, parts[i].ptr, parts[i].len) != (ssize_t)parts[i].len) {
			close(fd);
			return -1;
		}
	}
	(void)lseek(fd, 0, SEEK_SET);
	return fd;
}

static int64_t
left_ms(int64_t until_ms)
{
	int64_t left = until_ms - clock_system.steady_ms(&clock_system);

	return left < 0 ? 0 : left;
}

static enum err
fault(enum err e, const char *sentence, const char **why)
{
	*why = sentence;
	return e;
}

/* Until the end of its output. */
static enum err
read_output(const struct espeak_task *t, int fd, int64_t until_ms, struct buf *out,
    const char **why)
{
	struct pollfd p[] = {
	    {.fd = fd, .events = POLLIN}, {.fd = t->stop_fd, .events = POLLIN}};
	char octets[READ_LEN];
	ssize_t n = 1;

	while (n > 0) {
		int got = poll(p, countof(p), (int)left_ms(until_ms));

		if (got > 0 && p[1].revents != 0 && t->stopped(t->ctx))
			return fault(ERR_CONFLICT, "cancelled", why);
		if (got == 0)
			return fault(ERR_DOWN, "espeak-ng took too long", why);
		if (got < 0 || p[0].revents == 0)
			continue;
		n = read(fd, octets, sizeof(octets));
		if (n > 0)
			buf_add(out, octets, (size_t)n);
		if (out->failed)
			return fault(ERR_TOO_LARGE, "a phrase is too long", why);
	}
	return OK;
}

static enum err
judge(const struct child *c, int status, const char **why)
{
	if (status == 0)
		return OK;
	if (status != EXIT_OPEN)
		return status > 0
			   ? fault(ERR_INVALID, "espeak-ng refused the voice", why)
			   : fault(ERR_DOWN, "espeak-ng was ended by a signal", why);
	return c->fault != 0
		   ? fault(ERR_DOWN, "espeak-ng cannot be run", why)
		   : fault(ERR_DOWN, "espeak-ng cannot be shut off the network", why);
}

static enum err
converse(const struct espeak_task *t, struct child *c, int from, struct buf *out,
    const char **why)
{
	int64_t until_ms = clock_system.steady_ms(&clock_system) + t->timeout_ms;
	bool begun = begin(c);
	enum err e;
	int status;

	close(c->output);
	c->output = -1;
	if (!begun)
		return fault(ERR_DOWN, "no process can be made for espeak-ng", why);
	e = read_output(t, from, until_ms, out, why);
	status = end(c, e == OK ? left_ms(until_ms) : 0);
	return e != OK ? e : judge(c, status, why);
}

static void
close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

static enum err
run(const struct espeak_task *t, struct child *c, struct buf *out, const char **why)
{
	int ends[2] = {-1, -1};
	enum err e = ERR_DOWN;

	c->input = open_input(t);
	c->null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	*why = "no descriptors are left for espeak-ng";
	if (c->input >= 0 && c->null >= 0 && pipe2(ends, O_CLOEXEC) == 0) {
		c->output = ends[1];
		e = converse(t, c, ends[0], out, why);
		ends[1] = c->output;
	}
	close_all((int[]){c->input, c->null, ends[0], ends[1]}, 4);
	return e;
}

enum err
espeak_run(const struct espeak_task *t, struct buf *out, const char **why)
{
	char path[ESPEAK_PATH_MAX];
	char rate[SHARE_LEN];
	char *arguments[] = {path, (char[]){"-v"}, (char *)(uintptr_t)t->voice,
	    (char[]){"-s"}, rate, (char[]){"-b1"}, (char[]){"--stdin"},
	    (char[]){"--stdout"}, t->spelled ? (char[]){"-m"} : NULL, NULL};
	char *environment[] = {
	    (char[]){"PATH=/usr/bin:/bin"}, (char[]){"LANG=C.UTF-8"}, NULL};
	struct child c = {
	    .path = path, .arguments = arguments, .environment = environment};

	if (!espeak_find(t->command, path))
		return fault(ERR_DOWN, MISSING, why);
	snprintf(rate, sizeof(rate), "%u", t->words_a_minute);
	return run(t, &c, out, why);
}

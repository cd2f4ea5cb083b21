/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded into a server under test: names are looked up in $NAMES/hosts and
 * $NAMES/resolv.conf in place of the machine's files, and name servers are asked at the
 * ports that $NAMES/ports says, an address and a port a line. getaddrinfo, which libcurl
 * asks, knows the names of that hosts file too; it reads the machine's from inside the C
 * library, where nothing can be put in between.
 */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

static const char *
moved(const char *path, char out[4096])
{
	static const char *const paths[] = {
	    "/etc/hosts", "/etc/resolv.conf", "/etc/ports"};
	const char *folder = getenv("NAMES");
	int known = 0;

	for (int i = 0; i < 3; i++)
		known = known || strcmp(path, paths[i]) == 0;
	if (folder == NULL || !known)
		return path;
	snprintf(out, 4096, "%s%s", folder, path + 4);
	return out;
}

FILE *
fopen(const char *path, const char *mode)
{
	FILE *(*f)(const char *, const char *) =
	    (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen");
	char other[4096];

	return f(moved(path, other), mode);
}

FILE *
fopen64(const char *path, const char *mode)
{
	FILE *(*f)(const char *, const char *) =
	    (FILE * (*)(const char *, const char *)) dlsym(RTLD_NEXT, "fopen64");
	char other[4096];

	return f(moved(path, other), mode);
}

/* The port of the name server at that address. */
static in_port_t
port_of(const struct sockaddr_in *to)
{
	FILE *ports = fopen("/etc/ports", "r");
	char line[128];
	char address[64];
	unsigned port;
	unsigned found = 53;

	while (ports != NULL && fgets(line, sizeof(line), ports) != NULL)
		if (sscanf(line, "%63s %u", address, &port) == 2 &&
		    inet_addr(address) == to->sin_addr.s_addr)
			found = port;
	if (ports != NULL)
		fclose(ports);
	return htons((in_port_t)found);
}

int
connect(int fd, const struct sockaddr *to, socklen_t len)
{
	int (*f)(int, const struct sockaddr *, socklen_t) =
	    (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "connect");
	struct sockaddr_in four;

	if (to->sa_family != AF_INET || len != sizeof(four))
		return f(fd, to, len);
	memcpy(&four, to, sizeof(four));
	if (four.sin_port == htons(53))
		four.sin_port = port_of(&four);
	return f(fd, (struct sockaddr *)&four, sizeof(four));
}

/* A name server's answer comes from where it was asked: c-ares 1.34 looks at the port. */
ssize_t
recvfrom(
    int fd, void *buf, size_t len, int flags, struct sockaddr *from, socklen_t *from_len)
{
	ssize_t (*f)(int, void *, size_t, int, struct sockaddr *, socklen_t *) =
	    (ssize_t(*)(int, void *, size_t, int, struct sockaddr *, socklen_t *))dlsym(
		RTLD_NEXT, "recvfrom");
	ssize_t n = f(fd, buf, len, flags, from, from_len);
	struct sockaddr_in four;

	if (n < 0 || from == NULL || from->sa_family != AF_INET ||
	    getenv("NAMES") == NULL)
		return n;
	memcpy(&four, from, sizeof(four));
	if (four.sin_port == port_of(&four))
		four.sin_port = htons(53);
	memcpy(from, &four, sizeof(four));
	return n;
}

typedef int asked_f(
    const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* The addresses of a line behind those that there are. */
static void
add_line(char *line, const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **end)
{
	asked_f *f = (asked_f *)dlsym(RTLD_NEXT, "getaddrinfo");
	char *rest;
	char *address = strtok_r(line, " \t\n", &rest);
	char *alias = address == NULL ? NULL : strtok_r(NULL, " \t\n", &rest);
	struct addrinfo numeric = *hints;
	struct addrinfo *found = NULL;

	while (alias != NULL && strcasecmp(alias, name) != 0)
		alias = strtok_r(NULL, " \t\n", &rest);
	numeric.ai_flags |= AI_NUMERICHOST;
	if (alias == NULL || f(address, service, &numeric, &found) != 0)
		return;
	while (*end != NULL)
		end = &(*end)->ai_next;
	*end = found;
}

int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
	asked_f *f = (asked_f *)dlsym(RTLD_NEXT, "getaddrinfo");
	FILE *hosts =
	    getenv("NAMES") == NULL || name == NULL ? NULL : fopen("/etc/hosts", "r");
	char line[512];

	*out = NULL;
	while (hosts != NULL && fgets(line, sizeof(line), hosts) != NULL)
		add_line(line, name, service, hints, out);
	if (hosts != NULL)
		fclose(hosts);
	return *out != NULL ? 0 : f(name, service, hints, out);
}

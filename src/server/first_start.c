/* SPDX-License-Identifier: Apache-2.0 */
#include "server/first_start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/secret.h"
#include "server/cli.h"
#include "store/access.h"
#include "store/store.h"
#include "twofa/scope.h"

enum { PATH_LEN_MAX = 4096 };

static const char key_file[] = "api-key";

/* The file is written before the key is made valid: a start that was cut short begins
 * again. */
static enum err
save_key(const char *data_dir, const char *key)
{
	char path[PATH_LEN_MAX];
	char line[API_KEY_LEN + 2];
	enum err e = ERR_IO;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", data_dir, key_file);
	snprintf(line, sizeof(line), "%s\n", key);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd >= 0 && fchmod(fd, 0600) == 0)
		e = file_write_whole(fd, span_of(line));
	if (e == OK)
		e = file_sync_folder(path);
	if (e != OK)
		cli_fail("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	secret_wipe(line, sizeof(line));
	return e;
}

static enum err
default_account(struct store *s, struct arena *a, struct ident *out)
{
	struct account_job j = {
	    .job = {.verb = VERB_ACCOUNT_FIND, .arena = a}, .name = "default"};
	enum err e = store_run(s, &j.job);

	if (e == ERR_NOT_FOUND) {
		j = (struct account_job){
		    .job = {.verb = VERB_ACCOUNT_CREATE, .arena = a}, .name = "default"};
		e = store_run(s, &j.job);
	}
	*out = j.id;
	return e;
}

static enum err
make_key(
    struct store *s, struct arena *a, const struct ident *account, const char *data_dir)
{
	char key[API_KEY_LEN + 1];
	char id[API_KEY_ID_LEN + 1];
	struct key_job j = {.job = {.verb = VERB_KEY_CREATE, .arena = a},
	    .key = {.account = *account,
		.name = "first",
		.id = id,
		.terms = {.enabled = true,
		    .permissions = PERMISSION_ALL,
		    .scopes = SCOPE_ALL}}};
	enum err e;

	api_key_make(&entropy_system, key);
	api_key_hash(span_of(key), j.key.hash);
	api_key_id(j.key.hash, id);
	e = save_key(data_dir, key);
	if (e == OK)
		e = store_run(s, &j.job);
	secret_wipe(key, sizeof(key));
	return e;
}

enum err
first_start(struct store *s, const char *data_dir, bool *made_out)
{
	struct arena a;
	struct key_job keys = {.job = {.verb = VERB_KEY_LIST, .arena = &a}};
	struct ident account;
	enum err e;

	arena_init(&a);
	*made_out = false;
	e = store_run(s, &keys.job);
	if (e == OK && keys.count + keys.damaged == 0) {
		e = default_account(s, &a, &account);
		if (e == OK)
			e = make_key(s, &a, &account, data_dir);
		*made_out = e == OK;
	}
	arena_fini(&a);
	if (e != OK)
		cli_fail("%s: making the first key: %s", data_dir, err_text(e));
	return e;
}

void
first_start_welcome(const char *data_dir, const char *url, bool made)
{
	char path[PATH_LEN_MAX];
	char key[API_KEY_LEN + 2] = "";
	char *whole;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", data_dir, key_file);
	whole = realpath(path, NULL);
	f = whole == NULL ? NULL : fopen(whole, "re");
	if (f != NULL && made && fgets(key, sizeof(key), f) != NULL) {
		key[strcspn(key, "\n")] = '\0';
		printf("API key of the account default, also in %s: %s\n", path, key);
	}
	if (f != NULL) {
		printf("Try:\n  curl -H \"Authorization: App $(cat '%s')\" -H "
		       "'Content-Type: "
		       "application/json' -d '{\"name\":\"trial\"}' "
		       "%s/2fa/2/applications\n",
		    whole, url);
		fclose(f);
	}
	secret_wipe(key, sizeof(key));
	mem_free(whole);
}

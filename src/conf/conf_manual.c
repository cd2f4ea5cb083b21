/* SPDX-License-Identifier: Apache-2.0 */
/* The manual of the configuration, from the rows that also read it. */
#include "conf/conf_row.h"
#include "twofa/period.h"

static const struct {
	const char *section;
	const char *title;
	const char *intro;
} chapters[] = {
    {"", "At the top", "These stand at the left margin."},
    {"api", "`api:`", "How the API answers where its published forms leave a choice."},
    {"limits", "`limits:`",
	"Limits that no application carries in its own configuration."},
    {"logins", "`logins:`", "How often passwords may be tried."},
    {"throttles", "`throttles:`",
	"How often an account may call an operation, `20/10m` for 20 times in any 10 "
	"minutes; more are answered 429. Lists have a rate that no program which reads "
	"them meets; all others are off unless set. Where the original API "
	"publishes a value it stands in the row, and `{application_create: 20/10m, "
	"application_list: 50/10m}` sets two of them. Counted in memory over all "
	"connections: a restart begins anew. At most 10000, within a day."},
    {"delivery", "`delivery:`", "How messages go to carriers."},
    {"http", "`http:`",
	"The listener. The defaults serve thousands of clients on one machine."},
    {"store", "`store:`", "The embedded store."},
    {"keyring", "`keyring:`",
	"The keys that PINs are computed from. They lie beside the store, never in it."},
    {"log", "`log:`", "Logs never hold a PIN, a text, a key or a whole phone number."},
    {"lookup", "`lookup:`", "Number lookup before a message goes out."},
    {"speech", "`speech:`",
	"What is said in voice calls, and who says it, for carriers that speak; see "
	"[voice.md](voice.md)."},
    {"listeners[]", "`listeners:`",
	"A list: what the HTTP API is served on, with TLS or without. `--listen` on the "
	"command line goes before all of them."},
    {"reporting", "`reporting:`",
	"How delivery reports are sent; see [reports.md](reports.md)."},
    {"carriers[]", "`carriers:`",
	"A list. Each entry is one way out. With no carrier at all messages are written "
	"to "
	"`messages.jsonl` in the data directory, which is for trying out only."},
    {"routes[]", "`routes:`",
	"A list. The longest prefix that fits a number decides; a country counts as its "
	"calling codes. Two routes of a channel that begin alike are refused. A message "
	"goes to the first carrier of its route that is up and well, at most two of them "
	"are tried, and `watchword route explain NUMBER` says which. Without routes the "
	"first carrier that carries its channel takes a message."},
    {"reports[]", "`reports:`",
	"A list. Each entry is told what became of the messages of one account that were "
	"sent "
	"with `trackDelivery`; see [reports.md](reports.md)."},
};

static void
put_ms(FILE *to, int64_t ms)
{
	struct duration d;

	if (period_duration_from_ms(ms, INT64_MAX, &d) == OK)
		fputs(d.text, to);
	else
		fputs("0s", to);
}

static void
put_range(FILE *to, const struct conf_row *row)
{
	switch (row->kind) {
	case CONF_INT:
		fprintf(to, "%lld to %lld", (long long)row->min, (long long)row->max);
		return;
	case CONF_DURATION:
		put_ms(to, row->min);
		fputs(" to ", to);
		put_ms(to, row->max);
		return;
	case CONF_CHOICE:
	case CONF_WORD:
		for (const char *p = row->choices; *p != '\0'; p++)
			*p == '|' ? fputs(", ", to) : fputc(*p, to);
		return;
	case CONF_BOOL:
		fputs("true, false", to);
		return;
	case CONF_ADDRESS:
		fputs("ADDRESS:PORT", to);
		return;
	case CONF_RATE:
		fputs("COUNT/PERIOD", to);
		return;
	case CONF_DIGITS:
		fprintf(to, "up to %lld digits", (long long)row->max);
		return;
	case CONF_SECRET_FILE:
	case CONF_SECRET_TEXT:
		fputs("a file", to);
		return;
	case CONF_TEXTS:
		fputs("a list of texts", to);
		return;
	case CONF_NETS:
		fputs("a list of addresses and ranges", to);
		return;
	case CONF_TEXT_MAP:
		fputs("names and values", to);
		return;
	case CONF_CARRIERS:
		fputs("names, or names with weights", to);
		return;
	case CONF_TEXT:
		fprintf(to, "text, up to %lld", (long long)row->max);
		return;
	}
}

static void
put_types(FILE *to, const char *types)
{
	fputc('(', to);
	for (const char *p = types; *p != '\0'; p++)
		*p == '|' ? fputs(", ", to) : fputc(*p, to);
	fputs(") ", to);
}

static void
put_row(FILE *to, const struct conf_row *row)
{
	fprintf(to, "| `%s` | ", row->name);
	put_range(to, row);
	if (row->initial == conf_required)
		fputs(" | required | ", to);
	else if (row->initial == NULL || row->initial[0] == '\0')
		fputs(" | none | ", to);
	else
		fprintf(to, " | `%s` | ", row->initial);
	if (row->type != NULL)
		put_types(to, row->type);
	fprintf(to, "%s |\n", row->help);
}

static void
put_chapter(FILE *to, size_t i)
{
	fprintf(to,
	    "\n## %s\n\n%s\n\n| option | values | default | what for "
	    "|\n|---|---|---|---|\n",
	    chapters[i].title, chapters[i].intro);
	for (size_t k = 0; k < conf_row_count; k++)
		if (strcmp(conf_rows[k].section, chapters[i].section) == 0)
			put_row(to, &conf_rows[k]);
}

void
conf_print_manual(FILE *to)
{
	fputs(
	    "# Configuration\n\n"
	    "One YAML file, named with `watchword serve --config FILE`; every option "
	    "has a default,\n"
	    "and without a file all of them hold. `watchword config check FILE` says "
	    "what is wrong\n"
	    "with a file, each fault as `FILE:LINE: field: what is wrong`; a file with "
	    "a fault is not\n"
	    "used. What is allowed and probably not meant is said as `FILE:LINE: field: "
	    "warning: ...`,\n"
	    "and logged as `configuration` when the server starts; with `--strict` the "
	    "check fails on\n"
	    "it, and with `--data DIR` it looks accounts up in that store. `--data` and "
	    "`--listen` of\n"
	    "the command line of `serve` go before the file. This page is what "
	    "`watchword\n"
	    "--print-config-manual` prints.\n\n"
	    "An option that is null (`sender: ~`, or nothing behind the colon) counts as "
	    "not given.\n"
	    "A file of a secret is its first line, with either end of line, with or "
	    "without a byte\n"
	    "order mark; keep it 0600.\n\n"
	    "Times are a number with a unit: `500ms`, `10s`, `2m`, `1h`, `30d`.\n\n"
	    "```yaml\n"
	    "listen: 127.0.0.1:8080\n"
	    "data: ./data\n"
	    "carriers:\n"
	    "  - {name: main, type: smpp, host: 127.0.0.1, port: 2775, system_id: "
	    "watchword,\n"
	    "     password_file: /etc/watchword/main.secret, window: 100}\n"
	    "  - {name: trial, type: file, path: messages.jsonl}\n"
	    "routes:\n"
	    "  - {prefix: \"41\", channel: sms, carriers: [main], sender: \"Bar\"}\n"
	    "  - {carriers: [trial]}\n"
	    "lookup: {type: none}\n"
	    "profile: compatible\n"
	    "```\n",
	    to);
	for (size_t i = 0; i < countof(chapters); i++)
		put_chapter(to, i);
}

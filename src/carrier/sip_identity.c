/* SPDX-License-Identifier: Apache-2.0 */
#include "carrier/sip_identity.h"

#include <stdio.h>

#include "carrier/options.h"

enum { DOMAIN_LEN = 300, SHORT_CODE_LEN_MAX = 6, NAME_LEN_MAX = 64 };

void
sip_identity_domain(const struct carrier_config *config, char *out, size_t out_len)
{
	const struct carrier_sip_options *o = config->options;
	const char *domain = o->domain != NULL ? o->domain : o->host;
	bool six = strchr(domain, ':') != NULL && domain[0] != '[';

	snprintf(out, out_len, "%s%s%s", six ? "[" : "", domain, six ? "]" : "");
}

static bool
is_number(const char *text)
{
	if (text[0] == '+')
		text++;
	return text[0] != '\0' && strspn(text, "0123456789") == strlen(text);
}

/* A number of E.164 has the trunk's prefix; a short code is dialled as it is. */
static void
put_number(
    char *out, size_t out_len, const struct carrier_sip_options *o, const char *text)
{
	const char *digits = text[0] == '+' ? text + 1 : text;
	bool whole = text[0] == '+' || strlen(digits) > SHORT_CODE_LEN_MAX;

	snprintf(out, out_len, "%s%s",
	    whole && o->number_prefix != NULL ? o->number_prefix : "", digits);
}

/* A name in quotes; what could end it, or the header, is left out. */
static void
put_name(char *out, size_t out_len, const char *text)
{
	size_t at = 0;

	for (; *text != '\0' && at + 1 < out_len; text++)
		if ((unsigned char)*text >= ' ' && *text != '"' && *text != '\\' &&
		    *text != 0x7f)
			out[at++] = *text;
	out[at] = '\0';
}

static void
put_from(struct sip_identity *out, const struct carrier_config *config,
    const char *sender, const char *domain)
{
	const struct carrier_sip_options *o = config->options;
	const char *user = o->username != NULL ? o->username : "anonymous";
	char number[64];
	char name[NAME_LEN_MAX];

	if (sender != NULL && is_number(sender)) {
		put_number(number, sizeof(number), o, sender);
		snprintf(out->from, sizeof(out->from), "<sip:%s@%s>", number, domain);
	} else if (sender != NULL) {
		put_name(name, sizeof(name), sender);
		snprintf(out->from, sizeof(out->from), "\"%s\" <sip:%s@%s>", name, user,
		    domain);
	} else {
		snprintf(out->from, sizeof(out->from), "<sip:%s@%s>", user, domain);
	}
}

/* A port that was given is part of the server's name, unless a domain has another. */
static void
put_uri(struct sip_identity *out, const struct carrier_sip_options *o, const char *to,
    const char *domain)
{
	char number[64];
	char port[16] = "";

	put_number(number, sizeof(number), o, to);
	if (o->domain == NULL && o->port > 0)
		snprintf(port, sizeof(port), ":%d", (int)o->port);
	snprintf(out->uri, sizeof(out->uri), "sip:%s@%s%s", number, domain, port);
}

void
sip_identity_make(struct sip_identity *out, const struct carrier_config *config,
    const struct carrier_message *m)
{
	const struct carrier_sip_options *o = config->options;
	const char *sender = m->from != NULL ? m->from : config->sender;
	char domain[DOMAIN_LEN];
	bool asserted = o->asserted_identity && sender != NULL && is_number(sender);

	sip_identity_domain(config, domain, sizeof(domain));
	put_uri(out, o, m->to, domain);
	put_from(out, config, sender, domain);
	snprintf(out->headers, sizeof(out->headers),
	    "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE, INFO\r\n"
	    "Supported: timer\r\n%s%s%s",
	    asserted ? "P-Asserted-Identity: " : "", asserted ? out->from : "",
	    asserted ? "\r\n" : "");
}

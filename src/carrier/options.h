/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of each type of carrier, in a struct of its own, which `options` of an
 * entry points to. Members are filled by rows of conf/conf.def, which has their bounds
 * and defaults; a carrier finds them as they are there. NULL: not given.
 */
#ifndef WW_CARRIER_OPTIONS_H
#define WW_CARRIER_OPTIONS_H

#include "base/texts.h"

struct carrier_file_options {
	const char *path;      /* relative ones start in the data directory */
	const char *mail_dir;  /* the same; NULL: mails are lines alone */
	const char *voice_dir; /* the same; NULL: voice messages are lines alone */
	bool echo;             /* to standard output as well; set by the server */
};

struct carrier_smpp_options {
	const char *host;
	int64_t port;
	const char *system_id;
	const char *password;
	const char *system_type;
	int64_t bind; /* enum smpp_bind */
	bool tls;
	const char *tls_ca;          /* NULL: what the system trusts */
	const char *tls_name;        /* NULL: host */
	const char *tls_certificate; /* what we show to an SMSC that asks */
	const char *tls_key;
	int64_t window;              /* PDUs without a response */
	int64_t enquire_link_ms;     /* silence after which the link is probed */
	int64_t response_timeout_ms; /* for any response */
	int64_t connect_timeout_ms;
	int64_t source_ton; /* -1: from the sender's form */
	int64_t source_npi;
	int64_t dest_ton;
	int64_t dest_npi;
	int64_t message_id_format;  /* enum smpp_id_format */
	int64_t long_messages;      /* enum smpp_long */
	int64_t submit_by;          /* enum smpp_submit */
	bool receipts_by_text;      /* also without a mark in esm_class */
	int64_t receipt_id;         /* enum smpp_receipt_id */
	const char *receipt_offset; /* of their times, "+03:00"; NULL: they are UTC */
	bool cancel_on_expiry;
	int64_t dlt_entity_tag; /* of optional parameters; 0: not sent */
	int64_t dlt_template_tag;
	int64_t dlt_telemarketer_tag;
	int64_t alphabet;    /* enum sms_alphabet: texts that are in it are sent so */
	int64_t data_coding; /* of those; -1: the alphabet's own */
	int64_t flash;       /* enum smpp_flash */
	const char *service_type; /* NULL: the SMSC's default */
};

struct carrier_smtp_options {
	struct text_list relays; /* "host" or "host:port", the best first */
	int64_t tls;             /* enum smtp_tls */
	const char *tls_ca;      /* NULL: what the system trusts */
	const char *tls_name;    /* NULL: the relay's name */
	const char *user;        /* NULL: nobody signs in */
	const char *password;
	const char *token_file; /* of XOAUTH2; read at each sign-in */
	int64_t auth;           /* enum smtp_auth */
	const char *helo;       /* NULL: the machine's name */
	int64_t connections;
	int64_t connect_timeout_ms;  /* until a mail may be sent */
	int64_t response_timeout_ms; /* for the reply to a command */
	int64_t data_timeout_ms;     /* for the reply to a mail */
	int64_t idle_ms;             /* how long a connection is kept without mails */
	const char *dkim_domain;     /* NULL: mails are not signed */
	const char *dkim_selector;
	const char *dkim_key;       /* a PEM file */
	const char *bounce_address; /* NULL: the sender's */
	const char *receipt_secret; /* last segment of the URL of receipts */
};

struct carrier_sip_options {
	const char *host;
	int64_t port;      /* 0: by SRV records, else the usual one */
	int64_t transport; /* 0 udp, 1 tcp, 2 tls: as libre counts */
	const char *tls_ca;
	const char *tls_name; /* NULL: host */
	const char *tls_certificate;
	const char *tls_key;
	const char *username;
	const char *password;
	const char *domain; /* of URIs; NULL: host */
	bool registers;
	int64_t register_expires_ms;
	const char *number_prefix; /* before E.164 digits */
	bool asserted_identity;
	int64_t calls_max;           /* at once */
	int64_t response_timeout_ms; /* for anything after an INVITE */
	int64_t ring_timeout_ms;
	int64_t answer_timeout_ms; /* from the INVITE */
	int64_t call_max_ms;       /* from the answer, and anew from each key */
	int64_t repeat_wait_ms;    /* for a key, after the last word */
	int64_t codec;             /* enum sip_media_codec */
	int64_t srtp;              /* enum sip_media_srtp */
	const char *local_address; /* NULL: by the way there */
	int64_t local_port;        /* 0: any */
	const char *public_address;
	int64_t rtp_port_min;
	int64_t rtp_port_max;
};

/* Options of every carrier over HTTP: the first member of each one's own struct. */
struct carrier_http_options {
	struct text_list channels; /* their names; none: SMS */
	const char *url;           /* a preset's base, or the template of `generic` */
	int64_t window;            /* requests without an answer */
	int64_t connect_timeout_ms;
	int64_t timeout_ms;
	bool allow_http;
	bool allow_private;
	const char *ca_file;
	const char *user; /* account, or the public half of a key */
	const char *secret;
	const char *receipt_secret; /* last segment of the URL of receipts */
};

struct carrier_infobip_options {
	struct carrier_http_options http;
	const char *version; /* "3" or "2" */
};

struct carrier_twilio_options {
	struct carrier_http_options http;
	const char *service; /* a messaging service */
};

struct carrier_vonage_options {
	struct carrier_http_options http;
	const char *application_id; /* these two for calls */
	const char *private_key;    /* PEM */
	const char *signature_secret;
	const char *signature_method;
};

struct carrier_generic_options {
	struct carrier_http_options http;
	const char *method;
	const char *auth; /* "none" or "basic" */
	struct text_map headers;
	const char *body;
	const char *body_format; /* "json", "form", "xml", "text" */
	const char *message_id;  /* JSON pointer, or a text with {{id}} in it */
	const char *result;      /* JSON pointer */
	struct text_map results;
	const char *receipt_id;          /* "?parameter" or a JSON pointer */
	const char *receipt_answer;      /* the body that a receipt is answered with */
	const char *receipt_answer_type; /* its Content-Type */
	const char *receipt_status;
	struct text_map receipt_statuses;
};

#endif

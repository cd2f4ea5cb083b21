/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls by services that speak by themselves: what the vendors share. A key that has a
 * text said again would need an answer from us in the midst of the call, and so a PIN
 * in a second place; where the service has no such key of its own, the text is said once
 * more instead.
 */
#include "carrier/carrier_http.h"
#include "twofa/spoken.h"

enum { ROUNDS_WITHOUT_KEY = 3 };

/* Every language of the API (contract 2.3). NULL: the vendor has no voice for it. */
static const struct {
	const char *name;
	const char *by[CARRIER_HTTP_TONGUE_COUNT]; /* locale, Infobip, Twilio, Vonage */
} languages[] = {
    {"en", {"en-US", "en", "en-US", "en-US"}},
    {"es", {"es-ES", "es", "es-ES", "es-ES"}},
    {"ca", {"ca-ES", "ca", "ca-ES", "ca-ES"}},
    {"da", {"da-DK", "da", "da-DK", "da-DK"}},
    {"nl", {"nl-NL", "nl", "nl-NL", "nl-NL"}},
    {"fr", {"fr-FR", "fr", "fr-FR", "fr-FR"}},
    {"de", {"de-DE", "de", "de-DE", "de-DE"}},
    {"it", {"it-IT", "it", "it-IT", "it-IT"}},
    {"ja", {"ja-JP", "ja", "ja-JP", "ja-JP"}},
    {"ko", {"ko-KR", "ko", "ko-KR", "ko-KR"}},
    {"no", {"nb-NO", "no", "nb-NO", "nb-NO"}},
    {"pl", {"pl-PL", "pl", "pl-PL", "pl-PL"}},
    {"ru", {"ru-RU", "ru", "ru-RU", "ru-RU"}},
    {"sv", {"sv-SE", "sv", "sv-SE", "sv-SE"}},
    {"fi", {"fi-FI", "fi", "fi-FI", "fi-FI"}},
    {"hr", {"hr-HR", "hr", "hr-HR", NULL}},
    {"sl", {"sl-SI", "sl", "sl-SI", NULL}},
    {"ro", {"ro-RO", "ro", "ro-RO", "ro-RO"}},
    {"pt_pt", {"pt-PT", "pt-pt", "pt-PT", "pt-PT"}},
    {"pt_br", {"pt-BR", "pt-br", "pt-BR", "pt-BR"}},
    {"zh_cn", {"zh-CN", "zh-cn", "cmn-CN", "cmn-CN"}},
    {"zh_tw", {"zh-TW", "zh-tw", "cmn-TW", "cmn-TW"}},
};

const char *
carrier_http_language(enum carrier_http_tongue tongue, const char *language)
{
	const char *wanted = language == NULL ? "en" : language;

	for (size_t i = 0; i < countof(languages); i++)
		if (strcmp(languages[i].name, wanted) == 0)
			return languages[i].by[tongue];
	return NULL;
}

unsigned
carrier_http_rounds(const struct content_voice *voice)
{
	return voice->repeat_dtmf == NULL ? CARRIER_HTTP_ROUNDS : ROUNDS_WITHOUT_KEY;
}

bool
carrier_http_has_rate(const struct content_voice *voice)
{
	return voice->speech_rate > 0 &&
	       (voice->speech_rate < 1 || voice->speech_rate > 1);
}

void
carrier_http_speak(struct buf *out, const struct content_voice *voice, unsigned rounds,
    const char *between)
{
	for (unsigned i = 0; i < rounds; i++) {
		if (i > 0)
			buf_add_text(out, between);
		spoken_write(out, voice);
	}
}

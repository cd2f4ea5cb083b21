# SPDX-License-Identifier: Apache-2.0
"""What a template's text has beyond Infobip's members: languages, autofill, GSM 7 bit, and an
alphabet without symbols that look alike."""

import re

import pytest

from harness.server import Server, wait_for

OURS = "/watchword/1/messages"
TEXT = "Your PIN is [{{pin}}]"
PLAIN = {"variants": {}, "gsm7": "keep", "alphabet": "full"}
GERMAN, FRENCH = "Ihre PIN ist [{{pin}}]", "Votre code est [{{pin}}]"
TWO = {"de": {"messageText": GERMAN}, "fr": {"messageText": FRENCH}}
SWISS, BRITISH, FRENCH_TO = "41791{:06}", "44770{:07}", "33612{:06}"
BELGIAN, GERMAN_TO = "32470{:06}", "49151{:08}"


def faults(answer):
    assert answer.status_code == 400, answer.text
    return answer.json()["requestError"]["serviceException"]["validationErrors"]


def put(server, template, key=None, **members):
    return server.put(f"{OURS}/{template}", members, key=key)


def made(server, application, template=None, **members):
    """A template with these extras; its id."""
    template = server.template(application, **(template or {}))
    answer = put(server, template, **members)
    assert answer.status_code == 200, answer.text
    return template


NUMBERS = iter(range(100, 100000))


def said(server, application, template, to=SWISS, **members):
    """The text of a send to a new number of that kind, with its PIN as {pin}."""
    pin_id, pin = server.sent(application, template, to.format(next(NUMBERS)), **members)
    return server.message(pin_id)["text"].replace(pin, "{pin}")


# ---- the resource ----

def test_a_template_has_none_of_it_until_it_is_put(server, application):
    template = server.template(application)
    ids = {"messageId": template, "applicationId": application}
    assert server.get(f"{OURS}/{template}").json() == {**ids, **PLAIN}
    extras = {"variants": {"de": {"messageText": GERMAN},
                           "pt_br": {"messageText": "Seu {{pin}}", "voiceName": "Vitoria",
                                     "contentTemplateId": "1107"}},
              "autofill": {"domain": "example.com", "androidHash": "FA+9qCX9VSu"},
              "gsm7": "replace", "alphabet": "unambiguous"}
    assert put(server, template, **extras).json() == {**ids, **extras}
    assert server.get(f"{OURS}/{template}").json() == {**ids, **extras}
    assert put(server, template, gsm7="refuse").json() == {**ids, **PLAIN, "gsm7": "refuse"}
    assert server.put(f"{OURS}/{template}").json() == {**ids, **PLAIN}


def test_infobip_does_not_see_it_and_does_not_change_it(server, application):
    template = server.template(application)
    path = f"/2fa/2/applications/{application}/messages"
    before = server.get(f"{path}/{template}").json()
    extras = put(server, template, variants=TWO, autofill={"domain": "example.com"},
                 gsm7="replace", alphabet="unambiguous").json()
    assert server.get(f"{path}/{template}").json() == before
    assert before in server.get(path).json()
    assert server.get(f"/2fa/1/applications/{application}/messages/{template}").status_code == 200
    changed = server.put(f"{path}/{template}", {"pinType": "HEX", "senderId": "x"})
    assert changed.json() == {**before, "pinType": "HEX", "senderId": "x"}
    assert server.get(f"{OURS}/{template}").json() == extras


def test_languages_are_taken_in_any_spelling_and_told_in_one(server, application):
    template = made(server, application, variants={"PT-BR": {"messageText": "{{pin}}"}})
    assert server.get(f"{OURS}/{template}").json()["variants"] == {
        "pt_br": {"messageText": "{{pin}}"}}


@pytest.mark.parametrize("members,field,reason", [
    ({"gsm7": "maybe"}, "gsm7", "must be keep, replace or refuse"),
    ({"alphabet": "short"}, "alphabet", "must be full or unambiguous"),
    ({"autofill": {}}, "autofill", "must have domain, androidHash, or both"),
    ({"autofill": {"domain": "example"}}, "autofill.domain", "must be a host name"),
    ({"autofill": {"domain": "Example.com"}}, "autofill.domain", "must be a host name"),
    ({"autofill": {"domain": "-a.com"}}, "autofill.domain", "must be a host name"),
    ({"autofill": {"domain": "a..com"}}, "autofill.domain", "must be a host name"),
    ({"autofill": {"domain": "a.com."}}, "autofill.domain", "must be a host name"),
    ({"autofill": {"domain": "a.com #1\n"}}, "autofill.domain", "must be a host name"),
    ({"autofill": {"domain": "a" * 45 + ".com"}}, "autofill.domain", "must be a host name"),
    ({"autofill": {"androidHash": "FA+9qCX9VS"}}, "autofill.androidHash", "must be the 11"),
    ({"autofill": {"androidHash": "FA+9qCX9VS="}}, "autofill.androidHash", "must be the 11"),
    ({"autofill": "example.com"}, "autofill", "must be an object"),
    ({"variants": "de"}, "variants", "must be an object"),
    ({"variants": {"xx": {"messageText": "{{pin}}"}}}, "variants.xx", "not a supported language"),
    ({"variants": {"de": "{{pin}}"}}, "variants.de", "must be an object"),
    ({"variants": {"de": {}}}, "variants.de.messageText", "must not be blank"),
    ({"variants": {"de": {"messageText": "PIN"}}}, "variants.de.messageText", "{{pin}}"),
    ({"variants": {"de": {"messageText": "{{pin}}" + "x" * 1994}}}, "variants.de.messageText",
     "2000"),
    ({"variants": {"de": {"messageText": "{{pin}}", "voiceName": "a\nb"}}}, "variants.de.voiceName",
     "control"),
    ({"variants": {"pt-br": {"messageText": "{{pin}}"}, "pt_BR": {"messageText": "{{pin}}"}}},
     "variants.pt_BR", "is there twice"),
    ({"gsm7": "refuse", "variants": {"pl": {"messageText": "Kod: „{{pin}}”"}}},
     "variants.pl.messageText", "UCS-2 for 2 of its characters, the first one U+201E at 5"),
    ({"autofill": {"androidHash": "FA+9qCX9VSu"},
      "variants": {"de": {"messageText": "x" * 145 + "{{pin}}"}}}, "variants.de.messageText",
     "too long for autofill.androidHash"),
])
def test_a_fault_is_named_and_nothing_changes(server, application, members, field, reason):
    template = made(server, application, variants=TWO, gsm7="replace")
    before = server.get(f"{OURS}/{template}").json()
    found = faults(put(server, template, **members))
    assert [reason in text for text in found.get(field, [])] == [True], found
    assert server.get(f"{OURS}/{template}").json() == before


def test_a_change_of_the_text_must_fit_what_it_has(server, application):
    path = f"/2fa/2/applications/{application}/messages"
    strict = made(server, application, gsm7="refuse")
    found = faults(server.put(f"{path}/{strict}", {"messageText": "“{{pin}}”"}))
    assert "U+201C at 0" in found["messageText"][0]
    short = made(server, application, autofill={"androidHash": "FA+9qCX9VSu"})
    found = faults(server.put(f"{path}/{short}", {"messageText": "x" * 150 + "{{pin}}"}))
    assert "too long for autofill.androidHash" in found["messageText"][0]
    assert server.put(f"{path}/{short}", {"messageText": "x" * 140 + "{{pin}}"}).status_code == 200
    found = faults(server.put(f"{path}/{short}", {"pinLength": 16}))
    assert "too long for autofill.androidHash" in found["messageText"][0]


def test_a_template_of_email_has_the_alphabet_alone(server, application):
    email = server.post("/watchword/1/email-templates", {"subject": "PIN", "text": "{{pin}}"})
    template = server.post(f"/2fa/2/applications/{application}/email/messages",
                           {"emailTemplateId": email.json()["id"]}).json()["messageId"]
    found = faults(put(server, template, variants=TWO, autofill={"domain": "a.com"}, gsm7="keep"))
    assert sorted(found) == ["autofill", "gsm7", "variants"]
    answer = put(server, template, alphabet="unambiguous").json()
    assert answer == {"messageId": template, "applicationId": application,
                      "alphabet": "unambiguous"}


def test_another_account_has_no_such_template(server, application):
    server.command("account", "create", "text-neighbour")
    key = server.command("key", "create", "--account", "text-neighbour", "--name", "n",
                         "--scope", "2fa:manage").stdout.strip()
    wait_for("the key", lambda: server.get("/2fa/2/applications", key=key).status_code == 200)
    template = made(server, application, gsm7="replace")
    for path in (f"{OURS}/{template}", f"{OURS}/{'0' * 32}"):
        assert server.get(path, key=key).status_code == 404
        assert server.put(path, {"gsm7": "refuse"}, key=key).status_code == 404
    assert (server.get(f"{OURS}/{template}", key=key).json() ==
            server.get(f"{OURS}/{'0' * 32}", key=key).json())
    assert server.get(f"{OURS}/{template}").json()["gsm7"] == "replace"


# ---- languages ----

@pytest.mark.parametrize("to,language,text", [
    (SWISS, None, GERMAN), (FRENCH_TO, None, FRENCH), (GERMAN_TO, None, GERMAN),
    (BELGIAN, None, FRENCH), (BRITISH, None, TEXT), (BRITISH, "fr", FRENCH),
    (SWISS, "fr", FRENCH), (SWISS, "FR-ch", FRENCH), (SWISS, "it", GERMAN),
    (SWISS, "en", TEXT), (SWISS, "", GERMAN), (BRITISH, "it", TEXT),
    ("12025{:06}", None, TEXT), ("15145{:06}", None, TEXT),
])
def test_the_language_asked_for_or_the_country_chooses(server, application, to, language, text):
    template = made(server, application, {"language": "en"}, variants=TWO)
    members = {} if language is None else {"language": language}
    assert said(server, application, template, to, **members) == text.replace("{{pin}}", "{pin}")


def test_a_language_that_is_none_is_refused(server, application):
    template = made(server, application, variants=TWO)
    found = faults(server.send(application, template, language="klingon"))
    assert found == {"language": ["is not a supported language"]}


def test_a_resend_says_it_in_the_language_of_the_send(server, application):
    template = made(server, application, {"language": "en"}, variants=TWO)
    pin_id, pin = server.sent(application, template, SWISS.format(next(NUMBERS)), language="fr")
    assert server.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200
    assert server.message(pin_id, 2)["text"] == FRENCH.replace("{{pin}}", pin)


def test_sends_of_one_moment_have_a_language_each(tmp_path):
    """They share a batch of the store, and so one reading of the template."""
    with Server(tmp_path, config="carriers: [{name: f, type: file, path: messages.jsonl}]\n"
                "http: {threads: 1}\n") as server:
        application = server.application(sendPinPerPhoneNumberLimit="100/1d")
        template = made(server, application, {"language": "en"}, variants=TWO)
        wanted = [(SWISS, GERMAN), (FRENCH_TO, FRENCH), (BRITISH, TEXT)] * 8
        together = [(to.format(next(NUMBERS)), text) for to, text in wanted]
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(len(together)) as crowd:
            ids = list(crowd.map(lambda one: server.send(application, template, one[0]).json(),
                                 together))
        for answer, (_to, text) in zip(ids, together, strict=True):
            begin = text.split("[")[0]
            assert server.message(answer["pinId"])["text"].startswith(begin)


# ---- GSM 7 bit ----

def test_characters_are_replaced_where_that_saves_ucs2(server, application):
    fancy = {"messageText": "“{{name}}” — your PIN\u00a0is [{{pin}}]…"}
    template = made(server, application, fancy, gsm7="replace")
    assert said(server, application, template, placeholders={"name": "O’Hara"}) == (
        '"O\'Hara" - your PIN is [{pin}]...')
    assert said(server, application, template, placeholders={"name": "Zoë"}) == (
        "“Zoë” — your PIN\u00a0is [{pin}]…")
    assert said(server, application, template, placeholders={"name": "Rene\u0301"}) == (
        '"René" - your PIN is [{pin}]...')
    kept = made(server, application, fancy)
    assert said(server, application, kept, placeholders={"name": "Ada"}) == (
        "“Ada” — your PIN\u00a0is [{pin}]…")


# ---- autofill ----

def test_the_last_line_is_for_the_phone(server, application):
    template = made(server, application, autofill={"domain": "example.com",
                                                   "androidHash": "FA+9qCX9VSu"})
    assert said(server, application, template) == (
        "Your PIN is [{pin}]\nFA+9qCX9VSu\n@example.com #{pin}")
    alone = made(server, application, autofill={"androidHash": "FA+9qCX9VSu"})
    assert said(server, application, alone) == "Your PIN is [{pin}]\nFA+9qCX9VSu"


def test_a_message_that_is_too_long_for_the_hash_goes_without(server, application):
    text = {"messageText": "{{name}}: [{{pin}}]"}
    template = made(server, application, text, autofill={"domain": "example.com",
                                                         "androidHash": "FA+9qCX9VSu"})
    fits, not_quite = "n" * 115, "n" * 116
    assert "FA+9qCX9VSu" in said(server, application, template, placeholders={"name": fits})
    assert said(server, application, template, placeholders={"name": not_quite}) == (
        f"{not_quite}: [{{pin}}]\n@example.com #{{pin}}")


# ---- the alphabet ----

def test_an_unambiguous_pin_has_no_symbols_that_look_alike(server, application):
    template = made(server, application, {"pinType": "ALPHANUMERIC", "pinLength": 16},
                    alphabet="unambiguous")
    for _ in range(20):
        _id, pin = server.sent(application, template, SWISS.format(next(NUMBERS)))
        assert re.fullmatch("[2-9A-HJ-NP-Z]{16}", pin), pin


def test_what_looks_the_same_is_right_and_each_guess_counts_once(server):
    application = server.application(pinAttempts=3, verifyPinLimit="100/1s")
    template = made(server, application, {"pinType": "NUMERIC", "pinLength": 16},
                    alphabet="unambiguous")
    pin_id, pin = server.sent(application, template, SWISS.format(next(NUMBERS)))
    typed = pin.replace("0", "O").replace("1", "l")
    assert typed != pin
    for left in (2, 1):
        answer = server.verify(pin_id, typed[::-1] + "x").json()
        assert (answer["verified"], answer["attemptsRemaining"]) == (False, left)
    assert server.verify(pin_id, typed).json()["verified"] is True
    plain = server.template(application, pinLength=16)
    pin_id, pin = server.sent(application, plain, SWISS.format(next(NUMBERS)))
    assert server.verify(pin_id, pin.replace("0", "O").replace("1", "l")).json()[
        "verified"] is ("0" not in pin and "1" not in pin)


# ---- what refuses UCS-2 ----

def test_a_placeholder_that_needs_ucs2_is_refused_by_name(server, application):
    template = made(server, application, {"messageText": "{{name}}: [{{pin}}]"}, gsm7="refuse")
    to = SWISS.format(next(NUMBERS))
    found = faults(server.send(application, template, to, placeholders={"name": "a", "b": "x’"}))
    assert found == {"placeholders.b": [
        "has U+2019 at 1, which needs UCS-2, and the template refuses that"]}
    pin_id, _pin = server.sent(application, template, to, placeholders={"name": "René"})
    found = faults(server.post(f"/2fa/2/pin/{pin_id}/resend", {"placeholders": {"name": "Zoë"}}))
    assert list(found) == ["placeholders.name"]
    assert len(server.messages(pin_id)) == 1
    assert server.post(f"/2fa/2/pin/{pin_id}/resend").status_code == 200


def test_a_refused_placeholder_costs_nothing(server):
    application = server.application(sendPinPerPhoneNumberLimit="1/1d")
    template = made(server, application, {"messageText": "{{name}}: [{{pin}}]"}, gsm7="refuse")
    to = SWISS.format(next(NUMBERS))
    for _ in range(3):
        faults(server.send(application, template, to, placeholders={"name": "’"}))
    server.sent(application, template, to, placeholders={"name": "'"})


# ---- lint ----

def lint(server, **members):
    answer = server.post("/watchword/1/lint", members)
    assert answer.status_code == 200, answer.text
    return answer.json()["texts"]


def test_lint_says_what_a_text_costs(server):
    text, = lint(server, messageText="“{{name}}”, your PIN is {{pin}}", gsm7="replace",
                 placeholders={"name": "O’Hara"}, autofill={"domain": "example.com"})
    assert text == {
        "encoding": "GSM7", "segments": 1, "characters": 45, "units": 45,
        "unreplaced": {"encoding": "UCS2", "segments": 1},
        "forcing": [
            {"character": "“", "codePoint": "U+201C", "at": 0, "equal": '"'},
            {"character": "”", "codePoint": "U+201D", "at": 9, "equal": '"'},
            {"character": "’", "codePoint": "U+2019", "at": 1, "placeholder": "name",
             "equal": "'"}],
        "forcingCount": 3, "pin": {"at": 22, "segment": 1, "whole": True},
        "autofill": {"at": 27, "segment": 1, "whole": True, "blanks": 0, "androidHash": False},
        "assumed": [], "shortest": {"encoding": "GSM7", "segments": 1}}


def test_lint_takes_the_longest_placeholders_there_may_be(server):
    text, = lint(server, messageText="{{a}} {{b}} {{a}} {{pin}}", placeholders={"b": 40})
    assert (text["assumed"], text["segments"]) == (["a"], 14)
    assert text["shortest"] == {"encoding": "GSM7", "segments": 1}
    text, = lint(server, messageText="{{a}}{{b}} {{pin}}", placeholders={"a": 78, "b": 77})
    assert (text["assumed"], text["segments"], text["units"]) == ([], 1, 160)
    text, = lint(server, messageText="{{a}}" * 20 + "{{pin}}")
    assert text["refused"] == "messageText" if "refused" in text else text["tooLong"]


def test_lint_knows_a_stored_template_and_its_languages(server, application):
    template = made(server, application, {"language": "en"}, variants={
        "de": {"messageText": "Ihre PIN ist [{{pin}}]"},
        "pl": {"messageText": "Twój PIN: [{{pin}}]"}}, autofill={"androidHash": "FA+9qCX9VSu"})
    texts = lint(server, messageId=template)
    assert [t["language"] for t in texts] == ["en", "de", "pl"]
    assert [t["encoding"] for t in texts] == ["GSM7", "GSM7", "UCS2"]
    assert all(t["autofill"] == {"blanks": 0, "androidHash": True} for t in texts)
    assert [f["character"] for f in texts[2]["forcing"]] == ["ó"]
    sent = said(server, application, template)
    assert texts[1]["characters"] == len(sent.replace("{pin}", "000000"))


def test_lint_measures_what_a_put_would_refuse(server):
    text, = lint(server, messageText="“{{pin}}”", gsm7="refuse")
    assert (text["encoding"], text["refused"]) == ("UCS2", "gsm7")
    text, = lint(server, messageText="x" * 150 + "{{pin}}", autofill={"androidHash": "FA+9qCX9VSu"})
    assert (text["autofill"]["androidHash"], text["refused"]) == (False, "autofill.androidHash")
    text, = lint(server, messageText="no PIN")
    assert "pin" not in text


@pytest.mark.parametrize("members,field", [
    ({}, "messageText"), ({"messageText": " "}, "messageText"),
    ({"messageText": "x", "messageId": "0" * 32}, "messageText"),
    ({"messageText": "x" * 2001}, "messageText"), ({"messageText": "x", "gsm7": "all"}, "gsm7"),
    ({"messageText": "x", "pinLength": 17}, "pinLength"),
    ({"messageText": "x", "placeholders": {"a": -1}}, "placeholders.a"),
    ({"messageText": "x", "placeholders": {"a": 1001}}, "placeholders.a"),
    ({"messageText": "x", "placeholders": {"a": "y" * 1001}}, "placeholders.a"),
    ({"messageText": "x", "placeholders": {"a": [1]}}, "placeholders.a"),
    ({"messageText": "x", "placeholders": 1}, "placeholders"),
    ({"messageText": "x", "variants": {"xx": {"messageText": "x"}}}, "variants.xx"),
])
def test_lint_names_what_is_wrong_with_the_question(server, members, field):
    found = faults(server.post("/watchword/1/lint", members))
    assert list(found) == [field], found


def test_lint_of_another_account_or_of_nothing_is_404(server):
    assert server.post("/watchword/1/lint", {"messageId": "0" * 32}).status_code == 404

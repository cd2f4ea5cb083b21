# SPDX-License-Identifier: Apache-2.0
"""`generic` at a real HTTP server: HTTP/2, a real 429, connections that it closes. What
nginx wrote into its access log says what was lost and what came twice."""

import json
from collections import Counter

import pytest

from harness.load import Load
from harness.nginx import Nginx
from harness.server import wait_for


def config(url, ca_file, window=32, plain=False):
    entry = {"name": "main", "type": "generic", "url": url, "allow_private": True,
             "allow_http": plain, "window": window, "message_id": "/id",
             "headers": {"X-Reference": "{{reference}}"},
             "body": '{"to":"{{to}}","text":"{{text}}"}'}
    if not plain:
        entry["ca_file"] = ca_file
    return f"carriers:\n  - {json.dumps(entry)}\nhttp: {{threads: 2}}\n"


def flow(own, rate, seconds):
    """Sends at that rate; the references of the messages that were accepted."""
    application = own.application()
    template = own.template(application)
    with Load() as load:
        load.begin(own, application, template, "4178", rate)
        wait_for("the messages", lambda: len(load.accepted) >= rate * seconds, 30)
        load.stop()
        load.end(1)
        return [f"{pin_id}-0" for pin_id in load.accepted.values()]


def settled(nginx, wanted):
    """All of those were taken; how often, by reference."""
    def counts():
        taken = Counter(t.reference for t in nginx.taken() if t.status == "202")
        return taken if set(wanted) <= set(taken) else None
    return wait_for("every message at nginx", counts, 30)


@pytest.mark.parametrize("plain", [False, True])
def test_every_message_arrives_once(fresh, tmp_path, plain):
    with Nginx(tmp_path) as nginx:
        url = nginx.plain_url if plain else nginx.url
        own = fresh(config=config(url, nginx.ca_file, plain=plain))
        sent = flow(own, 200, 2)
        taken = settled(nginx, sent)
        lost, twice = set(sent) - set(taken), [r for r in sent if taken[r] > 1]
        connections = {t.connection for t in nginx.taken()}
        print(f"{len(sent)} messages, {len(lost)} lost, {len(twice)} twice, "
              f"{len(connections)} connections")
        assert (lost, twice) == (set(), [])
        protocols = {t.protocol for t in nginx.taken()}
        assert protocols == ({"HTTP/1.1"} if plain else {"HTTP/2.0"})
        assert len(connections) <= (32 if plain else 1)


def test_connections_that_end_lose_nothing(fresh, tmp_path):
    with Nginx(tmp_path, keepalive=50) as nginx:
        own = fresh(config=config(nginx.url, nginx.ca_file))
        sent = flow(own, 200, 2)
        taken = settled(nginx, sent)
        twice = [r for r in sent if taken[r] > 1]
        connections = {t.connection for t in nginx.taken()}
        print(f"{len(sent)} messages, {len(twice)} twice, {len(connections)} connections")
        assert len(connections) > 4 and len(twice) <= len(connections)


def test_a_real_429_slows_down_and_loses_nothing(fresh, tmp_path):
    with Nginx(tmp_path, rate=20) as nginx:
        own = fresh(config=config(nginx.url + "/slow", nginx.ca_file)
                    + "delivery: {accept_wait: 100ms, attempts: 20}\n")
        sent = flow(own, 30, 2)
        taken = settled(nginx, sent)
        refused = [t for t in nginx.taken() if t.status == "429"]
        print(f"{len(sent)} messages, {len(refused)} answers 429")
        assert refused and all(taken[r] == 1 for r in sent)

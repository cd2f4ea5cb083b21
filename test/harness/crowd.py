# SPDX-License-Identifier: Apache-2.0
"""Many callers at the same moment, each with a connection of its own that it keeps."""

import http.client
import json
import threading

LOST = (OSError, http.client.HTTPException)


class Caller:
    """A bare HTTP client: cheap, and it never tries anything twice by itself."""

    def __init__(self, server, key=None):
        host, port = server.address
        self.connection = http.client.HTTPConnection(host, int(port), timeout=60)
        self.connection.connect()
        self.headers = {"Authorization": f"App {key or server.key}",
                        "Content-Type": "application/json"}

    def exchange(self, method, path, body=None, **headers):
        """(status, octets of the body, headers); one of LOST without an answer."""
        data = None if body is None else json.dumps(body)
        self.connection.request(method, path, data, {**self.headers, **headers})
        answer = self.connection.getresponse()
        return answer.status, answer.read(), answer.headers

    def call(self, method, path, body=None):
        """(status, JSON); one of LOST when the connection ends without an answer."""
        status, octets, _ = self.exchange(method, path, body)
        return status, json.loads(octets)

    def post(self, path, body=None):
        return self.call("POST", path, body)

    def send(self, application, template, to, **members):
        return self.post("/2fa/2/pin", {
            "applicationId": application, "messageId": template, "to": to, **members})

    def verify(self, pin_id, pin):
        return self.post(f"/2fa/2/pin/{pin_id}/verify", {"pin": pin})

    def close(self):
        self.connection.close()


class Doomed:
    """Callers that do `one` again and again, until the process that serves them dies."""

    def __init__(self, server, workers):
        self.server = server
        self.faults = []
        self.threads = [threading.Thread(target=self._work, args=(n,)) for n in range(workers)]

    def one(self, caller, worker, n):
        """The n-th round of this worker; any of LOST ends it."""
        raise NotImplementedError

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        for thread in self.threads:
            thread.join(60)

    def _work(self, worker):
        try:
            caller = Caller(self.server)
            for n in range(9999):
                self.one(caller, worker, n)
        except LOST:
            pass
        except Exception as fault:  # told to the test
            self.faults.append(fault)


def crowd(server, jobs, workers=64):
    """Runs every job, a function of a Caller, on one of so many threads that all begin at
    the same moment; the results in the order of the jobs. A fault of any of them is raised."""
    jobs = list(jobs)
    workers = min(workers, len(jobs))
    callers = [Caller(server) for _ in range(workers)]
    start = threading.Barrier(workers)
    results = [None] * len(jobs)
    faults = []

    def work(number):
        try:
            start.wait(60)
            for i in range(number, len(jobs), workers):
                results[i] = jobs[i](callers[number])
        except Exception as fault:  # told to the test below
            faults.append(fault)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for caller in callers:
        caller.close()
    if faults:
        raise faults[0]
    return results

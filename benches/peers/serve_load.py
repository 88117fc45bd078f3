"""Load on a server of its own machine: 64 clients that search, browse and upload; see docs/results.md.

usage: serve_load.py HOST:PORT SECONDS PICTURE...
"""

import collections
import http.client
import json
import random
import sys
import threading
import time

CLIENTS = 64
JSON = {"Content-Type": "application/json"}

host, seconds, paths = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
pictures = [open(path, "rb").read() for path in paths]
end = time.time() + seconds
lock = threading.Lock()
times, statuses = collections.defaultdict(list), collections.Counter()


def ask(connection, kind, method, path, body=None, headers={}):
    start = time.time()
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    data = response.read()
    with lock:
        times[kind].append(time.time() - start)
        statuses[kind, response.status] += 1
    if response.status == 503:
        time.sleep(float(response.headers["Retry-After"]) * random.random())
    return response.status, data


def client(seed):
    choice, query = random.Random(seed), None
    connection = http.client.HTTPConnection(host, timeout=60)
    records = json.loads(ask(connection, "list", "POST", "/api/v1/records/list", "{}", JSON)[1])["records"]
    while time.time() < end:
        kind = choice.random()
        if query is None or kind < 0.1:
            status, data = ask(connection, "upload", "POST", "/api/v1/queries", choice.choice(pictures))
            query = json.loads(data)["id"] if status == 201 else query
        elif kind < 0.5:
            body = json.dumps({"queries": [query], "k": 24})
            status, _ = ask(connection, "search", "POST", "/api/v1/search", body, JSON)
            query = None if status == 404 else query
        else:
            record = choice.choice(records)["id"]
            ask(connection, "browse", "GET", f"/api/v1/records/{record}/thumbnail.jpg")


threads = [threading.Thread(target=client, args=(seed,)) for seed in range(CLIENTS)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
for kind, taken in times.items():
    taken.sort()
    p50, p99 = (1000 * taken[int(share * (len(taken) - 1))] for share in (0.5, 0.99))
    answers = {status: count for (of, status), count in sorted(statuses.items()) if of == kind}
    print(f"{kind}: {len(taken)} requests, p50 {p50:.1f} ms, p99 {p99:.1f} ms, answers {answers}")
print(f"{sum(statuses.values()) / seconds:.0f} requests/s")

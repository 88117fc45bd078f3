"""A simulation of search nodes at a size that no machine here has: Poisson arrivals, nodes that
each hold all codes, a balancer that takes the node with the fewest requests, and service times that
were measured (docs/results/server.md) and grow with the number of codes.

    python benches/peers/plan.py

Standard library alone. Seed 1; a hundred thousand requests each."""

import heapq
import random

REQUESTS = 100_000
CORES = 16
# Measured: one query among 100 M codes of 64 bits, one thread, k = 10; and what a request takes
# besides (1.8 ms of a core: 1,131 searches a second on two cores, their clients included, among 500
# pictures, where the scan takes nearly nothing).
MEASURED_AT = 100e6
QUERY_MS = {"random": 2.1, "real": 20.2}
BESIDES_MS = 1.8


def quantiles(rate, nodes, service_ms):
    """Median and 99 % of the time from a request's arrival to its answer, in ms, and how busy the cores are."""
    source = random.Random(1)
    free = [[0.0] * CORES for _ in range(nodes)]
    now, times = 0.0, []
    for _ in range(REQUESTS):
        now += source.expovariate(rate) * 1000
        node = min(free, key=lambda cores: sum(core > now for core in cores))
        start = max(now, heapq.heappop(node))
        # What a request takes varies: half of it is fixed, half is exponential.
        end = start + service_ms * (0.5 + 0.5 * source.expovariate(1))
        heapq.heappush(node, end)
        times.append(end - now)
    times.sort()
    return times[REQUESTS // 2], times[REQUESTS * 99 // 100], rate * service_ms / 1000 / CORES / nodes


for codes in (1e6, 1e8, 1e9):
    for kind, measured in QUERY_MS.items():
        service = BESIDES_MS + measured * codes / MEASURED_AT
        for nodes in (2, 4, 8):
            for rate in (100, 500, 2000):
                p50, p99, busy = quantiles(rate, nodes, service)
                if busy < 1:
                    print(f"{codes:.0e} {kind:7} {nodes} nodes {rate:5}/s: p50 {p50:8.1f} ms, p99 {p99:8.1f} ms, cores {busy:5.1%} busy")
                else:
                    print(f"{codes:.0e} {kind:7} {nodes} nodes {rate:5}/s: too many for {nodes * CORES} cores")

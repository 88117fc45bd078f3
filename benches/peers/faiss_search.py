"""FAISS on the codes that `cargo bench -p retrieval --bench search -- --files DIR` writes.

    python benches/peers/faiss_search.py --files DIR --data random,clustered,real --bits 64

A JSON line for each figure: milliseconds a query, best of three, one query at a time and a batch of 100, on one thread and two.
Recall is of distances: the share of the ten (or hundred) answers that are as near as the exact ones.
"""

import argparse
import json
import time

import faiss
import numpy as np


def read(folder, data, bits):
    load = lambda kind: np.fromfile(f"{folder}/{data}-{bits}.{kind}", dtype=np.uint8).reshape(-1, bits // 8)
    return load("codes"), load("queries")


def flat(bits, codes):
    index = faiss.IndexBinaryFlat(bits)
    index.add(codes)
    return index


def hnsw(bits, codes, ef):
    index = faiss.IndexBinaryHNSW(bits, 16)
    index.hnsw.efConstruction = 40
    index.add(codes)
    index.hnsw.efSearch = ef
    return index


def ivf(bits, codes, probes):
    quantizer = faiss.IndexBinaryFlat(bits)
    index = faiss.IndexBinaryIVF(quantizer, bits, 1024)
    index.own_fields = False
    index.quantizer_kept = quantizer
    index.train(codes[:200_000])
    index.add(codes)
    index.nprobe = probes
    return index


def multi_hash(bits, codes, flips):
    index = faiss.IndexBinaryMultiHash(bits, bits // 16, 16)
    index.add(codes)
    index.nflip = flips
    return index


def best(work, rounds=3):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3, result


def measure(name, index, data, queries, k, exact, threads):
    faiss.omp_set_num_threads(threads)
    batch, (distances, _) = best(lambda: index.search(queries, k))
    one, _ = best(lambda: [index.search(queries[i : i + 1], k) for i in range(20)])
    # An index that finds fewer than k gives ids of -1, at a distance that is none.
    recall = 1.0 if exact is None else float(np.mean(distances <= exact[:, -1:]))
    row = {"peer": name, "data": data, "rows": index.ntotal, "k": k, "threads": threads}
    print(json.dumps(row | {"batch_ms": batch / len(queries), "one_ms": one / 20, "recall": round(recall, 4)}), flush=True)
    return distances


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--files", required=True)
    arguments.add_argument("--data", default="random,clustered")
    arguments.add_argument("--bits", type=int, default=64)
    arguments.add_argument("--peers", default="flat,ivf,multihash,hnsw")
    arguments.add_argument("--threads", default="1,2")
    options = arguments.parse_args()
    makers = {
        "flat": [("Flat", flat)],
        "ivf": [("IVF1024, 8 probes", lambda b, c: ivf(b, c, 8))],
        "multihash": [("MultiHash, 1 flip", lambda b, c: multi_hash(b, c, 1))],
        "hnsw": [("HNSW16, ef 64", lambda b, c: hnsw(b, c, 64))],
    }
    for data in options.data.split(","):
        codes, queries = read(options.files, data, options.bits)
        exact = {}
        for name, make in [pair for peer in options.peers.split(",") for pair in makers[peer]]:
            faiss.omp_set_num_threads(2)
            start = time.perf_counter()
            index = make(options.bits, codes)
            built = time.perf_counter() - start
            print(json.dumps({"peer": name, "data": data, "rows": len(codes), "built_s": round(built, 1)}), flush=True)
            for threads in map(int, options.threads.split(",")):
                for k in (10, 100):
                    distances = measure(name, index, data, queries, k, exact.get(k), threads)
                    if name == "Flat":
                        exact[k] = distances


if __name__ == "__main__":
    main()

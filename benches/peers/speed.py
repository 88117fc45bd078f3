#!/usr/bin/env python3
"""Skiagraph's speed beside PyTorch's and onnxruntime's: the same work, in turns, on the same cores.

    python3 benches/peers/speed.py [--binary target/release/skiagraph] [--passes 3] [--rounds 7] [--json FILE]

Encoding: ResNet-18 of one grey channel with a layer of 64 outputs, 224 px. Training: a step of ResNet-18 and of the
whole network with every term of the loss, 96 px, 32 pictures, AdamW. Every contestant runs in a process of its own,
one after the other, `passes` times; a figure is the median over all rounds of all passes, memory the largest resident
set of the process. Needs the packages torch and onnx, onnxruntime, onnxscript.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

THREADS = os.cpu_count()
ENCODE = [(224, 1), (224, 16)]
SIZE, BATCH, BITS, CLASSES = 96, 32, 64, 40
PEERS = ["torch", "torch channels_last", "torch compiled", "onnxruntime"]


def rounds_of(call, rounds):
    call(), call()
    times = []
    for _ in range(rounds):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return times


def backbone(torch):
    from record_parity import ResNet18

    class Coded(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.backbone, self.hash = ResNet18(1), torch.nn.Linear(512, BITS)

        def forward(self, x):
            return self.hash(self.backbone.stages(x)[-1].mean((2, 3)))

    return Coded()


def encode(peer, rounds):
    """Seconds of each round, by size and batch."""
    import torch

    torch.set_num_threads(THREADS)
    model, rows = backbone(torch).eval(), {}
    if peer == "onnxruntime":
        run = onnx_runner(torch, model)
    else:
        if peer != "torch":
            model = model.to(memory_format=torch.channels_last)
        run = torch.compile(model) if peer == "torch compiled" else model
    with torch.inference_mode():
        for size, batch in ENCODE:
            x = torch.rand(batch, 1, size, size)
            if peer in ("torch channels_last", "torch compiled"):
                x = x.contiguous(memory_format=torch.channels_last)
            rows[f"{size} px, batch {batch}"] = rounds_of(lambda: run(x), rounds)
    return rows


def onnx_runner(torch, model):
    import io

    import onnxruntime

    file, sample = io.BytesIO(), torch.rand(2, 1, 224, 224)
    shapes = ({0: torch.export.Dim("n"), 2: torch.export.Dim.STATIC, 3: torch.export.Dim.STATIC},)
    program = torch.onnx.export(model, (sample,), input_names=["x"], dynamic_shapes=shapes, dynamo=True, verbose=False)
    program.save(file)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    session = onnxruntime.InferenceSession(file.getvalue(), options, providers=["CPUExecutionProvider"])
    return lambda x: session.run(None, {"x": x.numpy()})


def train(peer, network, rounds):
    """Seconds of each step."""
    import torch
    import torch.nn.functional as F
    from record_parity import Network

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    whole = network == "whole"
    model = Network() if whole else backbone(torch)
    classifier = torch.nn.Linear(512, CLASSES)
    if whole:
        model.classifier = classifier
    else:
        model.classifier = classifier
        model.norm = torch.nn.BatchNorm1d(BITS)
    if peer != "torch":
        model = model.to(memory_format=torch.channels_last)
    bits = torch.arange(1, CLASSES + 1)[:, None] & torch.arange(BITS)[None, :]
    targets = torch.tensor([[1.0 - 2.0 * (bin(v).count("1") % 2) for v in row] for row in bits.tolist()])
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    x = torch.rand(BATCH, 1, SIZE, SIZE)
    y = torch.eye(CLASSES)[torch.randint(CLASSES, (BATCH,))]

    def features(x):
        return model.backbone.stages((x - 0.449) / 0.226)[-1].mean((2, 3))

    def forward(x):
        if whole:
            out = model(x)
            return out["hash"], out["logits"], out["saliency"]
        f = features(x)
        return model.norm(f @ model.hash.weight.T), model.classifier(f), None

    def loss(x, y):
        u, logits, s = forward(x)
        cosine = u @ targets.T / (u.norm(dim=1, keepdim=True) * BITS**0.5)
        total = F.cross_entropy(8.0 * (cosine - 0.3 * y), y) + 0.5 * F.cross_entropy(logits, y)
        return total if s is None else total + saliency_terms(x, y, s)

    def saliency_terms(x, y, s):
        flat = (s[..., 1:, :] - s[..., :-1, :]).abs().mean() + (s[..., 1:] - s[..., :-1]).abs().mean()
        few, part = x[: BATCH // 8], s[: BATCH // 8]
        mirrored = (model.saliency(few.flip(3)) - part.flip(3)).square().mean()
        erased = features(few * (1.0 - part))
        confidence = (model.classifier(erased).softmax(1) * y[: BATCH // 8]).sum(1).mean()
        return (s.mean((1, 2, 3)) - 0.4).clamp(min=0).mean() + 0.1 * flat + mirrored + 0.1 * confidence

    def step():
        optimiser.zero_grad()
        loss(x, y).backward()
        optimiser.step()

    model.train()
    return rounds_of(step, rounds)


def worker(name, rounds):
    section, peer, *network = name.split("/")
    times = encode(peer, rounds) if section == "encode" else train(peer, network[0], rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"times": times, "peak_mib": peak}))


def peer_figures(name, rounds):
    command = [sys.executable, __file__, "--worker", name, "--rounds", str(rounds)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def own_figures(binary, section, rounds):
    done = subprocess.run([binary, "bench", *section, "--rounds", str(rounds), "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{binary} bench failed:\n{done.stderr}")
    return json.loads(done.stdout)


class Table:
    def __init__(self):
        self.times, self.peaks, self.peak_rates = {}, {}, []

    def add(self, row, who, seconds, peak=None):
        self.times.setdefault(row, {}).setdefault(who, []).extend(seconds)
        if peak:
            self.peaks.setdefault(row, {}).setdefault(who, []).append(peak)

    def lines(self):
        for row, contestants in self.times.items():
            medians = {who: statistics.median(times) for who, times in contestants.items()}
            for who, median in medians.items():
                peak = self.peaks.get(row, {}).get(who)
                memory = f"{statistics.median(peak):.0f}" if peak else ""
                ratio = medians["skiagraph"] / median
                yield {"row": row, "who": who, "ms": 1e3 * median, "ratio": ratio, "peak_mib": memory}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default="target/release/skiagraph")
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", choices=["encode", "train"])
    parser.add_argument("--json")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.worker:
        return worker(args.worker, args.rounds)
    table = Table()
    for _ in range(args.passes):
        if args.only != "train":
            for row in own_figures(args.binary, ["encode"], args.rounds)["encode"]:
                name = f"{row['size']} px, batch {row['batch']}"
                if row["network"] == "ResNet-18":
                    table.add(f"encode ResNet-18, {name}", "skiagraph", [row["milliseconds"] / 1e3])
            for peer in PEERS:
                for name, times in peer_figures(f"encode/{peer}", args.rounds)["times"].items():
                    table.add(f"encode ResNet-18, {name}", peer, [statistics.median(times)])
        if args.only != "encode":
            for network in ("ResNet-18", "whole"):
                row = f"train {network}, {SIZE} px, batch {BATCH}"
                own = own_figures(args.binary, ["train", "--network", network.lower()], args.rounds)["train"][0]
                table.add(row, "skiagraph", [own["milliseconds_per_step"] / 1e3], own["peak_mib"])
                for peer in ("torch", "torch channels_last"):
                    got = peer_figures(f"train/{peer}/{network}", args.rounds)
                    table.add(row, peer, [statistics.median(got["times"])], got["peak_mib"])
    lines = list(table.lines())
    if args.json:
        with open(args.json, "w") as file:
            json.dump(lines, file, indent=1)
    print("| work | who | ms, median | skiagraph takes | peak MiB |\n|---|---|---|---|---|")
    for line in lines:
        print(f"| {line['row']} | {line['who']} | {line['ms']:.1f} | {line['ratio']:.2f}× | {line['peak_mib']} |")


if __name__ == "__main__":
    main()

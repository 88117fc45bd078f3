"""The peer: a plain PyTorch ResNet-18 with OrthoHash codes, trained and measured like skiagraph.

It has no saliency network. It answers two questions: what does the attention network add, and how fast
is the same training in PyTorch? Same manifest, same tasks, same metric definitions.

    python train_resnet18.py --data DIR --out DIR [--size 96 --epochs 20 --batch 32 --bits 64 --seed 0]
"""

import argparse
import csv
import json
import math
import time
import tomllib
from collections import Counter
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import nn

# ---------------------------------------------------------------- the data


def read_manifest(root):
    """Rows of manifest.csv; `labels` becomes a tuple, rows whose file is missing are an error."""
    with open(root / "manifest.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["labels"] = tuple(row["labels"].replace(";", "|").split("|"))
        row["unit"] = row["group"] or patient(row) or row["path"]
    return rows


def preprocess(path, size):
    """One picture as uint8 [size, size]: 0.5–99.5 percentile stretch, area resampling, zero padding."""
    pixels = np.asarray(Image.open(path).convert("L"), dtype=np.float32)
    low, high = np.percentile(pixels, [0.5, 99.5])
    stretched = np.clip((pixels - low) / max(high - low, 1.0), 0.0, 1.0).astype(np.float32)
    height, width = pixels.shape
    scale = size / max(height, width)
    new = max(1, round(width * scale)), max(1, round(height * scale))
    small = np.asarray(Image.fromarray(stretched).resize(new, Image.Resampling.BOX))
    square = np.zeros((size, size), np.uint8)
    top, left = (size - new[1]) // 2, (size - new[0]) // 2
    square[top : top + new[1], left : left + new[0]] = np.rint(small * 255.0)
    return square


def load_pictures(root, rows, size):
    """uint8 tensor [n, 1, size, size], made once and kept in memory."""
    return torch.from_numpy(np.stack([preprocess(root / row["path"], size) for row in rows])).unsqueeze(1)


def training_labels(row):
    """The labels the loss sees: those of the manifest, and the view as one more."""
    return row["labels"] + ((f"view={row['view']}",) if row["view"] else ())


def multi_hot(rows, vocabulary):
    position = {label: i for i, label in enumerate(vocabulary)}
    target = torch.zeros(len(rows), len(vocabulary))
    for i, row in enumerate(rows):
        for label in training_labels(row):
            if label in position:
                target[i, position[label]] = 1.0
    return target


def hold_out(rows, fraction, seed):
    """Indices (kept, held out) of the training split; a unit (group) is never divided."""
    train = [i for i, row in enumerate(rows) if row["split"] == "train"]
    units = sorted({rows[i]["unit"] for i in train})
    chosen = np.random.default_rng(seed).permutation(len(units))[: round(fraction * len(units))]
    held = {units[i] for i in chosen}
    return [i for i in train if rows[i]["unit"] not in held], [i for i in train if rows[i]["unit"] in held]


def sampling_weights(rows):
    """Mean over the labels of 1/sqrt(count), times 1/sqrt(count of the source): no class or source drowns the rest."""
    labels = Counter(label for row in rows for label in row["labels"])
    sources = Counter(row["source"] for row in rows)
    weights = [
        np.mean([labels[label] ** -0.5 for label in row["labels"]]) * sources[row["source"]] ** -0.5 for row in rows
    ]
    return torch.tensor(weights, dtype=torch.float64)


def augment(x, generator):
    """[n, 1, s, s] in [0, 1] → the same, each picture moved, flipped and re-exposed by its own draw."""
    n = x.shape[0]

    def uniform(low, high):
        return low + (high - low) * torch.rand(n, generator=generator)

    angle, scale = torch.deg2rad(uniform(-10, 10)), uniform(0.85, 1.15)
    flip = torch.where(torch.rand(n, generator=generator) < 0.5, -1.0, 1.0)
    cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
    # The grid spans [-1, 1], so 8 % of the side is 0.16.
    rows = torch.stack([flip * cos, -sin, uniform(-0.16, 0.16), flip * sin, cos, uniform(-0.16, 0.16)], 1)
    grid = F.affine_grid(rows.view(n, 2, 3), list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, align_corners=False).clamp(0, 1)
    contrast, brightness, gamma = uniform(0.8, 1.2), uniform(-0.2, 0.2), uniform(0.7, 1.4)
    x = x.pow(gamma.view(n, 1, 1, 1))
    x = (x - 0.5) * contrast.view(n, 1, 1, 1) + 0.5 + brightness.view(n, 1, 1, 1)
    noise = torch.randn(x.shape, generator=generator) * uniform(0, 0.03).view(n, 1, 1, 1)
    return (x + noise).clamp(0, 1)


# ---------------------------------------------------------------- the network


class Block(nn.Module):
    """torchvision's BasicBlock."""

    def __init__(self, cin, cout, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(cin, cout, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(cout)
        self.conv2 = nn.Conv2d(cout, cout, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(cout)
        self.downsample = None
        if stride != 1 or cin != cout:
            self.downsample = nn.Sequential(nn.Conv2d(cin, cout, 1, stride, bias=False), nn.BatchNorm2d(cout))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class HashNet(nn.Module):
    """ResNet-18 with one input channel (torchvision's names), a hash layer and a linear classifier."""

    def __init__(self, bits, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(Block(64, 64, 1), Block(64, 64, 1))
        self.layer2 = nn.Sequential(Block(64, 128, 2), Block(128, 128, 1))
        self.layer3 = nn.Sequential(Block(128, 256, 2), Block(256, 256, 1))
        self.layer4 = nn.Sequential(Block(256, 512, 2), Block(512, 512, 1))
        self.hash = nn.Linear(512, bits, bias=False)
        self.hash_bn = nn.BatchNorm1d(bits)
        self.classifier = nn.Linear(512, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        """[n, 1, s, s] in [0, 1] → pooled [n, 512], hash outputs [n, K], class logits [n, C]."""
        x = (x - 0.449) / 0.226
        x = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        pooled = x.mean((2, 3))
        return pooled, self.hash_bn(self.hash(pooled)), self.classifier(pooled)


def hash_targets(classes, bits, seed):
    """[C, K] of ±1: rows of the Hadamard matrix while they last (row 0 is constant), else random signs."""
    if classes < bits and bits & (bits - 1) == 0:
        rows = torch.ones(1, 1)
        while rows.shape[0] < bits:
            rows = torch.cat([torch.cat([rows, rows], 1), torch.cat([rows, -rows], 1)])
        return rows[1 : classes + 1]
    return torch.randint(0, 2, (classes, bits), generator=torch.Generator().manual_seed(seed)) * 2.0 - 1.0


def soft_target(y, class_weight):
    """Multi-hot [n, C] → rows that sum to one, or to zero where there is no label."""
    weighted = y * class_weight
    return weighted / weighted.sum(1, keepdim=True).clamp_min(1e-12)


def ortho_hash_loss(v, y, target, codes, margin=0.3):
    """OrthoHash (Hoe et al. 2021) for many labels: cross entropy of cosines with fixed orthogonal targets."""
    scale = math.sqrt(codes.shape[1])
    cosine = F.normalize(v, dim=1) @ codes.T / scale
    return -(target * F.log_softmax(scale * (cosine - margin * y), dim=1)).sum(1).mean()


def cross_entropy(logits, target):
    return -(target * F.log_softmax(logits, dim=1)).sum(1).mean()


# ---------------------------------------------------------------- the metrics


def expected_over_ties(distance, relevant, cutoff=10):
    """(AP over all relevant, P@cutoff), each the mean over every order of equal distances (McSherry & Najork 2008).

    At least one must be relevant.
    """
    order = np.argsort(distance, kind="stable")
    relevant = relevant[order].astype(np.float64)
    _, group, size = np.unique(distance[order], return_inverse=True, return_counts=True)
    end = np.cumsum(size)
    start, hits = end - size, np.bincount(group, weights=relevant)
    before = np.cumsum(hits) - hits
    rank = np.arange(1, len(order) + 1)
    within = rank - 1 - start[group]
    # A relevant item at this rank expects `before` hits above its group and a fair share of its
    # group's others.
    share = (hits - 1) / np.maximum(size - 1, 1)
    chance = (hits / size)[group]
    total = relevant.sum()
    ap = (chance * (before[group] + 1 + within * share[group]) / rank).sum() / total
    return ap, chance[:cutoff].sum() / cutoff


def matches(row, condition):
    return all(row[column] == value for column, value in (condition or {}).items())


def task_classes(row, task):
    """What the task compares of a row: the value of a column, or the labels it keeps."""
    if "column" in task:
        return {row[task["column"]]} - {""}
    if "labels" in task:
        return set(row["labels"]) & set(task["labels"])
    return set(row["labels"]) - set(task.get("labels_except", ()))


def evaluate(task, rows, distances):
    """One task. `distances(q, gallery)` gives the distance of row q to each row of `gallery`.

    A query without a relevant picture in the gallery is left out, as `skiagraph eval` does: its AP is 0/0.
    """
    inside = [i for i, row in enumerate(rows) if matches(row, task.get("where"))]
    classes = {i: task_classes(rows[i], task) for i in inside}
    gallery = np.array([i for i in inside if rows[i]["split"] in ("train", "database") and matches(rows[i], task.get("gallery"))])
    queries = [i for i in inside if rows[i]["split"] == "query" and matches(rows[i], task.get("query")) and classes[i]]
    patients = np.array([patient(rows[i]) for i in gallery])
    aps, precisions, per_class = [], [], {}
    for q in queries:
        others = gallery[patients != patient(rows[q])] if patient(rows[q]) else gallery
        relevant = np.array([bool(classes[q] & classes[i]) for i in others])
        if not relevant.any():
            continue
        ap, precision = expected_over_ties(distances(q, others), relevant)
        aps.append(ap)
        precisions.append(precision)
        for label in classes[q]:
            per_class.setdefault(label, []).append((ap, precision))
    macro = np.mean([np.mean(values, axis=0) for values in per_class.values()], axis=0)
    return {
        "queries": len(aps), "gallery": len(gallery), "map_all": float(np.mean(aps)), "p_at_10": float(np.mean(precisions)),
        "macro_map_all": float(macro[0]), "macro_p_at_10": float(macro[1]),
        "per_class": {k: {"queries": len(v), "map_all": float(np.mean(v, 0)[0]), "p_at_10": float(np.mean(v, 0)[1])} for k, v in sorted(per_class.items())},
    }  # fmt: skip


def patient(row):
    """Unique over sources; empty where unknown."""
    return f"{row['source']}/{row['patient_id']}" if row["patient_id"] else ""


def rankings(codes, embeddings):
    """The three ways to order a gallery: Hamming distance, Euclidean distance, no order at all."""
    return {
        "codes": lambda q, g: (codes[g] != codes[q]).sum(1),
        "embeddings": lambda q, g: np.linalg.norm(embeddings[g] - embeddings[q], axis=1),
        "random": lambda q, g: np.zeros(len(g), np.int64),
    }


# ---------------------------------------------------------------- training


@torch.no_grad()
def encode(network, pictures, indices, batch=64):
    """Codes as booleans [n, K] (1 for u >= 0) and L2-normalised embeddings [n, 512]."""
    network.eval()
    codes, embeddings = [], []
    for part in torch.as_tensor(indices).split(batch):
        x = (pictures[part].float() / 255).contiguous(memory_format=torch.channels_last)
        pooled, u, _ = network(x)
        codes.append((u >= 0).numpy())
        embeddings.append(F.normalize(pooled, dim=1).numpy())
    return np.concatenate(codes), np.concatenate(embeddings)


def validation_map(network, pictures, rows, kept, held):
    """mAP of codes: held-out pictures ask the kept ones; relevant = a shared label."""
    codes, _ = encode(network, pictures, kept + held)
    gallery = codes[: len(kept)]
    aps = []
    for code, q in zip(codes[len(kept) :], held):
        labels = set(rows[q]["labels"])
        relevant = np.array([bool(labels.intersection(rows[i]["labels"])) for i in kept])
        if relevant.any():
            aps.append(expected_over_ties((gallery != code).sum(1), relevant)[0])
    return float(np.mean(aps))


def train(args, rows, pictures, log):
    """Trains on the kept part of the training split; returns the network as it is after the last epoch."""
    kept, held = hold_out(rows, 0.1, args.seed)
    vocabulary = sorted({label for i in kept for label in training_labels(rows[i])})
    y_all = multi_hot([rows[i] for i in kept], vocabulary)
    class_weight = y_all.sum(0).clamp_min(1).rsqrt()
    weights = sampling_weights([rows[i] for i in kept])
    codes = hash_targets(len(vocabulary), args.bits, args.seed)
    network = HashNet(args.bits, len(vocabulary)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, weight_decay=0.05)
    steps = len(kept) // args.batch
    total = steps * args.epochs

    def rate(step):
        # One epoch of warm-up, then half a cosine to zero.
        return (step + 1) / steps if step < steps else 0.5 * (1 + math.cos(math.pi * (step - steps) / max(1, total - steps)))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    generator = torch.Generator().manual_seed(args.seed)
    index = torch.tensor(kept)
    for epoch in range(args.epochs):
        network.train()
        start, losses = time.time(), []
        drawn = torch.multinomial(weights, len(kept), replacement=True, generator=generator)
        for step in range(steps):
            part = drawn[step * args.batch : (step + 1) * args.batch]
            x = augment(pictures[index[part]].float() / 255, generator).contiguous(memory_format=torch.channels_last)
            y = y_all[part]
            target = soft_target(y, class_weight)
            _, v, logits = network(x)
            loss = ortho_hash_loss(v, y, target, codes) + 0.5 * cross_entropy(logits, target)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            if epoch == 0 and step % 10 == 9:
                print(f"  step {step + 1}/{steps} loss {np.mean(losses[-10:]):.3f} {(step + 1) * args.batch / (time.time() - start):.1f} img/s", flush=True)
        seconds = time.time() - start
        record = {
            "epoch": epoch + 1, "loss": float(np.mean(losses)), "validation_map": validation_map(network, pictures, rows, kept, held),
            "images_per_second": steps * args.batch / seconds, "seconds": seconds,
        }  # fmt: skip
        log.append(record)
        print(json.dumps(record), flush=True)
        torch.save({"weights": network.state_dict(), "vocabulary": vocabulary, "args": vars(args) | {"data": str(args.data), "out": str(args.out)}}, args.out / "model.pt")
    return network


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv and tasks.toml")
    parser.add_argument("--out", type=Path, required=True, help="folder for model.pt and results.json")
    for name, default in (("size", 96), ("epochs", 20), ("batch", 32), ("bits", 64), ("seed", 0), ("threads", 2)):
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)

    rows = read_manifest(args.data)
    tasks = tomllib.loads((args.data / "tasks.toml").read_text())["task"]
    start = time.time()
    pictures = load_pictures(args.data, rows, args.size)
    print(f"{len(rows)} pictures prepared in {time.time() - start:.0f} s", flush=True)

    epochs = []
    start = time.time()
    network = train(args, rows, pictures, epochs)
    training_seconds = time.time() - start
    start = time.time()
    codes, embeddings = encode(network, pictures, range(len(rows)))
    encode_ms = (time.time() - start) / len(rows) * 1000

    results = []
    for method, distances in rankings(codes, embeddings).items():
        for task in tasks:
            results.append({"task": task["name"], "method": method, "bits": args.bits if method == "codes" else None} | evaluate(task, rows, distances))
    report = {
        "peer": "resnet18 without saliency, OrthoHash, PyTorch " + torch.__version__, "size": args.size, "bits": args.bits, "seed": args.seed,
        "ap": "expected over ties, divided by all relevant", "training_seconds": training_seconds, "encode_ms": encode_ms, "epochs": epochs, "results": results,
    }  # fmt: skip
    (args.out / "results.json").write_text(json.dumps(report, indent=1) + "\n")
    print(f"trained in {training_seconds / 60:.1f} min, encoding {encode_ms:.2f} ms/image\n")
    print(f"{'task':14} {'method':11} {'queries':>7} {'gallery':>7} {'mAP':>6} {'P@10':>6} {'macro':>6}   (macro = P@10)")
    for r in results:
        print(f"{r['task']:14} {r['method']:11} {r['queries']:7} {r['gallery']:7} {r['map_all']:6.3f} {r['p_at_10']:6.3f} {r['macro_p_at_10']:6.3f}")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Records what PyTorch computes for every stage of the network, at weights that follow from their names.

    python3 benches/peers/record_parity.py > crates/network/tests/parity.json
    python3 benches/peers/record_parity.py --checkpoints DIR

The second form writes a torchvision-layout ResNet-18 with random values as DIR/resnet18.pth and
DIR/resnet18.safetensors, with some of their values in DIR/values.json. Needs the packages torch and safetensors.
"""

import json
import math
import os
import sys

import torch
import torch.nn.functional as F
from torch import nn

BITS, CLASSES, SIZE, BATCH = 64, 10, 64, 4


def noise(name, count):
    """Uniform in [-0.5, 0.5) from the name alone: FNV-1a of it starts a linear congruential generator."""
    state = 0x811C9DC5
    for byte in name.encode():
        state = (state ^ byte) * 0x01000193 & 0xFFFFFFFF
    values = []
    for _ in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values.append((state >> 8) / 2**24 - 0.5)
    return torch.tensor(values, dtype=torch.float32)


def fill(name, tensor):
    """The value of a parameter or running statistic by its name and shape."""
    value = noise(name, tensor.numel()).reshape(tensor.shape)
    if name.endswith("running_mean"):
        return 0.2 * value
    if name.endswith("running_var"):
        return 1 + 0.5 * value
    if tensor.dim() == 1:
        is_norm = "bn" in name or "downsample.1" in name
        return 1 + 0.2 * value if is_norm and name.endswith("weight") else 0.2 * value
    fan_in = tensor[0].numel()
    return value * (2 * math.sqrt(3) * math.sqrt(2 / fan_in))


class ConvBnRelu(nn.Module):
    def __init__(self, channels, filters, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn = nn.BatchNorm2d(filters)

    def forward(self, x):
        return F.relu(self.bn(self.conv(x)))


class Cbam(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(channels, channels // 16), nn.Linear(channels // 16, channels)
        self.spatial, self.spatial_bn = nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1)

    def forward(self, x):
        def mlp(v):
            return self.fc2(F.relu(self.fc1(v)))

        x = x * torch.sigmoid(mlp(x.mean((2, 3))) + mlp(x.amax((2, 3))))[:, :, None, None]
        places = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.spatial_bn(self.spatial(places)))


class Gate(nn.Module):
    def __init__(self, skip, coarse):
        super().__init__()
        self.theta = nn.Conv2d(skip, skip // 2, 1, bias=False)
        self.phi, self.psi = nn.Conv2d(coarse, skip // 2, 1), nn.Conv2d(skip // 2, 1, 1)

    def forward(self, skip, coarse):
        seen = F.interpolate(self.phi(coarse), scale_factor=2)
        return skip * torch.sigmoid(self.psi(F.relu(self.theta(skip) + seen)))


class AttentionFcn(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc1 = nn.Sequential(ConvBnRelu(1, 16, 2))
        self.enc2 = nn.Sequential(ConvBnRelu(16, 32, 2), ConvBnRelu(32, 32))
        self.enc3 = nn.Sequential(ConvBnRelu(32, 64, 2), ConvBnRelu(64, 64))
        self.enc4 = nn.Sequential(ConvBnRelu(64, 128, 2), ConvBnRelu(128, 128))
        self.cbam = Cbam(128)
        self.gate3, self.dec3 = Gate(64, 128), ConvBnRelu(192, 64)
        self.gate2, self.dec2 = Gate(32, 64), ConvBnRelu(96, 32)
        self.head = nn.Conv2d(32, 1, 1)

    def forward(self, x):
        e2 = self.enc2(self.enc1(x))
        e3 = self.enc3(e2)
        e4 = self.cbam(self.enc4(e3))
        d3 = self.dec3(torch.cat([F.interpolate(e4, scale_factor=2), self.gate3(e3, e4)], 1))
        d2 = self.dec2(torch.cat([F.interpolate(d3, scale_factor=2), self.gate2(e2, d3)], 1))
        return F.interpolate(torch.sigmoid(self.head(d2)), scale_factor=4, mode="bilinear", align_corners=False)


class BasicBlock(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.downsample = None
        if stride != 1 or channels != filters:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters)
            )

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + shortcut)


class ResNet18(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        sizes = [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]
        for i, (c, f, s) in enumerate(sizes, 1):
            setattr(self, f"layer{i}", nn.Sequential(BasicBlock(c, f, s), BasicBlock(f, f, 1)))

    def stages(self, x):
        outputs = [F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 3, 2, 1)]
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            outputs.append(layer(outputs[-1]))
        return outputs


class Hash(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(BITS, 512))
        self.bn = nn.BatchNorm1d(BITS)

    def forward(self, f):
        return self.bn(f @ self.weight.T)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.saliency, self.backbone = AttentionFcn(), ResNet18(1)
        self.hash, self.classifier = Hash(), nn.Linear(512, CLASSES)

    def forward(self, x):
        s = self.saliency(x)
        modified = x * (0.1 + 0.9 * s) + (1 - s) * 0.9 * blur(x)
        stages = self.backbone.stages((modified - 0.449) / 0.226)
        f = stages[-1].mean((2, 3))
        out = {"saliency": s, "modified": modified, "stem": stages[0]}
        out |= {f"layer{i}": stage for i, stage in enumerate(stages[1:], 1)}
        return out | {"features": f, "embedding": F.normalize(f), "hash": self.hash(f), "logits": self.classifier(f)}


def blur(x):
    size = x.shape[-1]
    sigma = size / 16
    d = torch.arange(size)[:, None] - torch.arange(size)[None, :]
    g = torch.exp(-(d.float() ** 2) / (2 * sigma**2)) * (d.abs() <= math.ceil(3 * sigma))
    g = g / g.sum(1, keepdim=True)
    return g @ x @ g.T


def ortho_hash(u, y):
    rows = torch.arange(1, CLASSES + 1)[:, None] & torch.arange(BITS)[None, :]
    targets = torch.tensor([[1.0 if bin(v).count("1") % 2 == 0 else -1.0 for v in row] for row in rows.tolist()])
    cosine = u @ targets.T / (u.norm(dim=1, keepdim=True) * math.sqrt(BITS))
    scores = F.log_softmax(8.0 * (cosine - 0.3 * y), 1)
    return -(scores * y / y.sum(1, keepdim=True)).sum(1).mean()


def summary(tensor):
    flat = tensor.detach().flatten().double()
    step = max(1, flat.numel() // 24)
    return {
        "shape": list(tensor.shape),
        "sum": flat.sum().item(),
        "squares": (flat * flat).sum().item(),
        "step": step,
        "values": [round(v, 9) for v in flat[::step].tolist()],
    }


def record():
    network = Network()
    state = {
        name: fill(name.removeprefix("backbone."), value)
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    network.load_state_dict(state, strict=False)
    x = (noise("input", BATCH * SIZE * SIZE) + 0.5).reshape(BATCH, 1, SIZE, SIZE)
    y = torch.zeros(BATCH, CLASSES)
    for sample, labels in enumerate([[1, 3], [5], [0], [2, 7]]):
        y[sample, labels] = 1.0
    network.eval()
    report = {"infer": {name: summary(value) for name, value in network(x).items()}}
    network.train()
    out = network(x)
    loss = ortho_hash(out["hash"], y)
    loss.backward()
    report["train"] = {name: summary(out[name]) for name in ("saliency", "features", "hash")}
    report["loss"] = loss.item()
    report["gradients"] = {
        name.removeprefix("backbone."): summary(parameter.grad)
        for name, parameter in network.named_parameters()
        if parameter.grad is not None
    }
    report["running"] = {
        name.removeprefix("backbone."): summary(value)
        for name, value in network.named_buffers()
        if name in ("backbone.bn1.running_mean", "backbone.bn1.running_var", "saliency.dec2.bn.running_var")
    }
    json.dump(report, sys.stdout)


def checkpoints(folder):
    from safetensors.torch import save_file

    torch.manual_seed(1)
    model = ResNet18(3)
    model.fc = nn.Linear(512, 1000)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    os.makedirs(folder, exist_ok=True)
    torch.save(state, os.path.join(folder, "resnet18.pth"))
    save_file(state, os.path.join(folder, "resnet18.safetensors"))
    values = {name: summary(state[name]) for name in ("layer4.1.conv2.weight", "layer2.0.downsample.0.weight")}
    values["conv1.weight"] = summary(state["conv1.weight"].sum(1, keepdim=True))
    with open(os.path.join(folder, "values.json"), "w") as file:
        json.dump(values, file)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--checkpoints"] and len(sys.argv) == 3:
        checkpoints(sys.argv[2])
    elif len(sys.argv) == 1:
        record()
    else:
        sys.exit(__doc__)

"""The memory that hostile files take: 200 a format, made of sound ones by a seed.

    cargo build --release --workspace --example memory
    fuzz/seeds.py                                   # small pictures of all kinds, in fuzz/corpus
    python3 benches/peers/hostile_memory.py [--count 200] [--seed 1] [FILE …]

Each file is a sound one whose lengths, sides and other bytes were overwritten by values that
claim much, or that is cut off. A process of its own reads it (the example `memory`). For each
format the worst peak is printed beside the size of its file. Files that are named are read as they
are.
"""

import argparse
import pathlib
import random
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "target/release/examples/memory"
CLAIMS = [
    b"\xff", b"\x7f", b"\x80", b"\0", b"\xff\xff", b"\x7f\xff", b"\xff\x7f",
    b"\xff\xff\xff\x7f", b"\x7f\xff\xff\xff", b"\0\0\xff\xff", b"\xff\xff\0\0",
    b"\0\x10\0\0", b"\0\0\x10\0",
]
HEAD = "| format | files | read | refused | died | worst peak, MB | of a file of KB |"


def seeds():
    """Returns sound files by format."""
    phantoms = ROOT / "crates/radiograph/tests/data/dicom"
    pictures = ROOT / "fuzz/corpus/decode"
    def named(*patterns):
        return [path for pattern in patterns for path in phantoms.glob(pattern)]

    found = {
        "PNG": pictures.glob("*.png"),
        "TIFF": pictures.glob("*.tif"),
        "JPEG": sorted((ROOT / "samples/images").rglob("*.jpg"))[:20],
        "DICOM, uncompressed": named("*.native.dcm"),
        "DICOM, RLE": named("*rle*.dcm"),
        "DICOM, JPEG": named("*jpeg50*.dcm", "*jpeg51*.dcm"),
        "DICOM, JPEG Lossless": named("*jpeg57*.dcm", "*jpeg70*.dcm"),
        "DICOM, JPEG-LS": named("*jls*.dcm"),
        "DICOM, JPEG 2000": named("*.j2k*.dcm"),
        "DICOM, High-Throughput JPEG 2000": named("*.htj2k*.dcm"),
    }
    return {name: [path.read_bytes() for path in sorted(paths)] for name, paths in found.items()}


def hostile(sound, chance):
    """Returns a copy of a sound file that claims something else, or is cut off."""
    bytes_ = bytearray(sound)
    # Half of the changes are near the beginning, where headers are.
    for _ in range(chance.randint(1, 6)):
        claim = chance.choice(CLAIMS)
        most = len(bytes_) if chance.random() < 0.5 else min(len(bytes_), 1500)
        at = chance.randrange(most)
        bytes_[at:at + len(claim)] = claim
    if chance.random() < 0.2:
        del bytes_[chance.randrange(len(bytes_)):]
    return bytes(bytes_)


def measure(path):
    """Returns the answer and the peak of the process that reads the file, in bytes."""
    ran = subprocess.run([PROGRAM, path], capture_output=True, text=True, timeout=60)
    cells = [cell.strip() for cell in ran.stdout.strip().strip("|").split("|")]
    if len(cells) != 5:
        return f"died: {ran.stderr.strip()[-80:]}", 0
    if cells[1] == "refused":
        return "refused", int(cells[2].split()[0]) * 1024
    return "read", float(cells[2]) * float(cells[1]) * 1e6


def report(name, files, path):
    """Measures files, of which each is written to `path`, and prints their row."""
    answers, worst, of = {"read": 0, "refused": 0}, 0, 0
    for bytes_ in files:
        path.write_bytes(bytes_)
        answer, peak = measure(path)
        answers[answer] = answers.get(answer, 0) + 1
        if peak > worst:
            worst, of = peak, len(bytes_)
    count = sum(answers.values())
    died = count - answers["read"] - answers["refused"]
    print(f"| {name} | {count} | {answers['read']} | {answers['refused']} | {died} "
          f"| {worst / 1e6:.1f} | {of / 1e3:.1f} |", flush=True)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--count", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("files", nargs="*", type=pathlib.Path)
    options = arguments.parse_args()
    print(f"{HEAD}\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "file"
        for name, sound in seeds().items():
            chance = random.Random(f"{options.seed} {name}")
            files = (hostile(chance.choice(sound), chance) for _ in range(options.count))
            report(name, files, path)
        if options.files:
            report("named", (file.read_bytes() for file in options.files), path)


if __name__ == "__main__":
    main()

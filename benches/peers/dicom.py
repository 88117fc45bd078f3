"""Decoding of DICOM beside GDCM, DCMTK and pydicom: pixel by pixel, as rendered, and how long it takes.

    cargo build --release -p radiograph --example grey
    apt-get install dcmtk libgdcm-tools
    python3 -m venv target/dicom-peers
    target/dicom-peers/bin/pip install pydicom python-gdcm pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg pyjpegls imagecodecs numpy
    target/dicom-peers/bin/python benches/peers/dicom.py ../shared/data/dicom [--pydicom] [--times 5]

Stored values: a copy of each file gets a window that spans every value that its bits can hold, so that what our decoder shows
is what is stored; the number of pixels that differ from each reference is printed. Rendered: our grey in 256 levels, beside
that of dcm2pnm with the same window; the largest difference is printed, and the share of pixels beyond one level.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time
import warnings

import numpy as np
import pydicom
import pydicom.data
from pydicom.pixels import get_decoder

warnings.filterwarnings("ignore")
GREY = pathlib.Path(os.environ.get("GREY", "target/release/examples/grey"))
SHOWN = ["WindowCenter", "WindowWidth", "VOILUTFunction", "VOILUTSequence", "ModalityLUTSequence", "RescaleSlope",
         "RescaleIntercept", "PixelPaddingValue", "PixelPaddingRangeLimit", "PresentationLUTShape", "ShutterShape"]


def pgm(path):
    data = pathlib.Path(path).read_bytes()
    kind, columns, rows, most = data[:64].split(maxsplit=4)[:4]
    start = data.index(most, data.index(rows, len(kind) + len(columns))) + len(most) + 1
    wide = int(most) > 255
    values = np.frombuffer(data[start:], ">u2" if wide else "u1")
    channels = 3 if kind == b"P6" else 1
    return values[: int(rows) * int(columns) * channels].reshape(int(rows), int(columns), -1).squeeze(-1), int(most)


def ours(path, folder, times=1):
    """Our picture in 65,536 levels and what the tool said of it."""
    said = subprocess.run([GREY, "--times", str(times), folder, path], capture_output=True, text=True, check=True)
    said = json.loads(said.stdout)
    return (None if "error" in said else pgm(folder / (pathlib.Path(path).name + ".pgm"))[0]), said


def spread(dataset, path):
    """A copy whose window spans all that its bits can hold; gives the smallest of these values and their number − 1."""
    for name in SHOWN:
        if name in dataset:
            delattr(dataset, name)
    bits = dataset.get("BitsStored", dataset.BitsAllocated)
    low, span = (-(1 << bits - 1) if dataset.get("PixelRepresentation") == 1 else 0), (1 << bits) - 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.VOILUTFunction = "LINEAR_EXACT"
    # A decimal string has 16 characters at most: halves of whole numbers fit.
    dataset.WindowCenter, dataset.WindowWidth = low + span / 2, span
    dataset.save_as(path)
    return low, span


def stored_by_pydicom(dataset):
    """The first frame by every plugin that has the syntax."""
    dataset.pixel_array_options(index=0)
    frames = {}
    syntax = dataset.file_meta.TransferSyntaxUID
    plugins = get_decoder(syntax).available_plugins if syntax.is_compressed and not syntax.is_deflated else ("",)
    for plugin in plugins:
        name = f"pydicom {plugin}".strip()
        try:
            dataset.pixel_array_options(index=0, **({"decoding_plugin": plugin} if plugin else {}))
            frames[name] = dataset.pixel_array
        except Exception as error:  # noqa: BLE001: any refusal of a peer is a row of the table
            frames[name] = f"refuses: {str(error)[:60]}"
    return frames


def stored_by_tools(path, folder, syntax):
    """By GDCM's and DCMTK's own programs."""
    frames = {}
    tools = {"gdcmconv": ["gdcmconv", "--raw", path, folder / "g.dcm"]}
    for program in dcmtk(syntax):
        tools[program] = [program, path, folder / "g.dcm"]
    for name, command in tools.items():
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            try:
                dataset = pydicom.dcmread(folder / "g.dcm")
                dataset.pixel_array_options(index=0)
                frames[name] = dataset.pixel_array
            except Exception as error:  # noqa: BLE001
                frames[name] = f"unreadable: {str(error)[:60]}"
        else:
            frames[name] = "refuses"
    return frames


def compare_stored(path, folder):
    dataset = pydicom.dcmread(path, force=True)
    if dataset.get("SamplesPerPixel", 1) != 1 or dataset.BitsAllocated > 16:
        return {}
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    copy = folder / "copy.dcm"
    low, span = spread(dataset, copy)
    got, _ = ours(copy, folder)
    if got is None:
        return {}
    got = np.rint(got / 65535.0 * span).astype(np.int64) + low
    frames = stored_by_pydicom(pydicom.dcmread(copy)) | stored_by_tools(copy, folder, syntax)
    bits = dataset.get("BitsStored", dataset.BitsAllocated)
    result = {}
    for name, frame in frames.items():
        if isinstance(frame, str):
            result[name] = frame
            continue
        frame = (frame[0] if frame.ndim == 3 else frame).astype(np.int64)
        # Bits above those stored are no part of the value; a sign is.
        masked = frame & ((1 << bits) - 1)
        masked = np.where((low < 0) & (masked >> (bits - 1) == 1), masked - (1 << bits), masked)
        differs = np.abs(masked - got)
        result[name] = {"differing": int((differs > 0).sum()), "by": int(differs.max())}
    return result


def compare_colours(path, folder):
    """Our grey beside the luminance (Rec. 601) of the colours that pydicom gives."""
    got, said = ours(path, folder)
    if got is None:
        return {"ours": said["error"]}
    dataset = pydicom.dcmread(path, force=True)
    decoder = get_decoder(dataset.file_meta.TransferSyntaxUID) if "TransferSyntaxUID" in dataset.file_meta else None
    frame, meta = decoder.as_array(dataset, index=0, raw=True)
    weights = [1, 0, 0] if meta["photometric_interpretation"].startswith("YBR") else [0.299, 0.587, 0.114]
    luminance = frame.astype(np.float64) @ weights
    scale = (1 << dataset.BitsStored) - 1
    differs = np.abs(np.rint(got / 257.0) - np.rint(luminance / scale * 255))
    return {"largest": int(differs.max()), "beyond one level": float((differs > 1).mean())}


def window_options(dataset, modality):
    """How dcm2pnm is told the window that the file gives, or the one that we choose where it gives none."""
    if "VOILUTSequence" in dataset:
        return ["+Wl", "1"]
    first = lambda value: float(value[0] if isinstance(value, pydicom.multival.MultiValue) else value)  # noqa: E731
    if dataset.get("WindowCenter") not in (None, "") and first(dataset.WindowWidth) >= 1:
        return ["+Wi", "1"] + (["+Wfs"] if dataset.get("VOILUTFunction") == "SIGMOID" else [])
    values = np.sort(modality(), axis=None)
    at = lambda share: values[int(round(share * (len(values) - 1)))]  # noqa: E731
    low, high = float(at(0.001)), float(at(0.999))
    # From low to high as LINEAR says it.
    return ["+Ww", str((low + high) / 2 + 0.5), str(high - low + 1)]


def modality_values(dataset):
    from pydicom.pixels import apply_modality_lut
    dataset.pixel_array_options(index=0)
    frame = dataset.pixel_array
    return apply_modality_lut(frame[0] if frame.ndim == 3 else frame, dataset)


def compare_rendered(path, folder):
    dataset = pydicom.dcmread(path, force=True)
    if dataset.get("SamplesPerPixel", 1) != 1:
        return None
    got, said = ours(path, folder)
    if got is None:
        return {"ours": said["error"]}
    raw = folder / "raw.dcm"
    plain = path
    if dataset.file_meta.TransferSyntaxUID.is_compressed:
        if subprocess.run(["gdcmconv", "--raw", path, raw], capture_output=True, check=False).returncode != 0:
            return {"dcm2pnm": "no reference: gdcmconv refuses"}
        plain = raw
    options = window_options(dataset, lambda: modality_values(pydicom.dcmread(plain, force=True)))
    command = ["dcm2pnm", "--write-raw-pnm", "-O", "+F", "1", *options, plain, folder / "r.pgm"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not (folder / "r.pgm").exists():
        return {"dcm2pnm": "refuses: " + done.stderr.strip()[-80:]}
    reference, most = pgm(folder / "r.pgm")
    (folder / "r.pgm").unlink()
    if reference.shape != got.shape:
        return {"dcm2pnm": f"{reference.shape} instead of {got.shape}"}
    differs = np.abs(np.rint(got / 257.0) - np.rint(reference * (255.0 / most)))
    return {"largest": int(differs.max()), "beyond one level": float((differs > 1).mean()),
            "window": " ".join(options)}


def times(path, folder, count):
    """Milliseconds, the least of several: ours, and pydicom with each plugin, from bytes in memory."""
    _, said = ours(path, folder, count)
    row = {"ours": said.get("ms")}
    dataset = pydicom.dcmread(path)
    syntax = dataset.file_meta.TransferSyntaxUID
    plugins = get_decoder(syntax).available_plugins if syntax.is_compressed and not syntax.is_deflated else ("",)
    for plugin in plugins:
        least = float("inf")
        for _ in range(count):
            dataset.pixel_array_options(**({"decoding_plugin": plugin} if plugin else {}))
            dataset._pixel_id = None  # noqa: SLF001: pydicom keeps what it decoded
            start = time.perf_counter()
            try:
                _ = dataset.pixel_array
            except Exception:  # noqa: BLE001
                break
            least = min(least, (time.perf_counter() - start) * 1000)
        row[plugin or "pydicom"] = None if least == float("inf") else least
    for program in dcmtk(str(syntax)):
        command = [program, path, folder / "timed.dcm"]
        row[f"{program}, as a process"] = min(process_ms(command) for _ in range(count))
    return row


def process_ms(command):
    start = time.perf_counter()
    subprocess.run(command, capture_output=True, check=False)
    return (time.perf_counter() - start) * 1000


def dcmtk(syntax):
    """DCMTK's programs for a syntax."""
    ends = syntax.rsplit(".", 1)[-1]
    served = [("dcmdjpeg", {"50", "51", "57", "70"}), ("dcmdjpls", {"80", "81"}), ("dcmdrle", {"5"})]
    return [program for program, syntaxes in served if ends in syntaxes]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="+", type=pathlib.Path)
    parser.add_argument("--pydicom", action="store_true", help="also the files that lie in the pydicom package")
    parser.add_argument("--times", type=int, default=0, help="measure the time, as the least of so many")
    arguments = parser.parse_args()
    files = [file for folder in arguments.folder for file in sorted(folder.glob("*.dcm"))]
    if arguments.pydicom:
        packaged = pathlib.Path(pydicom.data.__file__).parent / "test_files"
        files += sorted(packaged.rglob("*.dcm"))
    for file in files:
        with tempfile.TemporaryDirectory() as folder:
            row = {"file": file.name}
            try:
                dataset = pydicom.dcmread(file, force=True)
                if "PixelData" not in dataset:
                    continue
                folder = pathlib.Path(folder)
                row |= {"syntax": str(dataset.file_meta.TransferSyntaxUID)}
                if arguments.times:
                    row["ms"] = times(file, folder, arguments.times)
                elif dataset.get("SamplesPerPixel") == 3:
                    row |= {"rendered": compare_colours(file, folder)}
                else:
                    row |= {"stored": compare_stored(file, folder), "rendered": compare_rendered(file, folder)}
            except Exception as error:  # noqa: BLE001: the peer cannot read it, or the file is meant to be broken
                row["error"] = f"{type(error).__name__}: {error}"[:200]
            row["ours"] = ours(file, pathlib.Path(folder) if pathlib.Path(folder).exists() else pathlib.Path("/tmp"))[1].get("error", "decodes")
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()

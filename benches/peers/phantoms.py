"""Makes the DICOM files of the tests: phantoms, compressed by DCMTK and GDCM, and what dcm2pnm shows of them.

    apt-get install dcmtk libgdcm-tools
    target/dicom-peers/bin/python benches/peers/phantoms.py crates/radiograph/tests/data/dicom

`PHANTOM.native.dcm` is uncompressed; `PHANTOM.NAME.dcm` is the same picture compressed. `grey-NAME.dcm` has a grey pipeline of
its own, and `grey-NAME.pgm` is how dcm2pnm shows it.
"""

import pathlib
import subprocess
import sys

import imagecodecs
import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

ROWS, COLUMNS = 47, 61
# Compression of phantoms, and which of them each takes.
LOSSLESS = {"rle": ["dcmcrle"], "jpeg57": ["dcmcjpeg", "+el"], "jpeg70": ["dcmcjpeg", "+e1"], "jls": ["dcmcjpls"],
            "j2k": ["gdcmconv", "--j2k"], "deflated": ["dcmconv", "+td"], "big": ["dcmconv", "+tb"], "implicit": ["dcmconv", "+ti"]}
LOSSY = {"jls-near": ["dcmcjpls", "+en", "+md", "2"], "j2k-lossy": ["gdcmconv", "--j2k", "--lossy", "-q", "55"]}
COMMANDS = {"u12": LOSSLESS | LOSSY | {"jpeg51": ["dcmcjpeg", "+ee", "+q", "95"]}, "s12": LOSSLESS, "u16": LOSSLESS,
            "u8": LOSSLESS | LOSSY | {"jpeg50": ["dcmcjpeg", "+eb", "+q", "95"]},
            "rgb": {name: LOSSLESS[name] for name in ["rle", "jpeg57", "jpeg70", "j2k", "big"]} | {"jpeg50": ["dcmcjpeg", "+eb", "+q", "95"]},
            "frames": {name: LOSSLESS[name] for name in ["rle", "jpeg70", "jls", "j2k", "deflated"]}}


def picture(largest, frame=0):
    """A bright limb with an edge on a ramp, with noise: from 0 to the largest value."""
    y, x = np.mgrid[:ROWS, :COLUMNS]
    limb = np.exp(-((x - 30 - 8 * frame) / 9.0) ** 2) * (y > 6 + 5 * frame)
    noise = np.random.default_rng(frame).normal(0, 0.01, (ROWS, COLUMNS))
    grey = 0.25 * x / COLUMNS + 0.7 * limb + noise
    grey = (grey - grey.min()) / (grey.max() - grey.min())
    return np.rint(grey * largest).astype(np.int64)


def dataset(bits, allocated=16, signed=False, photometric="MONOCHROME2"):
    made = Dataset()
    made.SOPClassUID = pydicom.uid.SecondaryCaptureImageStorage
    made.SOPInstanceUID = made.StudyInstanceUID = made.SeriesInstanceUID = "1.2.826.0.1.3680043.10.1"
    made.PatientID, made.PatientName, made.Modality = "PHANTOM", "Phantom", "OT"
    made.BitsAllocated, made.BitsStored, made.HighBit = allocated, bits, bits - 1
    made.PixelRepresentation, made.SamplesPerPixel = int(signed), 1
    made.PhotometricInterpretation, made.Rows, made.Columns = photometric, ROWS, COLUMNS
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    made.file_meta.MediaStorageSOPClassUID = made.SOPClassUID
    made.file_meta.MediaStorageSOPInstanceUID = made.SOPInstanceUID
    return made


def phantoms():
    made = {"u12": dataset(12), "s12": dataset(12, signed=True), "u16": dataset(16), "u8": dataset(8, 8),
            "rgb": dataset(8, 8, photometric="RGB"), "frames": dataset(10)}
    made["u12"].PixelData = picture(4095).astype("<u2").tobytes()
    # Sign bits fill the word, as most writers do it.
    made["s12"].PixelData = (picture(4095) - 2048).astype("<i2").tobytes()
    made["u16"].PixelData = picture(65535).astype("<u2").tobytes()
    made["u8"].PixelData = even(picture(255).astype("u1").tobytes())
    colours = np.stack([picture(255), picture(255)[::-1], picture(255)[:, ::-1]], axis=-1)
    made["rgb"].SamplesPerPixel, made["rgb"].PlanarConfiguration = 3, 0
    made["rgb"].PixelData = even(colours.astype("u1").tobytes())
    made["frames"].NumberOfFrames = 3
    made["frames"].PixelData = np.stack([picture(1023, frame) for frame in range(3)]).astype("<u2").tobytes()
    for phantom in made.values():
        phantom["PixelData"].VR = "OW"
    return made


def even(data):
    return data + b"\0" * (len(data) % 2)


def table(first, entries, bits, signed=False):
    item = Dataset()
    item.add_new("LUTDescriptor", "SS" if signed else "US", [len(entries), first, bits])
    item.add_new("LUTData", "OW", np.asarray(entries, "<u2").tobytes())
    return Sequence([item])


def greys():
    """Files whose grey is made in all the ways there are."""
    made = {}

    def make(name, bits=12, signed=False, photometric="MONOCHROME2", **attributes):
        grey = made[name] = dataset(bits, signed=signed, photometric=photometric)
        low = 1 << (bits - 1) if signed else 0
        grey.PixelData = (picture((1 << bits) - 1) - low).astype("<i2" if signed else "<u2").tobytes()
        grey["PixelData"].VR = "OW"
        for keyword, value in attributes.items():
            setattr(grey, keyword, value)

    window = {"WindowCenter": 1500, "WindowWidth": 1800}
    curve = lambda count, largest: np.rint(np.linspace(0, 1, count) ** 0.5 * largest)  # noqa: E731
    make("linear", **window)
    make("mono1", photometric="MONOCHROME1", **window)
    make("exact", VOILUTFunction="LINEAR_EXACT", **window)
    make("sigmoid", VOILUTFunction="SIGMOID", **window)
    make("several", WindowCenter=[1500, 400], WindowWidth=[1800, 100])
    make("narrow", WindowCenter=2000, WindowWidth=1)
    make("rescale", RescaleSlope="2.5", RescaleIntercept="-1000", RescaleType="US", WindowCenter=4000, WindowWidth=5000)
    make("negative-slope", RescaleSlope="-1", RescaleIntercept="4095", RescaleType="US", **window)
    make("signed", signed=True, WindowCenter=-200, WindowWidth=1500)
    make("voi-lut", VOILUTSequence=table(500, curve(2000, 1023), 10))
    make("voi-lut-8", VOILUTSequence=table(0, curve(4096, 255), 8))
    make("voi-lut-signed", signed=True, VOILUTSequence=table(-1000, curve(2000, 4095), 12, signed=True))
    make("modality-lut", ModalityLUTSequence=table(100, curve(3000, 65535), 16), WindowCenter=40000, WindowWidth=40000)
    made["modality-lut"].ModalityLUTSequence[0].ModalityLUTType = "US"
    make("shape-inverse-mono2", PresentationLUTShape="INVERSE", **window)
    make("shape-identity-mono1", photometric="MONOCHROME1", PresentationLUTShape="IDENTITY", **window)
    make("shape-inverse-mono1", photometric="MONOCHROME1", PresentationLUTShape="INVERSE", **window)
    return made


def convert(command, source, target):
    done = subprocess.run([*command, source, target], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr.strip()}")


def main():
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, phantom in phantoms().items():
        native = folder / f"{name}.native.dcm"
        phantom.save_as(native, enforce_file_format=True)
        for syntax, command in COMMANDS[name].items():
            convert(command, native, folder / f"{name}.{syntax}.dcm")
    # Neither DCMTK nor GDCM writes the high-throughput kind; OpenJPH, in imagecodecs, makes its
    # streams.
    for name in ["u12", "s12", "u16", "u8", "rgb"]:
        phantom = phantoms()[name]
        stream = imagecodecs.htj2k_encode(phantom.pixel_array, reversible=True)
        phantom.PixelData = encapsulate([stream])
        phantom["PixelData"].is_undefined_length = True
        phantom.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.201"
        phantom.save_as(folder / f"{name}.htj2k.dcm", enforce_file_format=True)
    # Uncompressed, but in fragments: no tool writes that.
    phantom = phantoms()["frames"]
    size = ROWS * COLUMNS * 2
    phantom.PixelData = encapsulate([phantom.PixelData[start:start + size] for start in range(0, 3 * size, size)])
    phantom["PixelData"].is_undefined_length = True
    phantom.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.98"
    phantom.save_as(folder / "frames.encapsulated.dcm", enforce_file_format=True)
    for name, grey in greys().items():
        path = folder / f"grey-{name}.dcm"
        grey.save_as(path, enforce_file_format=True)
        option = ["+Wl", "1"] if "VOILUTSequence" in grey else ["+Wi", "1"]
        sigmoid = ["+Wfs"] if grey.get("VOILUTFunction") == "SIGMOID" else []
        convert(["dcm2pnm", "--write-raw-pnm", "-O", *option, *sigmoid], path, folder / f"grey-{name}.pgm")


if __name__ == "__main__":
    main()

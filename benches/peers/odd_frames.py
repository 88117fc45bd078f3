"""Makes phantoms whose compressed frames are unusual, or not as their file says, and still have one meaning.

    target/dicom-peers/bin/pip install pydicom pylibjpeg pylibjpeg-libjpeg pylibjpeg-openjpeg pyjpegls imagecodecs numpy
    target/dicom-peers/bin/python benches/peers/odd_frames.py crates/radiograph/tests/data/dicom

`PHANTOM.native.dcm` is the picture, `PHANTOM.NAME.dcm` the same in another form. Streams of which no encoder can be had are written by
`lossless_jpeg.py`, or are those of an encoder with bytes changed as other systems write them.
"""

import copy
import pathlib
import sys

import imagecodecs
import jpeg_ls
import numpy as np
from lossless_jpeg import encode, segment
from phantoms import COLUMNS, ROWS, dataset, even, picture
from pydicom.encaps import encapsulate

UID = "1.2.840.10008.1.2."
LOSSLESS, JLS, J2K, RLE, HTJ2K = "4.70", "4.80", "4.90", "5", "4.203"
ITEM, END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0" + bytes(4)


def native(bits, values, photometric="MONOCHROME2", signed=False):
    """A phantom that is not compressed."""
    allocated = 16 if bits > 8 else 8
    made = dataset(bits, allocated, signed, photometric)
    if values.ndim == 3:
        made.SamplesPerPixel, made.PlanarConfiguration = 3, 0
    made.PixelData = even(values.astype(f"<u{allocated // 8}").tobytes())
    made["PixelData"].VR = "OW"
    return made


def compressed(phantom, syntax, stream, **attributes):
    made = copy.deepcopy(phantom)
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    made.file_meta.TransferSyntaxUID = UID + syntax
    made.PixelData = stream if stream.startswith(ITEM) else encapsulate([stream])
    made["PixelData"].VR, made["PixelData"].is_undefined_length = "OB", True
    return made


def item(data):
    return ITEM + len(even(data)).to_bytes(4, "little") + even(data)


def fragments(parts, table=b""):
    return item(table) + b"".join(map(item, parts))


def table(*offsets):
    return b"".join(offset.to_bytes(4, "little") for offset in offsets)


def rle(values):
    """Segments of bytes as they are (PS3.5 annex G), of 8 bits."""
    planes = [values] if values.ndim == 2 else list(np.moveaxis(values, -1, 0))
    runs = lambda data: b"".join(bytes([len(part) - 1]) + part for part in (data[at:at + 128] for at in range(0, len(data), 128)))  # noqa: E731
    segments = [even(runs(plane.astype("u1").tobytes())) for plane in planes]
    starts = [64 + sum(map(len, segments[:at])) for at in range(len(segments))]
    return b"".join(n.to_bytes(4, "little") for n in [len(segments), *starts] + [0] * (15 - len(starts))) + b"".join(segments)


def j2k(values, bits, **options):
    return imagecodecs.jpeg2k_encode(values.astype("u2" if bits > 8 else "u1"), level=0, codecformat="j2k", reversible=True,
                                     bitspersample=bits, **options)


def jls(values, mode):
    planes = np.moveaxis(values, -1, 0) if mode == 0 else values
    return bytes(jpeg_ls.encode_array(np.ascontiguousarray(planes).astype("u1"), interleave_mode=mode))


def psot(stream):
    """Without the length of the last tile-part."""
    at = stream.rindex(b"\xff\x90\x00\x0a")
    return stream[:at + 6] + bytes(4) + stream[at + 10:]


def before(stream, marker, inserted):
    at = stream.index(marker)
    return stream[:at] + inserted + stream[at:]


def lossless_forms():
    """JPEG Lossless in all its forms."""
    u12, u16 = picture(4095), picture(65535)
    rgb = np.stack([picture(255), picture(255)[::-1], picture(255)[:, ::-1]], axis=-1)
    made = {}
    for name, bits, values in [("u12", 12, u12), ("u16", 16, u16), ("rgb", 8, rgb), ("rgb16", 16, rgb * 257)]:
        photometric = "RGB" if values.ndim == 3 else "MONOCHROME2"
        made[name] = native(bits, values, photometric)
        for rule in range(1, 8):
            made[f"{name}.ljpeg-rule{rule}"] = compressed(made[name], "4.57", encode(values, bits, rule, lines=(rule % 4) * 5))
    for bits in range(2, 8):
        values = picture((1 << bits) - 1)
        made[f"u{bits}"] = native(bits, values)
        made[f"u{bits}.ljpeg"] = compressed(made[f"u{bits}"], LOSSLESS, encode(values, bits, 4))
    shifted = picture(1023) << 2
    made["shifted"] = native(12, shifted)
    made["shifted.ljpeg-transform"] = compressed(made["shifted"], LOSSLESS, encode(shifted, 12, 5, transform=2, lines=4))
    made["rgb.ljpeg-scans"] = compressed(made["rgb"], LOSSLESS, encode(rgb, 8, 6, scans=True, lines=10))
    made["rgb16.ljpeg-scans"] = compressed(made["rgb16"], LOSSLESS, encode(rgb * 257, 16, 2, scans=True))
    return made


def colours():
    """Colours whose meaning the stream or its file tells."""
    rgb = np.stack([picture(255), picture(255)[::-1], picture(255)[:, ::-1]], axis=-1)
    made = {"ybr": native(8, rgb, "YBR_FULL"), "rgb": native(8, rgb, "RGB")}
    halved = {"PhotometricInterpretation": "YBR_FULL_422"}
    made["ybr.native-422"] = copy.deepcopy(made["ybr"])
    made["ybr.native-422"].PhotometricInterpretation = "YBR_FULL_422"
    for name, attributes in [("", {}), ("-422", halved)]:
        made["ybr.ljpeg" + name] = compressed(made["ybr"], LOSSLESS, encode(rgb, 8, 1), **attributes)
        made["ybr.rle" + name] = compressed(made["ybr"], RLE, rle(rgb), **attributes)
        made["ybr.j2k" + name] = compressed(made["ybr"], J2K, j2k(rgb, 8, mct=False), **attributes)
        made["ybr.jls" + name] = compressed(made["ybr"], JLS, jls(rgb, 1), **attributes)
    for mode, name in enumerate(["scans", "lines", "pixels"]):
        made[f"rgb.jls-{name}"] = compressed(made["rgb"], JLS, jls(rgb, mode))
    for mode, name in [(1, "lines"), (2, "pixels")]:
        near = bytes(jpeg_ls.encode_array(rgb.astype("u1"), interleave_mode=mode, lossy_error=3))
        made[f"rgb.jls-near-{name}"] = compressed(made["rgb"], "4.81", near)
    made["rgb.j2k-unmixed"] = compressed(made["rgb"], J2K, j2k(rgb, 8, mct=False))
    colour = imagecodecs.jpeg8_encode(rgb.astype("u1"), level=95, colorspace=2, outcolorspace=2, subsampling="444")
    at = colour.find(b"\xff\xee")
    bare = colour if at < 0 else colour[:at] + colour[at + 16:]
    made["rgb.jpeg50-letters"] = compressed(made["rgb"], "4.50", bare, PhotometricInterpretation="YBR_FULL_422")
    for old, new in [(b"R\x11", b"\x01\x11"), (b"G\x11", b"\x02\x11"), (b"B\x11", b"\x03\x11")]:
        bare = bare.replace(old, new)
    bare = bare.replace(b"\x03R\x00G\x00B\x00", b"\x03\x01\x00\x02\x00\x03\x00")
    made["rgb.jpeg50-bare"] = compressed(made["rgb"], "4.50", bare)
    made["rgb.htj2k-lossy"] = compressed(made["rgb"], HTJ2K, imagecodecs.htj2k_encode(rgb.astype("u1"), level=0.002, reversible=False))
    return made


def streams():
    """Streams with padding, private segments, or signs of their own."""
    u12 = picture(4095)
    made = {"u12": native(12, u12)}
    plain = j2k(u12, 12)
    private = segment(0x76, b"private")
    forms = {"psot": psot(plain), "private": before(plain, b"\xff\x5c", private),
             "bare-marker": before(plain, b"\xff\x5c", b"\xff\x30"), "padded": plain + bytes(1000),
             "all": psot(before(before(plain, b"\xff\x52", segment(0x57, b"\0\0")), b"\xff\x5c", private)) + bytes(99)}
    for name, stream in forms.items():
        made[f"u12.j2k-{name}"] = compressed(made["u12"], J2K, stream)
    made["u12.htj2k-any"] = compressed(made["u12"], HTJ2K, imagecodecs.htj2k_encode(u12.astype("u2"), reversible=True))
    made["u12.htj2k-lossy"] = compressed(made["u12"], HTJ2K, imagecodecs.htj2k_encode(u12.astype("u2"), level=0.0005, reversible=False))
    coded = bytes(jpeg_ls.encode_array(u12.astype("u2")))
    for zeros in (1, 2, 5):
        made[f"u12.jls-zeros{zeros}"] = compressed(made["u12"], JLS, coded[:-2] + bytes(zeros) + coded[-2:])
    made["u16"] = native(16, picture(65535))
    for error in (4, 200):
        near = bytes(jpeg_ls.encode_array(picture(65535).astype("u2"), lossy_error=error))
        made[f"u16.jls-near{error}"] = compressed(made["u16"], "4.81", near)
    narrow = picture(4095) - 2048
    made["s16"] = native(16, narrow & 0xFFFF, signed=True)
    made["s16.j2k-narrow"] = compressed(made["s16"], J2K, j2k(narrow & 4095, 12))
    made["s16.jls-narrow"] = compressed(made["s16"], JLS, bytes(jpeg_ls.encode_array((narrow & 4095).astype("u2"))))
    # Another stream than the transfer syntax says.
    lossless, jpeg_2000 = encode(u12, 12, 1), plain
    made["u12.as-baseline-ljpeg"] = compressed(made["u12"], "4.50", lossless)
    made["u12.as-extended-ljpeg"] = compressed(made["u12"], "4.51", lossless)
    made["u12.as-ljpeg-jls"] = compressed(made["u12"], LOSSLESS, coded)
    made["u12.as-jls-j2k"] = compressed(made["u12"], JLS, jpeg_2000)
    made["u12.as-j2k-ljpeg"] = compressed(made["u12"], J2K, lossless)
    made["u12.as-j2k-htj2k"] = compressed(made["u12"], J2K, imagecodecs.htj2k_encode(u12.astype("u2"), reversible=True))
    made["u12.as-rle-j2k"] = compressed(made["u12"], RLE, jpeg_2000)
    made["u12.as-native-ljpeg"] = compressed(made["u12"], "1", lossless)
    made["u12.as-native-items"] = compressed(made["u12"], "1", lossless)
    made["u12.as-native-items"].PixelData = fragments([lossless]) + END
    made["u12.as-native-items"]["PixelData"].is_undefined_length = False
    return made


def frames():
    """Fragments whose frames the table does not tell."""
    values = [picture(1023, frame) for frame in range(3)]
    made = dataset(10)
    made.NumberOfFrames, made.PixelData = 3, np.stack(values).astype("<u2").tobytes()
    made["PixelData"].VR = "OW"
    whole = [encode(value, 10, 1) for value in values]
    halves = [part for stream in whole for part in (stream[:1500], stream[1500:])]
    starts = [sum(8 + len(even(part)) for part in whole[:at]) for at in range(3)]
    boxes = [j2k(value, 10) for value in values]
    forms = {"halves": (LOSSLESS, fragments(halves)),
             "off-by-8": (LOSSLESS, fragments(whole, table(*(start + 8 for start in starts)))),
             "halves-off-by-8": (LOSSLESS, fragments(halves, table(*(start + 16 * at + 8 for at, start in enumerate(starts))))),
             "swapped-table": (LOSSLESS, fragments(whole, table(starts[1], starts[0], starts[2]))),
             "zero-table": (LOSSLESS, fragments(halves, table(0, 0, 0))),
             "halves-j2k": (J2K, fragments([part for stream in boxes for part in (stream[:1000], stream[1000:])])),
             "thirds": (JLS, fragments([part for value in values for part in thirds(bytes(jpeg_ls.encode_array(value.astype("u2"))))]))}
    return {"frames": made} | {f"frames.{name}": compressed(made, syntax, data) for name, (syntax, data) in forms.items()}


def thirds(stream):
    return stream[:600], stream[600:1200], stream[1200:]


def main():
    folder = pathlib.Path(sys.argv[1])
    for name, made in (lossless_forms() | colours() | streams() | frames()).items():
        path = folder / (f"{name}.dcm" if "." in name else f"{name}.native.dcm")
        # Phantoms of `phantoms.py` stay as they are.
        if "." in name or not path.exists():
            made.save_as(path, enforce_file_format=True)


if __name__ == "__main__":
    main()

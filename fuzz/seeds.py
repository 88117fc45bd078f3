"""Gathers what fuzzing starts from into fuzz/corpus (not committed): fuzz/run does it by itself.

    python3 fuzz/seeds.py                  # from the phantoms of the tests and, where they lie beside the checkout, real files
    python3 fuzz/seeds.py --record         # anew into fuzz/seeds/association: what DCMTK's programs send (apt-get install dcmtk)

Of a real file the header is kept whole and the picture is replaced by a small one: headers are where files of the world differ, and
small inputs are tried a hundred times as often.
"""

import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import zlib

FUZZ = pathlib.Path(__file__).parent
PHANTOMS = FUZZ.parent / "crates/radiograph/tests/data/dicom"
REAL = FUZZ.parent.parent / "shared/data"
# As in fuzz/src/frame.rs.
SYNTAXES = ["5", "4.50", "4.51", "4.57", "4.70", "4.80", "4.81", "4.90", "4.91", "4.201", "4.202", "1.98", "4.203"]
PHOTOMETRIC = ["MONOCHROME2", "RGB", "YBR_FULL", "YBR_FULL_422"]
# Larger ones are not taken as they are.
SMALL = 20_000


def keep(target, name, data):
    folder = FUZZ / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def element(data, group, number, vr):
    """The value of the first element that is written so, with a length of two bytes."""
    at = data.index(struct.pack("<HH", group, number) + vr)
    length = struct.unpack_from("<H", data, at + 6)[0]
    return data[at + 8:at + 8 + length]


def picture(data):
    """Where Pixel Data begin, in explicit little endian."""
    return max(data.rfind(b"\xe0\x7f\x10\x00OB\0\0"), data.rfind(b"\xe0\x7f\x10\x00OW\0\0"))


def first_frame(data):
    """The fragments up to the next frame of a file with one or more fragments a frame: of phantoms, the first item of each."""
    at = picture(data) + 12
    at += 8 + struct.unpack_from("<I", data, at + 4)[0]
    length = struct.unpack_from("<I", data, at + 4)[0]
    return data[at + 8:at + 8 + length]


def frame(data):
    """A phantom as an input of the target `frame`."""
    syntax = element(data, 2, 0x10, b"UI").strip(b"\0").decode().removeprefix("1.2.840.10008.1.2.")
    if syntax not in SYNTAXES:
        return None
    number = lambda tag: struct.unpack("<H", element(data, 0x28, tag, b"US"))[0]  # noqa: E731
    colours = PHOTOMETRIC.index(element(data, 0x28, 4, b"CS").strip().decode().replace("YBR_ICT", "RGB").replace("YBR_RCT", "RGB"))
    kind = (number(0x100) == 16) | number(0x103) << 1 | colours << 2
    header = [SYNTAXES.index(syntax), number(0x11) - 1, number(0x10) - 1, number(0x101) - 1, kind]
    return bytes(header) + first_frame(data)


def reduced(data):
    """A real file with a picture of 8 × 8 in place of its own; none where that is not where it should be."""
    at = picture(data)
    rows, columns = (data.find(struct.pack("<HH", 0x28, number) + b"US\2\0") for number in (0x10, 0x11))
    if not 132 < at < SMALL or min(rows, columns) < 0:
        return None
    head = bytearray(data[:at])
    for side in (rows, columns):
        head[side + 8:side + 10] = struct.pack("<H", 8)
    return bytes(head) + b"\xe0\x7f\x10\0OW\0\0" + struct.pack("<I", 128) + bytes(range(128))


def png(depth, colour, channels):
    chunk = lambda kind, body: struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))  # noqa: E731
    row = bytes(1) + bytes(range(8 * channels * depth // 8 or 1))
    header = struct.pack(">IIBBBBB", 8, 8, depth, colour, 0, 0, 0)
    palette = chunk(b"PLTE", bytes(range(48))) if colour == 3 else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette + chunk(b"IDAT", zlib.compress(row * 8)) + chunk(b"IEND", b"")


def tiff(order, bits, compression, data):
    mark = "<" if order == b"II" else ">"
    tags = [(256, 4, 8), (257, 4, 8), (258, 3, bits), (259, 3, compression), (262, 3, 1), (273, 4, 200), (277, 3, 1), (278, 4, 8),
            (279, 4, len(data))]
    value = lambda kind, n: struct.pack(mark + ("HH" if kind == 3 else "I"), *([n, 0] if kind == 3 else [n]))  # noqa: E731
    entries = b"".join(struct.pack(mark + "HHI", tag, kind, 1) + value(kind, n) for tag, kind, n in tags)
    head = order + struct.pack(mark + "HI", 42, 8) + struct.pack(mark + "H", len(tags)) + entries + bytes(4)
    return head.ljust(200, b"\0") + data


def gather():
    phantoms = {path.name: path.read_bytes() for path in sorted(PHANTOMS.glob("*.dcm"))}
    for name, data in phantoms.items():
        keep("decode", name, data)
        if (made := frame(data)) is not None:
            keep("frame", name, made)
    for name in ("u8.jpeg50.dcm", "rgb.jpeg50.dcm"):
        keep("decode", name.replace(".dcm", ".jpg"), first_frame(phantoms[name]))
    for depth, colour, channels in [(1, 0, 1), (8, 0, 1), (16, 0, 1), (8, 2, 3), (8, 3, 1), (8, 4, 2), (16, 6, 4)]:
        keep("decode", f"{depth}-{colour}.png", png(depth, colour, channels))
    for order in (b"II", b"MM"):
        keep("decode", f"{order.decode()}-8.tif", tiff(order, 8, 1, bytes(range(64))))
        keep("decode", f"{order.decode()}-16.tif", tiff(order, 16, 1, bytes(range(128))))
    keep("decode", "deflate.tif", tiff(b"II", 8, 8, zlib.compress(bytes(range(64)))))
    keep("decode", "packbits.tif", tiff(b"II", 8, 32773, (b"\x07" + bytes(range(8))) * 8))
    # Kinds that take more to write: floats, BigTIFF, JPEG in TIFF, orientations.
    for path in sorted((FUZZ / "seeds/decode").glob("*")):
        keep("decode", path.name, path.read_bytes())
    real = sorted(REAL.glob("dicom/*.dcm")) + sorted(REAL.glob("dicom/broken/*")) + sorted(REAL.glob("tiny/*.png"))[:8]
    for path in real:
        data = path.read_bytes()
        made = data if len(data) <= SMALL else reduced(data)
        if made is not None:
            keep("decode", f"real-{path.name}", made)
    bodies(phantoms)
    tables()


def bodies(phantoms):
    kind = b'multipart/related; type="application/dicom"; boundary=xyz\n'
    part = lambda data: b"--xyz\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n"  # noqa: E731
    small = [phantoms[name][:900] for name in ("u8.jls.dcm", "u8.implicit.dcm", "u8.deflated.dcm")]
    keep("stow", "one", kind + part(small[0]) + b"--xyz--\r\n")
    keep("stow", "three", kind + b"".join(map(part, small)) + b"--xyz--\r\n")
    keep("stow", "none", kind + b"--xyz--")


def tables():
    keep("tables", "manifest", b"path,labels,patient_id,view,split,group\na.png,chest|normal,7,PA,train,g\n\"b,c.png\",,,,,\n")
    keep("tables", "frame", b"path;labels;patient_id;age;sex;study_date\na.png;x;12.0;058Y;Male;31/01/2020\nb.png;nan;nan;3M;\xe4;\n")
    keep("tables", "utf-16", "path\tlabels\n\u00e4.png\tx\n".encode("utf-16"))
    keep("tables", "boxes", b"path,label,x,y,w,h\na.png,nodule,1,2.5,3e1,4\n")
    keep("filter", "all", b"body_part = \"CHEST\" and view in (\"PA\", 'AP') and age >= 18 and not label = \"a\\\"b\"")
    keep("filter", "more", b"(study_date >= 2020-01-01 or report ~ \"opacity\") and patient != null and sex = null")
    keep("segment", "unchanged", bytes(8))


def record():
    """What echoscu and storescu send to a storescp that is called as we are, byte for byte."""
    folder = FUZZ / "seeds/association"
    folder.mkdir(parents=True, exist_ok=True)
    options = {"u8.native": ["-xe"], "u8.implicit": ["-xi"], "u8.jpeg50": ["-xy"], "u8.jpeg70": ["-xs"], "u8.jls": ["-xt"], "u8.rle": ["-xr"]}
    with tempfile.TemporaryDirectory() as received:
        peer = subprocess.Popen(["storescp", "+xa", "-aet", "SKIAGRAPH", "-od", received, "11177"])
        commands = {"echo": ["echoscu", "-aec", "SKIAGRAPH", "127.0.0.1", "11178"]}
        for name, syntax in options.items():
            commands[name] = ["storescu", "-aec", "SKIAGRAPH", *syntax, "127.0.0.1", "11178", str(PHANTOMS / f"{name}.dcm")]
        try:
            for name, command in commands.items():
                (folder / name).write_bytes(recorded(command))
        finally:
            peer.terminate()


def recorded(command):
    listener = socket.create_server(("127.0.0.1", 11178))
    running = subprocess.Popen(command)
    client, _ = listener.accept()
    server = socket.create_connection(("127.0.0.1", 11177))
    threading.Thread(target=lambda: forward(server, client), daemon=True).start()
    sent = forward(client, server)
    running.wait()
    listener.close()
    return sent


def forward(source, sink):
    passed = b""
    while data := source.recv(65536):
        passed += data
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)
    return passed


if __name__ == "__main__":
    record() if sys.argv[1:] == ["--record"] else gather()

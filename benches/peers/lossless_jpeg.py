"""Writes JPEG Lossless (ITU-T T.81 process 14) in all its forms, which no encoder does: each rule of prediction, precisions of 2 to 16
bits, point transforms, restart intervals, a scan for all components or for each."""

import numpy as np


def segment(marker, body):
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + bytes(body)


class Bits:
    """Bits with a zero byte behind each byte FF, filled up with ones."""

    def __init__(self):
        self.bits = []

    def put(self, value, count):
        self.bits += [value >> at & 1 for at in range(count - 1, -1, -1)]

    def bytes(self):
        filled = self.bits + [1] * (-len(self.bits) % 8)
        return np.packbits(np.array(filled, "u1")).tobytes().replace(b"\xff", b"\xff\x00")


def predicted(rule, line, above, x, first, middle):
    """What a sample is predicted to be (T.81 H.1.2.1)."""
    if x == 0:
        return middle if first else above[0]
    left = line[x - 1]
    if first or rule == 1:
        return left
    up, corner = above[x], above[x - 1]
    return {2: up, 3: corner, 4: left + up - corner, 5: left + (up - corner >> 1), 6: up + (left - corner >> 1), 7: left + up >> 1}[rule]


def put_difference(bits, difference):
    difference = (difference + 32767 & 65535) - 32767
    size = abs(difference).bit_length()
    bits.put(size, 5)
    if 0 < size < 16:
        bits.put(difference if difference > 0 else difference + (1 << size) - 1, size)


def scan(planes, rule, middle, lines):
    """The coded data of a scan of these components, pixel by pixel."""
    data, bits, planes = b"", Bits(), [plane.astype(int).tolist() for plane in planes]
    for y in range(len(planes[0])):
        first = y == 0 or lines and y % lines == 0
        if first and y > 0:
            data += bits.bytes() + bytes([0xFF, 0xD0 + (y // lines - 1) % 8])
            bits = Bits()
        for x in range(len(planes[0][0])):
            for plane in planes:
                put_difference(bits, plane[y][x] - predicted(rule, plane[y], plane[y - 1], x, first, middle))
    return data + bits.bytes()


def encode(picture, precision, rule=1, transform=0, lines=0, scans=False):
    """A stream of a picture of one component, or of several in its last axis."""
    picture = picture >> transform
    planes = [picture] if picture.ndim == 2 else list(np.moveaxis(picture, -1, 0))
    ids = range(1, len(planes) + 1)
    # Seventeen codes of five bits.
    out = b"\xff\xd8" + segment(0xC4, [0] + [0, 0, 0, 0, 17] + [0] * 11 + list(range(17)))
    rows, columns = picture.shape[:2]
    parameters = [part for number in ids for part in (number, 0x11, 0)]
    out += segment(0xC3, [precision, *rows.to_bytes(2, "big"), *columns.to_bytes(2, "big"), len(planes), *parameters])
    if lines:
        out += segment(0xDD, (lines * columns).to_bytes(2, "big"))
    parts = [[number] for number in ids] if scans else [list(ids)]
    for part in parts:
        selectors = [value for number in part for value in (number, 0)]
        out += segment(0xDA, [len(part), *selectors, rule, 0, transform])
        out += scan([planes[number - 1] for number in part], rule, 1 << precision - transform - 1, lines)
    return out + b"\xff\xd9"

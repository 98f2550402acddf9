"""Portraits for the tests: a face on a coloured background, as PNG, without a library."""

import struct
import zlib

SIZE = 192


def portrait(background, skin=(244, 214, 184), hair=(86, 58, 38), width=SIZE):
    def point(x, y):
        within = lambda cx, cy, rx, ry: ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1
        if within(38, 44, 3, 4) or within(58, 44, 3, 4) or (within(48, 54, 13, 11) and y > 57 and not within(48, 51, 13, 11)):
            return hair
        if within(48, 48, 24, 28) and y > 32:
            return skin
        if within(48, 40, 28, 28) and y < 46:
            return hair
        return background

    rows = b"".join(b"\0" + b"".join(bytes(point(x * 96 / width, y / 2)) for x in range(width)) for y in range(SIZE))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, SIZE, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")

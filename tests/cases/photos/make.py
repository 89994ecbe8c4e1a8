#!/usr/bin/env python3
"""Makes the photos of this folder, and `expected.txt`: their colours as another library sees them.

Usage: python3 make.py      in this folder; needs Pillow with littleCMS, NumPy, jpegtran

Every picture is the same card of 24 patches, 8 pixels each, drawn here; every profile is written here. So all of it
is gravure's own, under its licence. The expected colours are Pillow's decoding and littleCMS's conversion (perceptual, with
black point compensation, which only presses need), each the middle of a patch.
"""

import io
import struct
import subprocess
import zlib

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

COLUMNS, ROWS, PATCH = 6, 4, 8
# Photographic colours, primaries at full and half strength, greys; as the numbers that a file holds.
PATCHES = [
    (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170),
    (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46),
    (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255), (0, 255, 255),
    (255, 255, 255), (200, 200, 200), (150, 150, 150), (100, 100, 100), (50, 50, 50), (0, 0, 0),
]
INKS = [
    (0, 0, 0, 0), (255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 0, 0, 255), (255, 255, 0, 0),
    (0, 255, 255, 0), (255, 0, 255, 0), (128, 0, 0, 0), (0, 128, 0, 0), (0, 0, 128, 0), (0, 0, 0, 128),
    (40, 100, 120, 10), (10, 40, 60, 0), (150, 90, 30, 20), (140, 60, 200, 40), (60, 180, 90, 30), (0, 90, 220, 0),
    (200, 180, 40, 60), (20, 10, 10, 0), (60, 50, 50, 20), (100, 90, 90, 60), (180, 160, 150, 200), (255, 255, 255, 255),
]


def card(colors, mode):
    image = Image.new(mode, (COLUMNS * PATCH, ROWS * PATCH))
    for index, color in enumerate(colors):
        x, y = index % COLUMNS * PATCH, index // COLUMNS * PATCH
        image.paste(color, (x, y, x + PATCH, y + PATCH))
    return image


# Profiles: https://www.color.org/specification/ICC.1-2022-05.pdf

D50 = np.array([0.9642, 1.0, 0.8249])
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def s15(value):
    return struct.pack(">i", round(value * 65536))


def profile(device_class, space, pcs, version, tags):
    body, table, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags:
        data += b"\0" * (-len(data) % 4)
        table += name + struct.pack(">II", offset + len(body), len(data))
        body += data
    rest = struct.pack(">I", len(tags)) + table + body
    header = struct.pack(">I", 128 + len(rest)) + b"\0\0\0\0" + struct.pack(">I", version)
    header += device_class + space + pcs + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + b"acsp" + b"\0" * 28
    header += b"".join(s15(value) for value in D50) + b"\0" * 48
    return header + rest


def text_tags(name):
    return [
        (b"desc", b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", 2 * len(name), 28) + name.encode("utf-16-be")),
        (b"wtpt", b"XYZ \0\0\0\0" + b"".join(s15(value) for value in D50)),
    ]


def matrix_profile(name, white, primaries, curve):
    xyz = lambda point: np.array([point[0] / point[1], 1.0, (1 - point[0] - point[1]) / point[1]])
    columns = np.stack([xyz(point) for point in primaries], axis=1)
    columns = columns * np.linalg.solve(columns, xyz(white))
    gain = (BRADFORD @ D50) / (BRADFORD @ xyz(white))
    columns = np.linalg.inv(BRADFORD) @ np.diag(gain) @ BRADFORD @ columns
    tags = text_tags(name)
    for letter, column in zip((b"r", b"g", b"b"), columns.T):
        tags.append((letter + b"XYZ", b"XYZ \0\0\0\0" + b"".join(s15(value) for value in column)))
    tags += [(letter + b"TRC", curve) for letter in (b"r", b"g", b"b")]
    return profile(b"mntr", b"RGB ", b"XYZ ", 0x04300000, tags)


def gamma_curve(gamma):
    return b"para\0\0\0\0\0\0\0\0" + s15(gamma)


SRGB_CURVE = b"para\0\0\0\0\0\x03\0\0" + b"".join(map(s15, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)))
D65 = (0.3127, 0.3290)
P3 = matrix_profile("Display P3", D65, [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)], SRGB_CURVE)
ADOBE = matrix_profile("Adobe RGB compatible", D65, [(0.64, 0.33), (0.21, 0.71), (0.15, 0.06)], gamma_curve(563 / 256))
SRGB = matrix_profile("sRGB", D65, [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)], SRGB_CURVE)
GRAY = profile(b"mntr", b"GRAY", b"XYZ ", 0x04300000, text_tags("Gray gamma 1.8") + [(b"kTRC", gamma_curve(1.8))])


def cmyk_profile():
    """A press as a model has it: each ink takes its share of light, a little more than the dots cover."""
    grid = 7
    inks = np.array([[0.02, 0.30, 0.58], [0.60, 0.04, 0.16], [0.78, 0.72, 0.02], [0.02, 0.02, 0.02]])
    steps = np.linspace(0, 1, grid)
    c, m, y, k = np.meshgrid(steps, steps, steps, steps, indexing="ij")
    light = np.ones((grid,) * 4 + (3,))
    for cover, ink in zip((c, m, y, k), inks):
        cover = cover + 0.6 * cover * (1 - cover)
        light = light * (1 - cover[..., None] * (1 - ink))
    # Ink on paper is never quite black.
    light = 0.02 + 0.98 * light
    to_xyz = np.array([[0.4361, 0.3851, 0.1431], [0.2225, 0.7169, 0.0606], [0.0139, 0.0971, 0.7141]])
    share = np.clip(light @ to_xyz.T / D50, 0, 1)
    f = np.where(share > 216 / 24389, np.cbrt(share), (share * 24389 / 27 + 16) / 116)
    lab = np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)
    coded = np.stack([lab[..., 0] * 2.55, lab[..., 1] + 128, lab[..., 2] + 128], axis=-1)
    table = np.clip(np.rint(coded), 0, 255).astype(np.uint8).tobytes()
    same = bytes(range(256))
    identity = b"".join(s15(value) for value in (1, 0, 0, 0, 1, 0, 0, 0, 1))
    lut = b"mft1\0\0\0\0" + bytes((4, 3, grid, 0)) + identity + same * 4 + table + same * 3
    return profile(b"prtr", b"CMYK", b"Lab ", 0x02400000, text_tags("Model press") + [(b"A2B0", lut)])


CMYK = cmyk_profile()


# Files.

def save(name, image, **options):
    image.save(name, **options)
    return name


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png(name, width, height, depth, color_type, lines, extra=b"", interlaced=False):
    """A PNG of raw lines; interlaced ones come in seven passes."""
    raw = b"".join(b"\0" + line for line in lines)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, int(interlaced))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(raw, 9))
    open(name, "wb").write(data + chunk(b"IEND", b""))


def jpegtran(source, target, *options):
    open(target, "wb").write(subprocess.run(["jpegtran", *options, source], check=True, capture_output=True).stdout)


EXPECTED = []


def expect(name, image, icc=None):
    """Notes the colours of a file: of its picture as Pillow has it, through its profile by littleCMS."""
    if icc is not None:
        source = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        target = ImageCms.createProfile("sRGB")
        image = ImageCms.profileToProfile(image, source, target, renderingIntent=0, outputMode="RGB",
                                          flags=ImageCms.Flags.BLACKPOINTCOMPENSATION)
    pixels = np.asarray(image.convert("RGB"), dtype=float)
    half = PATCH // 2
    colors = []
    for row in range(ROWS):
        for column in range(COLUMNS):
            x, y = column * PATCH + half, row * PATCH + half
            colors.append(np.rint(pixels[y - 1:y + 1, x - 1:x + 1].mean(axis=(0, 1))).astype(int))
    EXPECTED.append(name + " " + " ".join("%02x%02x%02x" % tuple(color) for color in colors))


def main():
    rgb, inks = card(PATCHES, "RGB"), card(INKS, "CMYK")
    high = {"quality": 95, "subsampling": 0}

    for name, icc in (("srgb.jpg", SRGB), ("p3.jpg", P3), ("adobe-rgb.jpg", ADOBE)):
        expect(save(name, rgb, icc_profile=icc, **high), Image.open(name), icc)
    expect(save("plain.jpg", rgb, **high), Image.open("plain.jpg"))
    jpegtran("p3.jpg", "progressive.jpg", "-copy", "icc", "-progressive")
    expect("progressive.jpg", Image.open("progressive.jpg"), P3)
    jpegtran("plain.jpg", "arithmetic.jpg", "-copy", "none", "-arithmetic")
    expect("arithmetic.jpg", Image.open("plain.jpg"))
    expect(save("gray.jpg", rgb.convert("L"), icc_profile=GRAY, **high), Image.open("gray.jpg"), GRAY)
    # Adobe's way: the file holds how much ink is not there. Pillow turns it round in reading.
    expect(save("cmyk.jpg", inks, icc_profile=CMYK, **high), Image.open("cmyk.jpg"), CMYK)
    save("cmyk-plain.jpg", inks, **high)
    held = np.asarray(Image.open("cmyk-plain.jpg"), dtype=float)
    light = (255 - held[..., :3]) * (255 - held[..., 3:]) / 255
    expect("cmyk-plain.jpg", Image.fromarray(np.rint(light).astype(np.uint8)))
    # A profile in pieces of 1,000 bytes, the last first.
    bare = open("cmyk-plain.jpg", "rb").read()
    parts = [CMYK[at:at + 1000] for at in range(0, len(CMYK), 1000)]
    pieces = [b"ICC_PROFILE\0" + bytes((number, len(parts))) + part for number, part in enumerate(parts, 1)]
    segments = b"".join(b"\xff\xe2" + struct.pack(">H", len(piece) + 2) + piece for piece in reversed(pieces))
    open("cmyk-pieces.jpg", "wb").write(bare[:2] + segments + bare[2:])
    expect("cmyk-pieces.jpg", Image.open("cmyk-plain.jpg"), CMYK)

    expect(save("p3.png", rgb, icc_profile=P3, optimize=True), rgb, P3)
    expect(save("p3.webp", rgb, icc_profile=P3, lossless=True), rgb, P3)
    expect(save("lossy.webp", rgb, quality=95), Image.open("lossy.webp"))
    lines = [np.asarray(rgb.crop((0, y, rgb.width, y + 1))) for y in range(rgb.height)]
    png("deep.png", rgb.width, rgb.height, 16, 2, [(line.astype(">u2") * 257).tobytes() for line in lines])
    expect("deep.png", rgb)
    png("cicp.png", rgb.width, rgb.height, 8, 2, [line.tobytes() for line in lines], chunk(b"cICP", bytes((12, 13, 0, 1))))
    expect("cicp.png", rgb, P3)
    linear = matrix_profile("linear", D65, [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06)], gamma_curve(1.0))
    png("gamma.png", rgb.width, rgb.height, 8, 2, [line.tobytes() for line in lines], chunk(b"gAMA", struct.pack(">I", 100000)))
    expect("gamma.png", rgb, linear)
    corners = (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    chroma = chunk(b"cHRM", struct.pack(">8I", *corners)) + chunk(b"gAMA", struct.pack(">I", 45455))
    png("chroma.png", rgb.width, rgb.height, 8, 2, [line.tobytes() for line in lines], chroma)
    wide = matrix_profile("wide", D65, [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060)], gamma_curve(2.2))
    expect("chroma.png", rgb, wide)
    # sRGB is said, and beside it a gamma that is to be passed over.
    said = chunk(b"sRGB", b"\0") + chunk(b"gAMA", struct.pack(">I", 100000))
    png("said.png", rgb.width, rgb.height, 8, 2, [line.tobytes() for line in lines], said)
    expect("said.png", rgb)

    # Small depths, palettes, passes: one patch a pixel would do, so levels are those that the depth has.
    for depth in (1, 2, 4):
        levels = 2 ** depth - 1
        gray = np.asarray(rgb.convert("L")).astype(int) * levels // 255
        packed = [pack(line, depth) for line in gray]
        png(f"gray-{depth}.png", rgb.width, rgb.height, depth, 0, packed)
        expect(f"gray-{depth}.png", Image.fromarray((gray * 255 // levels).astype(np.uint8)))
    index = np.arange(24).reshape(ROWS, COLUMNS).repeat(PATCH, axis=0).repeat(PATCH, axis=1).astype(np.uint8)
    palette = chunk(b"PLTE", bytes(sum(PATCHES, ()))) + chunk(b"tRNS", bytes([255, 128, 0]))
    png("palette.png", rgb.width, rgb.height, 8, 3, [line.tobytes() for line in index], palette)
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    pixels = np.asarray(rgb)
    lines = [line.tobytes() for x, y, dx, dy in passes for line in pixels[y::dy, x::dx]]
    png("interlaced.png", rgb.width, rgb.height, 8, 2, lines, interlaced=True)
    expect("interlaced.png", rgb)

    # First frames: of GIF one smaller than its screen, with a palette of its own and a transparent colour.
    other = rgb.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    save("animated.webp", rgb, save_all=True, append_images=[other], lossless=True)
    expect("animated.webp", rgb)
    save("animated.png", rgb, save_all=True, append_images=[other], duration=100)
    expect("animated.png", rgb)
    colors = card([(200, 30, 30)] * 12 + [(30, 30, 200)] * 12, "RGB").quantize(4, method=Image.Quantize.FASTOCTREE)
    save("card.gif", colors)
    open("animated.gif", "wb").write(gif())

    clear = rgb.convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(rgb.size))
    save("alpha.webp", clear, quality=90)
    save("alpha-lossless.webp", clear, lossless=True, exact=True)
    open("broken-profile.jpg", "wb").write(damage(open("p3.jpg", "rb").read()))
    expect("broken-profile.jpg", Image.open("plain.jpg"))
    open("expected.txt", "w").write("\n".join(EXPECTED) + "\n")


def pack(levels, depth):
    bits = "".join(format(level, f"0{depth}b") for level in levels)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at:at + 8], 2) for at in range(0, len(bits), 8))


def damage(file):
    """The profile's signature and tags overwritten."""
    at = file.index(b"ICC_PROFILE\0")
    return file[:at + 14 + 36] + b"x" * 120 + file[at + 14 + 36 + 120:]


def gif():
    """A screen of 12 by 8 with red as its background; on it at (4, 2) a frame of 6 by 4, whose own palette is green
    and blue with its third colour transparent: columns of two pixels each. A second frame covers everything."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 12, 8, 0x80, 0, 0) + bytes((255, 0, 0, 255, 255, 255))
    control = b"\x21\xf9\x04\x05\x0a\x00\x02\x00"
    first = b"\x2c" + struct.pack("<HHHHB", 4, 2, 6, 4, 0x81) + bytes((0, 255, 0, 0, 0, 255, 9, 9, 9, 9, 9, 9))
    second = b"\x2c" + struct.pack("<HHHHB", 0, 0, 12, 8, 0)
    return (screen + control + first + lzw([0, 0, 1, 1, 2, 2] * 4, 2) + second + lzw([0] * 96, 2) + b"\x3b")


def lzw(indices, bits):
    """Without compression: a clear code before every second pixel keeps codes at bits + 1."""
    clear = 1 << bits
    codes = []
    for at, index in enumerate(indices):
        if at % 2 == 0:
            codes.append(clear)
        codes.append(index)
    codes.append(clear + 1)
    value, length, data = 0, 0, bytearray()
    for code in codes:
        value |= code << length
        length += bits + 1
        while length >= 8:
            data.append(value & 255)
            value >>= 8
            length -= 8
    data.append(value & 255)
    blocks = b"".join(bytes((len(data[at:at + 255]),)) + data[at:at + 255] for at in range(0, len(data), 255))
    return bytes((bits,)) + blocks + b"\0"


main()

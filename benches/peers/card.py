"""What the programs of this folder share: the rows, the photos as they are drawn, and the way they are run.

Each program is the product card (1200x628) written by hand for one library, as somebody would who knows it well: the
background and every finished photo are kept as pixels, texts are drawn row by row.
"""

import csv
import functools
import math
import multiprocessing
import os
import sys

import numpy
from PIL import Image, ImageDraw, ImageFilter

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CARD = os.path.join(ROOT, "examples/product-card")
ROWS = os.environ.get("ROWS", os.path.join(CARD, "rows.csv"))
FONTS = {weight: os.path.join(CARD, f"fonts/Inter-{weight}.ttf") for weight in ("Regular", "SemiBold", "Bold")}
SIZE = (1200, 628)


def rows(limit):
    """Rows of the sample campaign, or of the file that ROWS names: the first `limit`."""
    with open(ROWS, newline="", encoding="utf-8") as file:
        return [row for row, _ in zip(csv.DictReader(file), range(limit))]


def background():
    """linear-gradient(135deg, #0f172a, #1e3a8a), as an RGB image."""
    width, height = SIZE
    start, end = numpy.array((0x0F, 0x17, 0x2A)), numpy.array((0x1E, 0x3A, 0x8A))
    x, y = numpy.meshgrid(numpy.arange(width) + 0.5 - width / 2, numpy.arange(height) + 0.5 - height / 2)
    along = (x + y) / (width + height) + 0.5
    return Image.fromarray(numpy.rint(start + (end - start) * along[..., None]).astype(numpy.uint8), "RGB")


@functools.lru_cache(maxsize=None)
def ground():
    """The background with the photo's shadow: the same on every card."""
    image = background().convert("RGBA")
    shadow = Image.new("RGBA", SIZE)
    ImageDraw.Draw(shadow).rounded_rectangle((64, 80, 563, 579), 32, fill=(0, 0, 0, 115))
    image.alpha_composite(shadow.filter(ImageFilter.GaussianBlur(24)))
    return image.convert("RGB")


@functools.lru_cache(maxsize=None)
def corners():
    mask = Image.new("L", (2000, 2000))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 1999, 1999), 128, fill=255)
    return mask.resize((500, 500), Image.Resampling.LANCZOS)


@functools.lru_cache(maxsize=256)
def photo(path):
    """A photo as it is drawn: cover-fitted into 500x500, corners rounded."""
    image = Image.open(os.path.join(os.path.dirname(ROWS), path))
    # JPEGs are decoded at a fraction of their size.
    image.draft("RGB", (500, 500))
    image = image.convert("RGB")
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.resize((500, 500), Image.Resampling.LANCZOS, (left, top, left + side, top + side))
    image.putalpha(corners())
    return image


def stars(product_id):
    """How many of the five are filled."""
    return product_id % 5 + 1


def star_points(left, top, side=32):
    """A five-pointed star inscribed in a square."""
    points = []
    for number in range(10):
        radius = side / 2 * (1 if number % 2 == 0 else 0.382)
        angle = math.pi * number / 5 - math.pi / 2
        points.append((left + side / 2 + radius * math.cos(angle), top + side / 2 + radius * math.sin(angle)))
    return points


def greeting(row):
    name = row["first_name"]
    return f"Picked for you, {name}" if name else "Picked for you"


def price(row):
    return f"${float(row['price']):,.2f}"


def run(draw_all):
    """`PROGRAM FOLDER jpeg|png ROWS PROCESSES`: the rows in turns, one share for each process."""
    folder, form, limit, processes = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    os.makedirs(folder, exist_ok=True)
    shares = [rows(limit)[number::processes] for number in range(processes)]
    workers = [multiprocessing.Process(target=draw_all, args=(share, folder, form)) for share in shares]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0, worker.exitcode

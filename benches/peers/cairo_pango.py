"""The product card by cairo and Pango, JPEG by libjpeg-turbo straight from cairo's pixels: the fastest known by hand."""

import functools
import math
import os

import cairocffi
import numpy
import pangocairocffi
import pangocffi
import simplejpeg

import card

FAMILY = "Inter Peer"


def surface(image):
    """A cairo surface of a Pillow image."""
    rgba = image.convert("RGBA")
    pixels = bytearray(rgba.tobytes("raw", "BGRa"))
    return cairocffi.ImageSurface(cairocffi.FORMAT_ARGB32, image.width, image.height, pixels, image.width * 4), pixels


@functools.lru_cache(maxsize=None)
def ground():
    return surface(card.ground())


@functools.lru_cache(maxsize=256)
def photo(path):
    # What card.photo keeps as well is for Pillow.
    return surface(card.photo.__wrapped__(path))


@functools.lru_cache(maxsize=None)
def font(weight, size):
    description = pangocffi.FontDescription()
    description.family = FAMILY
    description.weight = {400: pangocffi.Weight.NORMAL, 600: pangocffi.Weight.SEMIBOLD, 700: pangocffi.Weight.BOLD}[weight]
    description.set_absolute_size(pangocffi.units_from_double(size))
    return description


class Pen:
    """One surface and one layout for all cards of a process."""

    def __init__(self):
        self.pixels = bytearray(card.SIZE[0] * card.SIZE[1] * 4)
        self.surface = cairocffi.ImageSurface(
            cairocffi.FORMAT_RGB24, *card.SIZE, self.pixels, card.SIZE[0] * 4
        )
        self.context = cairocffi.Context(self.surface)
        self.layout = pangocairocffi.create_layout(self.context)

    def set(self, text, weight, size, spacing=0.0, width=None, lines=1):
        layout = self.layout
        layout.font_description = font(weight, size)
        layout.width = -1 if width is None else pangocffi.units_from_double(width)
        escaped = text.replace("&", "&amp;").replace("<", "&lt;")
        if spacing:
            layout.apply_markup(f'<span letter_spacing="{round(spacing * 1024)}">{escaped}</span>')
        else:
            layout.apply_markup(escaped)
        return layout.get_size()

    def show(self, x, baseline, color):
        context = self.context
        context.set_source_rgb(*color)
        context.move_to(x, baseline)
        pangocairocffi.show_layout(context, self.layout)

    def pill(self, x, y, width, height, color):
        context, radius = self.context, height / 2
        context.new_sub_path()
        context.arc(x + width - radius, y + radius, radius, -math.pi / 2, math.pi / 2)
        context.arc(x + radius, y + radius, radius, math.pi / 2, 3 * math.pi / 2)
        context.close_path()
        context.set_source_rgb(*color)
        context.fill()

    def card(self, row):
        context = self.context
        context.set_operator(cairocffi.OPERATOR_SOURCE)
        context.set_source_surface(ground()[0])
        context.paint()
        context.set_operator(cairocffi.OPERATOR_OVER)
        context.set_source_surface(photo(row["image"])[0], 64, 64)
        context.paint()
        product = int(row["product_id"])
        self.set(row["brand"].upper(), 400, 24, spacing=3)
        self.show(620, 96, hex_color("93c5fd"))
        for size in range(60, 31, -2):
            _, height = self.set(row["name"], 700, size, width=516)
            if pangocffi.units_to_double(height) <= 2 * size * 1.25:
                break
        self.show(620, 136, (1, 1, 1))
        self.set(card.greeting(row), 400, 30)
        self.show(620, 300, hex_color("e2e8f0"))
        for number in range(5):
            points = card.star_points(620 + number * 40, 362)
            context.move_to(*points[0])
            for point in points[1:]:
                context.line_to(*point)
            context.close_path()
            context.set_source_rgb(*hex_color("fbbf24" if number < card.stars(product) else "475569"))
            context.fill()
        width, height = map(pangocffi.units_to_double, self.set(card.price(row), 700, 40))
        self.pill(620, 440, width + 56, 72, hex_color("f97316"))
        self.show(648, 440 + (72 - height) / 2, (1, 1, 1))
        left = 620 + width + 56 + 24
        width, height = map(pangocffi.units_to_double, self.set("Shop now", 600, 28))
        self.pill(left, 446, width + 64, 60, (1, 1, 1))
        self.show(left + 32, 446 + (60 - height) / 2, hex_color("0f172a"))
        if product % 3 == 0:
            context.arc(548, 80, 60, 0, 2 * math.pi)
            context.set_source_rgb(*hex_color("dc2626"))
            context.fill()
            width, height = map(pangocffi.units_to_double, self.set("NEW", 700, 34, spacing=1))
            context.save()
            context.translate(548, 80)
            context.rotate(math.radians(-12))
            self.show(-width / 2, -height / 2, (1, 1, 1))
            context.restore()
        self.surface.flush()


@functools.lru_cache(maxsize=None)
def hex_color(text):
    return tuple(int(text[at:at + 2], 16) / 255 for at in (0, 2, 4))


def draw_all(rows, folder, form):
    pen = Pen()
    view = numpy.frombuffer(pen.pixels, numpy.uint8).reshape(card.SIZE[1], card.SIZE[0], 4)
    for row in rows:
        pen.card(row)
        path = os.path.join(folder, f"{row['id']}.{form}")
        if form == "png":
            pen.surface.write_to_png(path)
            continue
        data = simplejpeg.encode_jpeg(view, quality=85, colorspace="BGRX", colorsubsampling="420", fastdct=False)
        with open(path, "wb") as file:
            file.write(data)


if __name__ == "__main__":
    card.run(draw_all)

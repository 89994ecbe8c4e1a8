"""The product card by Pillow: the background with its shadow and the finished photos kept, the rest drawn."""

import functools
import os

from PIL import Image, ImageDraw, ImageFont

import card


@functools.lru_cache(maxsize=None)
def font(weight, size):
    return ImageFont.truetype(card.FONTS[weight], size)


@functools.lru_cache(maxsize=None)
def badge():
    image = Image.new("RGBA", (480, 480))
    draw = ImageDraw.Draw(image)
    draw.ellipse((0, 0, 479, 479), fill="#dc2626")
    draw.text((240, 240), "NEW", font=font("Bold", 136), fill="white", anchor="mm")
    return image.rotate(12, Image.Resampling.BICUBIC).resize((120, 120), Image.Resampling.LANCZOS)


@functools.lru_cache(maxsize=None)
def pill(width, height, color):
    image = Image.new("RGBA", (width * 4, height * 4))
    ImageDraw.Draw(image).rounded_rectangle((0, 0, width * 4 - 1, height * 4 - 1), height * 2, fill=color)
    return image.resize((width, height), Image.Resampling.LANCZOS)


@functools.lru_cache(maxsize=None)
def stars(filled):
    image = Image.new("RGBA", (192 * 4, 32 * 4))
    draw = ImageDraw.Draw(image)
    for number in range(5):
        color = "#fbbf24" if number < filled else "#475569"
        draw.polygon(card.star_points(number * 160, 0, 128), fill=color)
    return image.resize((192, 32), Image.Resampling.LANCZOS)


def spaced(draw, x, y, text, face, color, spacing):
    for letter in text:
        draw.text((x, y), letter, font=face, fill=color)
        x += face.getlength(letter) + spacing


def name_lines(text):
    """Two lines at most, as large as fits."""
    for size in range(60, 31, -2):
        face, lines = font("Bold", size), [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if face.getlength(longer) <= 516:
                lines[-1] = longer
            else:
                lines.append(word)
        if len(lines) <= 2 and all(face.getlength(line) <= 516 for line in lines):
            break
    return face, size, lines[:2]


def draw_all(rows, folder, form):
    ground = card.ground()
    for row in rows:
        image = ground.copy()
        photo = card.photo(row["image"])
        image.paste(photo, (64, 64), photo)
        draw = ImageDraw.Draw(image)
        product = int(row["product_id"])
        spaced(draw, 620, 96, row["brand"].upper(), font("Regular", 24), "#93c5fd", 3)
        face, size, lines = name_lines(row["name"])
        for number, line in enumerate(lines):
            draw.text((620, 136 + number * size * 1.1), line, font=face, fill="white")
        draw.text((620, 300), card.greeting(row), font=font("Regular", 30), fill="#e2e8f0")
        image.paste(stars(card.stars(product)), (620, 362), stars(card.stars(product)))
        price = card.price(row)
        width = round(font("Bold", 40).getlength(price)) + 56
        image.paste(pill(width, 72, "#f97316"), (620, 440), pill(width, 72, "#f97316"))
        draw.text((648, 476), price, font=font("Bold", 40), fill="white", anchor="lm")
        left, call = 620 + width + 24, round(font("SemiBold", 28).getlength("Shop now")) + 64
        image.paste(pill(call, 60, "white"), (left, 446), pill(call, 60, "white"))
        draw.text((left + 32, 476), "Shop now", font=font("SemiBold", 28), fill="#0f172a", anchor="lm")
        if product % 3 == 0:
            image.paste(badge(), (488, 20), badge())
        path = os.path.join(folder, f"{row['id']}.{form}")
        if form == "png":
            image.save(path, compress_level=1)
        else:
            image.save(path, quality=85, subsampling="4:2:0")


if __name__ == "__main__":
    card.run(draw_all)

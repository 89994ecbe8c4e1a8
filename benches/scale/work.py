"""What benches/scale.py measures with: rows, templates and photos, the same every time."""

import csv
import functools
import json
import math
import os
import random

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
CARD = os.path.join(ROOT, "examples/product-card")
TEMPLATE = os.path.join(CARD, "template.yaml")
CANVASES = [(300, 250), (1200, 628), (1080, 1920), (2048, 2048), (4096, 4096)]
FONTS = [{"src": f"fonts/Inter-{weight}.ttf", "family": "Inter"} for weight in ("Regular", "SemiBold", "Bold")]


def sample():
    """The recipients and the products of the sample campaign."""
    with open(os.path.join(CARD, "rows.csv"), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    products = {row["product_id"]: row for row in rows}
    return [row["first_name"] for row in rows], list(products.values())


def recipients_and_products(count):
    """`count` rows: each round over the recipients meets them with other products."""
    names, products = sample()
    for number in range(count):
        yield names[number % len(names)], products[(number * 7 + number // len(names)) % len(products)]


def write_cards(path, count, change=lambda number, row: row):
    """Rows of the product card, one at a time; says how many different pictures they make."""
    pictures = set()
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "first_name", "product_id", "brand", "name", "price", "image"])
        for number, (name, product) in enumerate(recipients_and_products(count)):
            row = [product["product_id"], product["brand"], product["name"], product["price"], product["image"]]
            row = change(number, row)
            pictures.add(hash((name, *row)))
            writer.writerow([number + 1, name, *row])
    return len(pictures)


def color(chance, lightness):
    return f"hsl({chance.randrange(360)}, {chance.randrange(45, 90)}%, {lightness}%)"


def layered(count, share, seed=0, width=1200, height=628):
    """A template of `count` layers, of which one in `share` differs from row to row: a ground with a headline and
    ornaments, and on it tiles of a panel, a photo, a badge with a number on it, and a name."""
    chance = random.Random(seed)
    _, products = sample()
    fields, layers = {}, []

    def value(kind, fixed):
        """What the row brings for the next layer, or what stands in the template."""
        if len(layers) % share != 1 % share:
            return fixed
        name = f"{kind}{len(layers)}"
        fields[name] = {"type": kind if kind in ("color", "image") else "text", "required": True}
        return "{{ " + name + " }}"

    def add(kind, frame, **more):
        frame = {key: round(pixels) for key, pixels in zip(("x", "y", "width", "height"), frame)}
        layers.append({"type": kind, "frame": frame, **more})

    def font(size, weight=700):
        return {"family": "Inter", "weight": weight, "size": round(size * 2) / 2, "line_height": 1.15}

    unit = height / 100
    add("rect", (0, 0, width, height),
        fill=f"linear-gradient(135deg, {value('color', color(chance, 16))}, {color(chance, 38)})")
    add("ellipse", (width * chance.uniform(0.5, 0.8), -30 * unit, 90 * unit, 90 * unit), opacity=0.35,
        fill=f"radial-gradient(circle, {value('color', color(chance, 60))}, transparent)")
    add("rect", (-10 * unit, 60 * unit, 60 * unit, 60 * unit), rotation=chance.randrange(10, 80),
        radius=round(8 * unit), opacity=0.5, fill=value("color", color(chance, 45)))
    add("text", (4 * unit, 4 * unit, width - 8 * unit, 12 * unit), text=value("text", "Picked for the season"),
        font=font(9 * unit), color="white", max_lines=1, shrink={"to": round(4 * unit)})
    add("ellipse", (width - 16 * unit, height - 16 * unit, 26 * unit, 26 * unit),
        stroke={"width": max(1, round(unit)), "color": value("color", color(chance, 70))})

    tiles = math.ceil((count - len(layers)) / 5)
    columns = round(math.sqrt(tiles * 1.6))
    lines = math.ceil(tiles / columns)
    wide, high = (width - 8 * unit) / columns, (height - 24 * unit) / lines
    for tile in range(tiles):
        x, y = 4 * unit + tile % columns * wide, 18 * unit + tile // columns * high
        # Tiles overlap a little, as in a collage.
        w, h, pad = min(wide * 1.03, width - x - 3 * unit), high * 0.97, high * 0.05
        badge = h * 0.3
        product = products[chance.randrange(len(products))]
        add("rect", (x, y, w, h), radius=round(h * 0.08), shadow={"y": 4, "blur": 12, "color": "rgba(0, 0, 0, 0.35)"},
            fill=f"linear-gradient(160deg, white, {value('color', color(chance, 82))})")
        add("image", (x + pad, y + pad, w * 0.55, h - 2 * pad), src=value("image", product["image"]), fit="cover",
            radius=round(h * 0.06))
        add("ellipse", (x + w * 0.55 - badge / 2, y + pad, badge, badge), fill=value("color", color(chance, 45)))
        add("text", (x + w * 0.55 - badge / 2, y + pad, badge, badge), wrap=False, align="center", valign="middle",
            text=value("percent", f"-{chance.randrange(5, 60)}%"), font=font(badge * 0.3), color="white")
        add("text", (x + w * 0.55 + 2 * pad, y + badge + 2 * pad, w * 0.45 - 3 * pad, h - badge - 3 * pad),
            text=value("text", product["name"]), font=font(h * 0.13, 600), color="#0f172a",
            shrink={"to": max(6, round(h * 0.05))})
    del layers[count:]
    return {"gravure": 1, "name": f"layers-{count}-{seed}", "sizes": {"link": {"width": width, "height": height}},
            "outputs": [{"format": "jpeg", "quality": 85}], "fields": fields, "fonts": FONTS, "layers": layers}


def responsive():
    """One template for every canvas of CANVASES: a photo above, words below, all of it in percent."""
    def least(share):
        return "{{ [size.width, size.height] | min * " + str(share) + " }}"

    def words(text, y, height, size, width=88, weight=400, **more):
        return {"type": "text", "text": text, "max_lines": 1, "shrink": {"to": 6},
                "frame": {"x": "6%", "y": f"{y}%", "width": f"{width}%", "height": f"{height}%"},
                "font": {"family": "Inter", "weight": weight, "size": least(size)}, **more}

    button = {"x": "6%", "y": "86%", "width": "40%", "height": "10%"}
    layers = [
        {"type": "rect", "frame": "full", "fill": "linear-gradient(135deg, #0f172a, #1e3a8a)"},
        {"type": "image", "src": "{{ image }}", "fit": "cover", "radius": "4%",
         "shadow": {"y": 6, "blur": 24, "color": "#00000073"},
         "frame": {"x": "6%", "y": "5%", "width": "88%", "height": "48%"}},
        {"type": "ellipse", "fill": "radial-gradient(circle at 30% 30%, #fb923c, #dc2626)",
         "frame": {"right": "3%", "y": "2%", "width": least(0.22), "height": least(0.22)}},
        words("{{ brand | upper }}", 56, 6, 0.045, color="#93c5fd"),
        words("{{ name }}", 62, 13, 0.1, weight=700, color="white"),
        words("{{ 'Picked for you, ' ~ first_name }}", 76, 8, 0.055, color="#e2e8f0"),
        {"type": "rect", "frame": button, "fill": "#f97316", "radius": "50%"},
        words("{{ price | currency('USD') }}", 86, 10, 0.06, width=40, weight=700, color="white", valign="middle",
              align="center"),
    ]
    fields = {"first_name": "text", "brand": "text", "name": "text", "price": "number", "image": "image"}
    return {"gravure": 1, "name": "responsive", "locale": "en-US",
            "sizes": {f"{width}x{height}": {"width": width, "height": height} for width, height in CANVASES},
            "outputs": [{"format": "jpeg", "quality": 85}],
            "fields": {name: {"type": kind, "required": True} for name, kind in fields.items()},
            "fonts": FONTS, "layers": layers}


def write_template(folder, name, template, rows):
    """A template of `layered` and rows for its fields: paths of both."""
    paths = os.path.join(folder, name + ".json"), os.path.join(folder, name + ".csv")
    with open(paths[0], "w", encoding="utf-8") as file:
        json.dump(template, file, indent=1)
    chance = random.Random(7)
    with open(paths[1], "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", *template["fields"]])
        _, products = sample()
        brings = {
            "color": lambda: color(chance, chance.randrange(30, 80)),
            "percent": lambda: f"-{chance.randrange(5, 60)}%",
            "image": lambda: chance.choice(products)["image"],
            "text": lambda: chance.choice(products)["name"],
        }
        for number in range(rows):
            writer.writerow([number + 1, *(brings[field.rstrip("0123456789")]() for field in template["fields"])])
    return paths


def write_responsive(folder):
    template = os.path.join(folder, "responsive.json")
    with open(template, "w", encoding="utf-8") as file:
        json.dump(responsive(), file, indent=1)
    data = os.path.join(folder, "responsive.csv")
    write_cards(data, 8000)
    return template, data


def make_photo(folder, number):
    """A photo unlike any other: one of the catalogue's cut, turned or mirrored, and tinted. 640×640."""
    source = catalogue_photo(number % 101 + 1)
    variant = number // 101
    left, top = variant * 13 % 80, variant * 29 % 80
    image = source.crop((left, top, left + 640, top + 640))
    if variant % 8:
        image = image.transpose(variant % 8 - 1)
    chance = random.Random(number)
    tints = [chance.uniform(0.75, 1.2) for _ in "rgb"]
    image = image.point([min(round(level * tint), 255) for tint in tints for level in range(256)])
    image.save(os.path.join(folder, f"photos/{number}.jpg"), quality=90)


@functools.lru_cache(maxsize=None)
def catalogue_photo(number):
    from PIL import Image

    return Image.open(os.path.join(CARD, f"images/{number}.webp")).convert("RGB").resize((720, 720))

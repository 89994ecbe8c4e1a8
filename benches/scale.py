#!/usr/bin/env python3
"""How rate and memory of gravure behave with size: prints Markdown tables.

Usage: benches/scale.py [SECTION]... [--quick] [--look FOLDER] [OPTION]...       default: every section

  rows       the product card, 1,000 to 1,000,000 rows, most of them pictures of their own
  layers     10, 30 and 100 layers, of which a third or all differ from row to row
  sizes      one template in percent, from 300x250 to 4096x4096, JPEG and PNG
  threads    1, 2 and 4 threads
  templates  many templates beside one: in one worker, and by `render` one after the other
  photos     as many photos as rows, beside the 101 of the catalogue; neither names nor prices recur
  first      from the start of the process to the first finished picture in a folder

--quick takes a minute or two instead of an hour; --help lists how large each section can be made. --look draws one
picture with each generated template into FOLDER and measures nothing. Needs target/release/gravure. `photos` needs
Pillow: it takes the Python of target/peers, which benches/peers/run.sh makes. `templates` starts a RabbitMQ of its own
and stores into a folder, or uses the farm of `eval "$(deploy/farm.sh env)"` (WORKERS=0).

Rates are from the start of a process to its end, CPU time is user's and system's. Every run is a process of its own.
`first` drops the page cache of the whole machine where it may.
"""

import argparse
import contextlib
import csv
import functools
import importlib.util
import itertools
import json
import math
import multiprocessing
import os
import random
import re
import shlex
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
CARD = os.path.join(ROOT, "examples/product-card")
PEERS = os.path.join(ROOT, "target/peers/bin/python")
CANVASES = [(300, 250), (1200, 628), (1080, 1920), (2048, 2048), (4096, 4096)]
FONTS = [{"src": f"fonts/Inter-{weight}.ttf", "family": "Inter"} for weight in ("Regular", "SemiBold", "Bold")]
DROP_CACHES = "/proc/sys/vm/drop_caches"


def numbers(text):
    return [int(part) for part in text.replace("_", "").split(",")]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--gravure", default=os.path.join(ROOT, "target/release/gravure"), help="the program")
    parser.add_argument("--look", metavar="FOLDER", help="one picture with each generated template, nothing measured")
    parser.add_argument("--quick", action="store_true", help="small numbers for whatever is not given")
    sizes = {
        "rows": ([1000, 10_000, 100_000, 1_000_000], [1000, 10_000], "rows: how many"),
        "layers": ([10, 30, 100], [10, 30, 100], "layers: how many"),
        "layer-rows": (500, 100, "layers: rows"),
        "mpixels": (600, 100, "sizes: megapixels of each line; at least 24 and at most 8,000 images"),
        "threads": ([1, 2, 4], [1, 2, 4], "threads: how many"),
        "thread-rows": (20_000, 2000, "threads: rows of the product card; a fortieth of that of 30 layers"),
        "templates": (20, 5, "templates: how many"),
        "template-rows": (100, 40, "templates: rows of each"),
        "photos": ([2500, 5000, 10_000], [250, 500], "photos: how many"),
        "starts": (3, 1, "first: starts of each kind"),
    }
    for name, (full, quick, words) in sizes.items():
        many = isinstance(full, list)
        said = ",".join(map(str, full)) if many else full
        metavar = "N,N,..." if many else "N"
        parser.add_argument(f"--{name}", type=numbers if many else int, metavar=metavar, help=f"{words}. Default: {said}")
    given = parser.parse_args()
    for name, (full, quick, _) in sizes.items():
        name = name.replace("-", "_")
        if getattr(given, name) is None:
            setattr(given, name, quick if given.quick else full)
    unknown = set(given.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(unknown)}: {', '.join(SECTIONS)}")
    given.gravure = os.path.abspath(given.gravure)
    return given


# Runs.


class Run:
    """A process that has ended: seconds, CPU seconds, and MB at the most."""

    def __init__(self, command, expected, **more):
        # A child's peak is at least that of its parent before `exec`: this program stays small.
        with tempfile.TemporaryFile("w+") as said:
            started = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said, text=True, **more)
            printed = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            self.seconds = time.perf_counter() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            said.seek(0)
            self.said = said.read()
        if process.returncode not in expected:
            sys.exit(f"{shlex.join(command)}\nended with {process.returncode}:\n{self.said}")
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak_mb = usage.ru_maxrss * 1024 / 1e6
        self.printed = printed

    def of_render(self):
        self.report = json.loads(self.printed)
        self.images = self.report["ok"]
        self.rate = self.images / self.seconds
        self.cpu_ms = self.cpu * 1000 / self.images
        # All that is not between the first row and the last: opening, checking names, the device, and the end.
        self.start = self.seconds - self.report["seconds"]
        return self

    def most(self, count=3):
        """The stages with the most time, in ms an image, summed over their threads."""
        stages = re.findall(r"^(\S.*?) {2,}(\d+) +([\d.]+) +\d+ +\d+$", self.said, re.MULTILINE)
        stages.sort(key=lambda stage: -int(stage[1]))
        return ", ".join(f"{name} {float(ms):.2f}" for name, _, ms in stages[:count])


def render(given, template, data, *more, out="null:"):
    command = [given.gravure, "render", template, "--data", data, "--out", out, "--json", "--timings"]
    return Run([*command, *map(str, more)], (0,)).of_render()


def check(given, template, data):
    """Leaves where the template or its first rows have an error; warnings may be."""
    ended = Run([given.gravure, "check", template, "--data", data, "--limit", "20"], (0, 1))
    if re.search(r"\berror", ended.printed + ended.said):
        sys.exit(f"{template}:\n{ended.printed}{ended.said}")


def heading(title, *columns):
    print(f"\n### {title}\n\n{line(*columns)}{line(*['---'] * len(columns))}", end="", flush=True)


def line(*cells):
    return "| " + " | ".join(map(str, cells)) + " |\n"


def tell(*cells):
    print(line(*cells), end="", flush=True)


# Rows and templates.


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
    add("rect", (0, 0, width, height), fill=f"linear-gradient(135deg, {value('color', color(chance, 16))}, {color(chance, 38)})")
    add("ellipse", (width * chance.uniform(0.5, 0.8), -30 * unit, 90 * unit, 90 * unit), opacity=0.35,
        fill=f"radial-gradient(circle, {value('color', color(chance, 60))}, transparent)")
    add("rect", (-10 * unit, 60 * unit, 60 * unit, 60 * unit), rotation=chance.randrange(10, 80), radius=round(8 * unit),
        opacity=0.5, fill=value("color", color(chance, 45)))
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
        w, h, pad = wide * 1.03, high * 0.97, high * 0.05
        badge = h * 0.3
        product = products[chance.randrange(len(products))]
        add("rect", (x, y, w, h), radius=round(h * 0.08), shadow={"y": 4, "blur": 12, "color": "rgba(0, 0, 0, 0.35)"},
            fill=f"linear-gradient(160deg, white, {value('color', color(chance, 82))})")
        add("image", (x + pad, y + pad, w * 0.55, h - 2 * pad), src=value("image", product["image"]), fit="cover",
            radius=round(h * 0.06))
        add("ellipse", (x + w * 0.55 - badge / 2, y + pad, badge, badge), fill=value("color", color(chance, 45)))
        add("text", (x + w * 0.55 - badge / 2, y + pad, badge, badge), text=value("percent", f"-{chance.randrange(5, 60)}%"),
            font=font(badge * 0.3), color="white", align="center", valign="middle", wrap=False)
        add("text", (x + w * 0.55 + 2 * pad, y + badge + 2 * pad, w * 0.45 - 3 * pad, h - badge - 3 * pad),
            text=value("text", product["name"]), font=font(h * 0.13, 600), color="#0f172a", shrink={"to": max(6, round(h * 0.05))})
    del layers[count:]
    return {"gravure": 1, "name": f"layers-{count}-{seed}", "sizes": {"link": {"width": width, "height": height}},
            "outputs": [{"format": "jpeg", "quality": 85}], "fields": fields, "fonts": FONTS, "layers": layers}


def responsive():
    """One template for every canvas of CANVASES: a photo above, words below, all of it in percent."""
    def words(text, y, height, scale, **more):
        font = {"family": "Inter", "size": "{{ [size.width, size.height] | min * " + str(scale) + " }}", **more.pop("font", {})}
        return {"type": "text", "text": text, "frame": {"x": "6%", "y": f"{y}%", "width": "88%", "height": f"{height}%"},
                "font": font, "max_lines": 1, "shrink": {"to": 6}, **more}

    badge = "{{ [size.width, size.height] | min * 0.22 }}"
    layers = [
        {"type": "rect", "frame": "full", "fill": "linear-gradient(135deg, #0f172a, #1e3a8a)"},
        {"type": "image", "src": "{{ image }}", "fit": "cover", "radius": "4%", "shadow": {"y": 6, "blur": 24, "color": "#00000073"},
         "frame": {"x": "6%", "y": "5%", "width": "88%", "height": "48%"}},
        {"type": "ellipse", "fill": "radial-gradient(circle at 30% 30%, #fb923c, #dc2626)",
         "frame": {"right": "3%", "y": "2%", "width": badge, "height": badge}},
        words("{{ brand | upper }}", 56, 6, 0.045, color="#93c5fd"),
        words("{{ name }}", 62, 13, 0.1, color="white", font={"weight": 700}),
        words("{{ 'Picked for you, ' ~ first_name }}", 76, 8, 0.055, color="#e2e8f0"),
        {"type": "rect", "frame": {"x": "6%", "y": "86%", "width": "40%", "height": "10%"}, "fill": "#f97316", "radius": "50%"},
        words("{{ price | currency('USD') }}", 86, 10, 0.06, color="white", valign="middle", align="center", font={"weight": 700}),
    ]
    layers[-1]["frame"]["width"] = "40%"
    return {"gravure": 1, "name": "responsive", "locale": "en-US",
            "sizes": {f"{width}x{height}": {"width": width, "height": height} for width, height in CANVASES},
            "outputs": [{"format": "jpeg", "quality": 85}],
            "fields": {"first_name": {"type": "text", "default": "friend"}, "brand": {"type": "text"}, "name": {"type": "text"},
                       "price": {"type": "number"}, "image": {"type": "image"}},
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
        brings = {"color": lambda: color(chance, chance.randrange(30, 80)), "percent": lambda: f"-{chance.randrange(5, 60)}%",
                  "image": lambda: chance.choice(products)["image"], "text": lambda: chance.choice(products)["name"]}
        for number in range(rows):
            writer.writerow([number + 1, *(brings[field.rstrip("0123456789")]() for field in template["fields"])])
    return paths


# Sections.


def rows(given, folder):
    heading("Rows: the product card, JPEG, `--out null:`", "rows", "different pictures", "cards/s", "CPU ms a card", "peak MB",
            "start-up s", "most time in, ms a card")
    data = os.path.join(folder, "rows.csv")
    for count in given.rows:
        pictures = write_cards(data, count)
        run = render(given, os.path.join(CARD, "template.yaml"), data, "--size", "link", "--format", "jpeg")
        tell(f"{count:,}", f"{pictures:,}", f"{run.rate:,.0f}", f"{run.cpu_ms:.2f}", f"{run.peak_mb:.0f}", f"{run.start:.2f}", run.most())
    os.remove(data)


def layers(given, folder):
    heading(f"Layers: 1200×628, JPEG, {given.layer_rows} rows", "layers", "differ by row", "cards/s", "CPU ms a card", "peak MB",
            "most time in, ms a card")
    for count, (words, share) in itertools.product(given.layers, (("a third", 3), ("all", 1))):
        template, data = write_template(folder, f"layers-{count}-{share}", layered(count, share), given.layer_rows)
        check(given, template, data)
        run = render(given, template, data)
        tell(count, words, f"{run.rate:,.1f}", f"{run.cpu_ms:.1f}", f"{run.peak_mb:.0f}", run.most())


def write_responsive(folder):
    template = os.path.join(folder, "responsive.json")
    with open(template, "w", encoding="utf-8") as file:
        json.dump(responsive(), file, indent=1)
    data = os.path.join(folder, "responsive.csv")
    write_cards(data, 8000)
    return template, data


def sizes(given, folder):
    heading("Sizes: a template in percent, start-up not counted", "canvas", "format", "images", "images/s", "MPixel/s",
            "CPU ms an image", "KB an image", "peak MB", "most time in, ms an image")
    template, data = write_responsive(folder)
    check(given, template, data)
    for (width, height), form in itertools.product(CANVASES, ("jpeg", "png")):
        area = width * height / 1e6
        count = round(min(max(given.mpixels / area, 24), 8000))
        run = render(given, template, data, "--size", f"{width}x{height}", "--format", form, "--limit", count)
        rate = run.images / run.report["seconds"]
        tell(f"{width}×{height}", form, f"{count:,}", f"{rate:,.1f}", f"{rate * area:,.0f}", f"{run.cpu_ms:.1f}",
             f"{run.report['bytes'] / run.images / 1000:,.0f}", f"{run.peak_mb:.0f}", run.most())


def threads(given, folder):
    heading("Threads: 1200×628, JPEG; the software adapter has threads of its own", "work", "`--threads`", "cards/s", "times the first",
            "CPU ms a card", "peak MB", "most time in, ms a card")
    cards = os.path.join(folder, "cards.csv")
    write_cards(cards, given.thread_rows)
    few = max(given.thread_rows // 40, 20)
    works = [(f"product card, {given.thread_rows:,} rows", os.path.join(CARD, "template.yaml"), cards, ["--size", "link"]),
             (f"30 layers, all differ, {few:,} rows", *write_template(folder, "threads", layered(30, 1), few), [])]
    for words, template, data, more in works:
        first = None
        for count in given.threads:
            run = render(given, template, data, *more, "--threads", count)
            first = first or run.rate
            tell(words, count, f"{run.rate:,.0f}", f"{run.rate / first:.2f}", f"{run.cpu_ms:.2f}", f"{run.peak_mb:.0f}", run.most())


def templates(given, folder):
    total = given.templates * given.template_rows
    many = [write_template(folder, f"template-{seed}", layered(10, 3, seed, 600, 314), given.template_rows)
            for seed in range(given.templates)]
    one = [write_template(folder, "template-one", layered(10, 3, 0, 600, 314), total)]
    for pair in many:
        check(given, *pair)
    heading(f"Templates: 10 layers, 600×314, JPEG, {total:,} cards in jobs of {given.template_rows}", "templates", "by", "cards/s",
            "CPU ms a card", "worker's peak MB", "renderer's peak MB")
    for works in (one, many):
        runs = [render(given, template, data, out=os.path.join(folder, "out")) for template, data in works]
        shutil.rmtree(os.path.join(folder, "out"))
        tell(len(works), f"`render`, {len(runs)} time{'s' * (len(runs) > 1)}", f"{total / sum(run.seconds for run in runs):,.0f}",
             f"{sum(run.cpu for run in runs) * 1000 / total:.2f}", "", f"{max(run.peak_mb for run in runs):.0f}")
    broker = None
    environment = {"GRAVURE_DESTINATIONS": "file://" + os.path.join(folder, "store"), **os.environ}
    try:
        if "GRAVURE_AMQP_URL" not in environment:
            broker = [os.path.join(ROOT, "deploy/servers/rabbitmq.sh"), "VERB", os.path.join(folder, "rabbitmq")]
            broker[1] = "start"
            started = Run([*broker, str(free_port(5))], (0,))
            broker[1] = "stop"
            environment["GRAVURE_AMQP_URL"] = re.search("^AMQP_URL=(.*)$", started.printed, re.MULTILINE)[1]
        for works in (one, many):
            seconds, cpu, peaks = farm(given, works, total, environment)
            tell(len(works), "one `worker`", f"{total / seconds:,.0f}", f"{cpu * 1000 / total:.2f}", *(f"{peak:.0f}" for peak in peaks))
    finally:
        if broker:
            subprocess.run(broker, check=True)


def farm(given, works, total, environment):
    """Submits all, then starts a worker and stops it when the last job is acknowledged: its seconds from start to there,
    its CPU seconds with its renderer's, and the peaks of both."""
    prefix = "scale" + uuid.uuid4().hex[:12]
    port = free_port(1)
    environment = {**environment, "GRAVURE_AMQP_PREFIX": prefix, "GRAVURE_WORKER_HTTP": f"127.0.0.1:{port}", "GRAVURE_LOG": "error"}
    where = environment["GRAVURE_DESTINATIONS"].split(",")[0].rstrip("/")
    campaigns = []
    for template, data in works:
        name = os.path.basename(template).removesuffix(".json")
        campaigns.append(f"{where}/{prefix}/{name}/_gravure/{name}")
        Run([given.gravure, "submit", template, "--data", data, "--destination", f"{where}/{prefix}/{name}", "--campaign", name,
             "--rows-per-job", str(given.template_rows)], (0,), env=environment)
    started = time.perf_counter()
    worker = subprocess.Popen([given.gravure, "worker"], env=environment)
    try:
        while ended_jobs(port) < total / given.template_rows:
            if worker.poll() is not None:
                sys.exit(f"the worker ended with {worker.returncode}")
            time.sleep(0.05)
        seconds = time.perf_counter() - started
        children = []
        for task in os.listdir(f"/proc/{worker.pid}/task"):
            with open(f"/proc/{worker.pid}/task/{task}/children", encoding="ascii") as file:
                children += file.read().split()
        peaks = [peak_mb(worker.pid), sum(map(peak_mb, children))]
    finally:
        if worker.poll() is None:
            worker.send_signal(signal.SIGTERM)
            _, status, usage = os.wait4(worker.pid, 0)
            worker.returncode = os.waitstatus_to_exitcode(status)
    for campaign in campaigns:
        Run([given.gravure, "status", campaign], (0,), env=environment)
    return seconds, usage.ru_utime + usage.ru_stime, peaks


def ended_jobs(port):
    """How many jobs a worker has done or given up, by its metrics: none before it listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return 0
    return sum(map(float, re.findall(r"^gravure_jobs_(?:acknowledged|dead_lettered)_total\b.* (\S+)$", text, re.MULTILINE)))


def peak_mb(process):
    with open(f"/proc/{process}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+) kB", file.read())[1]) * 1024 / 1e6


def free_port(count):
    """The first of `count` ports in a row that nothing listens on."""
    for port in range(43000 + os.getpid() % 1000 * 10, 60000, 10):
        with contextlib.ExitStack() as stack:
            try:
                for number in range(count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port + number))
                return port
            except OSError:
                continue
    sys.exit("no free port")


def photos(given, folder):
    heading("Photos: the product card, JPEG; no name and no price recurs", "photos", "rows", "cards/s", "CPU ms a card", "peak MB",
            "most time in, ms a card")
    most = max(given.photos)
    os.mkdir(os.path.join(folder, "photos"))
    with multiprocessing.Pool(2) as pool:
        pool.starmap(make_photo, ((folder, number) for number in range(most)), chunksize=100)
    for own in (False, True):
        data = os.path.join(folder, "own.csv" if own else "catalogue.csv")
        write_cards(data, most, lambda number, row: [*row[:2], f"{row[2]} {number}", 10 + number / 100,
                                                     f"photos/{number}.jpg" if own else row[4]])
        for count in given.photos:
            run = render(given, os.path.join(CARD, "template.yaml"), data, "--size", "link", "--limit", count)
            tell(f"{count:,}" if own else "101", f"{count:,}", f"{run.rate:,.0f}", f"{run.cpu_ms:.1f}", f"{run.peak_mb:.0f}", run.most())
    shutil.rmtree(os.path.join(folder, "photos"))


def make_photo(folder, number):
    """A photo unlike any other: one of the catalogue's cut, turned or mirrored, and tinted. 640×640."""
    source = catalogue_photo(number % 101 + 1)
    variant = number // 101
    left, top = variant * 13 % 80, variant * 29 % 80
    image = source.crop((left, top, left + 640, top + 640))
    if variant % 8:
        image = image.transpose(variant % 8 - 1)
    chance = random.Random(number)
    image = image.point([min(round(level * tint), 255) for tint in (chance.uniform(0.75, 1.2) for _ in "rgb") for level in range(256)])
    image.save(os.path.join(folder, f"photos/{number}.jpg"), quality=90)


@functools.lru_cache(maxsize=None)
def catalogue_photo(number):
    from PIL import Image

    return Image.open(os.path.join(CARD, f"images/{number}.webp")).convert("RGB").resize((720, 720))


def first(given, folder):
    heading(f"The first picture: the product card, JPEG, to a folder; median of {given.starts}", "rows", "page cache", "shader cache",
            "s to the first picture")
    data = os.path.join(folder, "first.csv")
    write_cards(data, 5250)
    drops = os.access(DROP_CACHES, os.W_OK)
    for count in (1, 5250):
        kinds = {("dropped", "empty"): [], ("warm", "empty"): [], ("warm", "warm"): []}
        for number, kind in itertools.product(range(given.starts), kinds):
            if kind[1] == "empty":
                shaders = os.path.join(folder, f"shaders-{count}-{number}-{kind[0]}")
            if kind[0] != "dropped" or drops:
                kinds[kind].append(seconds_to_first(given, folder, data, count, shaders, kind[0] == "dropped"))
        for kind, seconds in kinds.items():
            tell(f"{count:,}", *kind, f"{statistics.median(seconds):.3f}" if seconds else "needs root")


def seconds_to_first(given, folder, data, count, shaders, drop):
    out = os.path.join(folder, "first")
    os.mkdir(out)
    command = [given.gravure, "render", os.path.join(CARD, "template.yaml"), "--data", data, "--size", "link"]
    environment = {**os.environ, "MESA_SHADER_CACHE_DIR": shaders, "__GL_SHADER_DISK_CACHE_PATH": shaders, "XDG_CACHE_HOME": shaders}
    if drop:
        os.sync()
        with open(DROP_CACHES, "w", encoding="ascii") as file:
            file.write("3")
    started = time.perf_counter()
    process = subprocess.Popen([*command, "--out", out, "--limit", str(count)], stderr=subprocess.DEVNULL, env=environment)
    while not any(name.endswith((".jpg", ".jpeg")) and not name.startswith(".") for name in os.listdir(out)):
        if process.poll():
            sys.exit(f"{shlex.join(command)} ended with {process.returncode}")
        time.sleep(0.001)
    seconds = time.perf_counter() - started
    process.terminate()
    process.wait()
    shutil.rmtree(out)
    return seconds


def look(given, folder):
    """One picture with each generated template."""
    works = [(f"layers-{count}-{words}", *write_template(folder, f"look-{count}-{share}", layered(count, share), 1))
             for count in given.layers for words, share in (("third", 3), ("all", 1))]
    works += [(f"template-{seed}", *write_template(folder, f"look-{seed}", layered(10, 3, seed, 600, 314), 1))
              for seed in range(given.templates)]
    works.append(("responsive", *write_responsive(folder)))
    for name, template, data in works:
        print(Run([given.gravure, "check", template, "--data", data, "--limit", "1"], (0, 1)).printed, end="")
        render(given, template, data, "--limit", 1, "--name", name + "-{{ size }}.{{ ext }}", out=given.look)


SECTIONS = {section.__name__: section for section in (rows, layers, sizes, threads, templates, photos, first)}


def main():
    given = options()
    sections = given.sections or list(SECTIONS)
    if "photos" in sections and not given.look and importlib.util.find_spec("PIL") is None:
        if not os.path.exists(PEERS) or os.path.samefile(sys.prefix, os.path.dirname(os.path.dirname(PEERS))):
            sys.exit("photos needs Pillow: benches/peers/run.sh installs it")
        os.execv(PEERS, [PEERS, *sys.argv])
    with tempfile.TemporaryDirectory(dir=os.path.join(ROOT, "target"), prefix="scale-") as folder:
        # Photos and fonts of a template or a row lie below its folder.
        for part in ("images", "fonts"):
            shutil.copytree(os.path.join(CARD, part), os.path.join(folder, part))
        if given.look:
            return look(given, folder)
        commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], stdout=subprocess.PIPE, text=True, check=False)
        adapter = json.loads(Run([given.gravure, "doctor", "--json"], (0,)).printed)
        print(f"`{shlex.join(['benches/scale.py', *sys.argv[1:]])}`, commit {commit.stdout.strip()}, {os.cpu_count()} cores, {adapter}")
        for section in sections:
            SECTIONS[section](given, folder)


if __name__ == "__main__":
    main()

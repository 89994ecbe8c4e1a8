"""Runs gravure and the programs beside this file in turn, and prints what each takes. Called by run.sh."""

import csv
import glob
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
from PIL import Image

import card

HERE = os.path.dirname(os.path.abspath(__file__))
GRAVURE = os.path.join(card.ROOT, "target/release/gravure")
CORES = os.cpu_count()


def distinct(folder, count):
    """Rows of which no photo, name or price is another's: the sample photos turned, cut and tinted."""
    sources = sorted(glob.glob(os.path.join(card.CARD, "images/*")))
    images = [Image.open(source).convert("RGB").resize((640, 640)) for source in sources]
    os.makedirs(os.path.join(folder, "images"))
    random = numpy.random.default_rng(1)
    with open(os.path.join(folder, "rows.csv"), "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "first_name", "product_id", "brand", "name", "price", "image"])
        for number, row in enumerate(card.rows(count)):
            image = images[number % len(images)].rotate(number // len(images) * 7 % 360, Image.Resampling.BILINEAR)
            tint = random.uniform(0.8, 1.2, 3)
            pixels = numpy.clip(numpy.asarray(image) * tint, 0, 255).astype(numpy.uint8)
            name = f"images/{number}.jpg"
            Image.fromarray(pixels, "RGB").save(os.path.join(folder, name), quality=90)
            title = f"{row['name']} {number}"
            writer.writerow([row["id"], row["first_name"], row["product_id"], row["brand"], title, 10 + number / 100, name])
    return os.path.join(folder, "rows.csv")


def commands(rows, count, form, out):
    gravure = [GRAVURE, "render", os.path.join(card.CARD, "template.yaml"), "--data", rows, "--size", "link"]
    gravure += ["--format", form, "--limit", str(count), "--out", out]
    yield "gravure", gravure + (["--compression", "balanced"] if form == "png" else [])
    if form == "png":
        yield "gravure, --compression speed", gravure + ["--compression", "speed"]
    for name, program in [("cairo + Pango", "cairo_pango.py"), ("Pillow", "pillow.py")]:
        yield name, [sys.executable, os.path.join(HERE, program), out, form, str(count), str(CORES)]


def measure(command, rows):
    """Seconds, CPU seconds, MB at the most (the largest process), files and their mean size."""
    out = command[command.index("--out") + 1] if "--out" in command else command[2]
    shutil.rmtree(out, ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.time()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env={**os.environ, "ROWS": rows})
    seconds = time.time() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    sizes = [os.path.getsize(path) for path in glob.glob(os.path.join(out, "*")) if path.endswith(("jpg", "jpeg", "png"))]
    shutil.rmtree(out)
    return seconds, cpu, len(sizes), sum(sizes) / len(sizes) / 1000


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 5250
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    only = sys.argv[3:]
    with tempfile.TemporaryDirectory(dir=os.path.join(card.ROOT, "target")) as folder:
        out = os.path.join(folder, "out")
        for work in ("recurring", "distinct"):
            if only and work not in only:
                continue
            rows = card.ROWS if work == "recurring" else distinct(os.path.join(folder, "distinct"), count)
            for form in ("jpeg", "png"):
                if only and form not in only:
                    continue
                # PNG by hand takes tens of milliseconds: fewer say as much.
                rows_of_form = count if form == "jpeg" else max(count // 4, 1)
                results = {}
                for _ in range(rounds):
                    for name, command in commands(rows, rows_of_form, form, out):
                        results.setdefault(name, []).append(measure(command, rows))
                print(f"\n{work}, {form}, {rows_of_form} cards, {CORES} cores, median of {rounds}\n")
                print("| program | cards/s | times the best other | CPU ms a card | KB a card |")
                print("| --- | --- | --- | --- | --- |")
                rate = lambda runs: statistics.median(run[2] / run[0] for run in runs)
                best = max(rate(runs) for name, runs in results.items() if not name.startswith("gravure"))
                for name, runs in results.items():
                    cpu = statistics.median(run[1] / run[2] * 1000 for run in runs)
                    print(f"| {name} | {rate(runs):.0f} | {rate(runs) / best:.2f} | {cpu:.1f} | {runs[0][3]:.0f} |", flush=True)


if __name__ == "__main__":
    main()

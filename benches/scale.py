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

--quick takes some minutes instead of an hour; --help lists how large each section can be made. --look draws one
picture with each generated template into FOLDER and measures nothing. Needs target/release/gravure. `photos` needs
Pillow: it takes the Python of target/peers, which benches/peers/run.sh makes. `templates` starts a RabbitMQ of its own
and stores into a folder, or uses the farm of `eval "$(deploy/farm.sh env)"` (WORKERS=0).

Rates are from the start of a process to its end, CPU time is user's and system's. Every run is a process of its own.
`first` drops the page cache of the whole machine where it may.
"""

import argparse
import contextlib
import importlib.util
import itertools
import json
import multiprocessing
import os
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
PEERS = os.path.join(ROOT, "target/peers/bin/python")
DROP_CACHES = "/proc/sys/vm/drop_caches"

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "benches/scale"))
import work  # noqa: E402: it lies in the folder beside this file


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
        kind = numbers if many else int
        parser.add_argument(f"--{name}", type=kind, metavar=metavar, help=f"{words}. Default: {said}")
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
        return "; ".join(f"{name} {float(ms):.2f}" for name, _, ms in stages[:count])


def render(given, template, data, *more, out="null:"):
    command = [given.gravure, "render", template, "--data", data, "--out", out, "--json", "--timings"]
    return Run([*command, *map(str, more)], (0,)).of_render()


def check(given, template, data):
    """Leaves where the template or its first rows have an error; warnings may be."""
    ended = Run([given.gravure, "check", template, "--data", data, "--limit", "20"], (0, 1))
    if re.search(r"\berror", ended.printed + ended.said):
        sys.exit(f"{template}:\n{ended.printed}{ended.said}")


def heading(title, *columns):
    print(f"\n### {title}\n")
    tell(*columns)
    tell(*["---"] * len(columns))


def tell(*cells):
    """One line of a table; numbers with three digits or so."""
    def cell(value):
        if not isinstance(value, float):
            return f"{value:,}" if isinstance(value, int) else value
        return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"

    print("| " + " | ".join(map(cell, cells)) + " |", flush=True)


# Sections.


def rows(given, folder):
    heading("Rows: the product card, JPEG, `--out null:`",
            "rows", "different pictures", "cards/s", "CPU ms a card", "peak MB", "start-up s",
            "most time in, ms a card")
    data = os.path.join(folder, "rows.csv")
    for count in given.rows:
        pictures = work.write_cards(data, count)
        run = render(given, work.TEMPLATE, data, "--size", "link", "--format", "jpeg")
        tell(count, pictures, run.rate, run.cpu_ms, run.peak_mb, run.start, run.most())
    os.remove(data)


def layers(given, folder):
    heading(f"Layers: 1200×628, JPEG, {given.layer_rows} rows",
            "layers", "differ by row", "cards/s", "CPU ms a card", "peak MB", "most time in, ms a card")
    for count, (words, share) in itertools.product(given.layers, (("a third", 3), ("all", 1))):
        made = work.layered(count, share)
        template, data = work.write_template(folder, f"layers-{count}-{share}", made, given.layer_rows)
        check(given, template, data)
        run = render(given, template, data)
        tell(count, words, run.rate, run.cpu_ms, run.peak_mb, run.most())


def sizes(given, folder):
    heading("Sizes: a template in percent, start-up not counted",
            "canvas", "format", "images", "images/s", "MPixel/s", "CPU ms an image", "KB an image", "peak MB",
            "most time in, ms an image")
    template, data = work.write_responsive(folder)
    check(given, template, data)
    for (width, height), form in itertools.product(work.CANVASES, ("jpeg", "png")):
        area = width * height / 1e6
        count = round(min(max(given.mpixels / area, 24), 8000))
        run = render(given, template, data, "--size", f"{width}x{height}", "--format", form, "--limit", count)
        rate = run.images / run.report["seconds"]
        kilobytes = run.report["bytes"] / run.images / 1000
        tell(f"{width}×{height}", form, count, rate, rate * area, run.cpu_ms, kilobytes, run.peak_mb, run.most())


def threads(given, folder):
    heading("Threads: 1200×628, JPEG; the software adapter has threads of its own",
            "work", "`--threads`", "cards/s", "times the first", "CPU ms a card", "peak MB", "most time in, ms a card")
    cards = os.path.join(folder, "cards.csv")
    work.write_cards(cards, given.thread_rows)
    few = max(given.thread_rows // 40, 20)
    layered = work.write_template(folder, "threads", work.layered(30, 1), few)
    works = [(f"product card, {given.thread_rows:,} rows", work.TEMPLATE, cards, ["--size", "link"]),
             (f"30 layers, all differ, {few:,} rows", *layered, [])]
    for words, template, data, more in works:
        first = None
        for count in given.threads:
            run = render(given, template, data, *more, "--threads", count)
            first = first or run.rate
            tell(words, count, run.rate, run.rate / first, run.cpu_ms, run.peak_mb, run.most())


def templates(given, folder):
    total = given.templates * given.template_rows
    many = [work.write_template(folder, f"template-{seed}", work.layered(10, 3, seed, 600, 314), given.template_rows)
            for seed in range(given.templates)]
    one = [work.write_template(folder, "template-one", work.layered(10, 3, 0, 600, 314), total)]
    for pair in many:
        check(given, *pair)
    heading(f"Templates: 10 layers, 600×314, JPEG, {total:,} cards in jobs of {given.template_rows}",
            "templates", "by", "cards/s", "CPU ms a card", "peak MB", "peak MB of the renderer")
    for works in (one, many):
        runs = [render(given, template, data, out=os.path.join(folder, "out")) for template, data in works]
        shutil.rmtree(os.path.join(folder, "out"))
        seconds, cpu = sum(run.seconds for run in runs), sum(run.cpu for run in runs)
        times = "`render`" if len(runs) == 1 else f"`render`, {len(runs)} times"
        tell(len(works), times, total / seconds, cpu * 1000 / total, max(run.peak_mb for run in runs), "")
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
            tell(len(works), "one `worker`", total / seconds, cpu * 1000 / total, *peaks)
    finally:
        if broker:
            subprocess.run(broker, check=True)


def farm(given, works, total, environment):
    """Submits all, then starts a worker and stops it when the last job has ended: its seconds from start to there, its
    CPU seconds with its renderer's, and the peaks of both."""
    prefix = "scale" + uuid.uuid4().hex[:12]
    port = free_port(1)
    environment = {**environment, "GRAVURE_AMQP_PREFIX": prefix, "GRAVURE_WORKER_HTTP": f"127.0.0.1:{port}",
                   "GRAVURE_LOG": "error"}
    where = environment["GRAVURE_DESTINATIONS"].split(",")[0].rstrip("/")
    campaigns = []
    for template, data in works:
        name = os.path.basename(template).removesuffix(".json")
        place = f"{where}/{prefix}/{name}"
        campaigns.append(f"{place}/_gravure/{name}")
        Run([given.gravure, "submit", template, "--data", data, "--destination", place, "--campaign", name,
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
    counts = re.findall(r"^gravure_jobs_(?:acknowledged|dead_lettered)_total\b.* (\S+)$", text, re.MULTILINE)
    return sum(map(float, counts))


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
    heading("Photos: the product card, JPEG; no name and no price recurs",
            "photos", "rows", "cards/s", "CPU ms a card", "peak MB", "most time in, ms a card")
    most = max(given.photos)
    os.mkdir(os.path.join(folder, "photos"))
    with multiprocessing.Pool(2) as pool:
        pool.starmap(work.make_photo, ((folder, number) for number in range(most)), chunksize=100)
    for own in (False, True):
        data = os.path.join(folder, "own.csv" if own else "catalogue.csv")

        def change(number, row):
            product_id, brand, name, _, image = row
            image = f"photos/{number}.jpg" if own else image
            return [product_id, brand, f"{name} {number}", 10 + number / 100, image]

        work.write_cards(data, most, change)
        for count in given.photos:
            run = render(given, work.TEMPLATE, data, "--size", "link", "--limit", count)
            tell(count if own else 101, count, run.rate, run.cpu_ms, run.peak_mb, run.most())
    shutil.rmtree(os.path.join(folder, "photos"))


def first(given, folder):
    heading(f"The first picture: the product card, JPEG, to a folder; median of {given.starts}",
            "rows", "page cache", "shader cache", "s to the first picture")
    data = os.path.join(folder, "first.csv")
    work.write_cards(data, 5250)
    drops = os.access(DROP_CACHES, os.W_OK)
    for count in (1, 5250):
        kinds = {("dropped", "empty"): [], ("warm", "empty"): [], ("warm", "warm"): []}
        for number, kind in itertools.product(range(given.starts), kinds):
            if kind[1] == "empty":
                shaders = os.path.join(folder, f"shaders-{count}-{number}-{kind[0]}")
            if kind[0] != "dropped" or drops:
                kinds[kind].append(seconds_to_first(given, folder, data, count, shaders, kind[0] == "dropped"))
        for kind, seconds in kinds.items():
            tell(count, *kind, statistics.median(seconds) if seconds else "needs root")


def seconds_to_first(given, folder, data, count, shaders, drop):
    out = os.path.join(folder, "first")
    os.mkdir(out)
    command = [given.gravure, "render", work.TEMPLATE, "--data", data, "--size", "link"]
    command += ["--limit", str(count), "--out", out]
    caches = ("MESA_SHADER_CACHE_DIR", "__GL_SHADER_DISK_CACHE_PATH", "XDG_CACHE_HOME")
    environment = {**os.environ, **dict.fromkeys(caches, shaders)}
    if drop:
        os.sync()
        with open(DROP_CACHES, "w", encoding="ascii") as file:
            file.write("3")
    started = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
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
    kinds = itertools.product(given.layers, (("third", 3), ("all", 1)))
    made = {f"layers-{count}-{words}": work.layered(count, share) for count, (words, share) in kinds}
    made |= {f"template-{seed}": work.layered(10, 3, seed, 600, 314) for seed in range(given.templates)}
    works = [work.write_template(folder, name, template, 1) for name, template in made.items()]
    for template, data in [*works, work.write_responsive(folder)]:
        check(given, template, data)
        name = os.path.basename(template).replace(".json", "-{{ size }}.{{ ext }}")
        render(given, template, data, "--limit", 1, "--name", name, out=given.look)


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
            shutil.copytree(os.path.join(work.CARD, part), os.path.join(folder, part))
        if given.look:
            return look(given, folder)
        commit = Run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], (0,)).printed.strip()
        doctor = json.loads(Run([given.gravure, "doctor", "--json"], (0,)).printed)
        adapter = next(adapter["name"] for adapter in doctor["adapters"] if adapter["chosen"])
        arguments = [word for before, word in itertools.pairwise(sys.argv) if "--gravure" not in (before, word)]
        command = shlex.join(["benches/scale.py", *arguments])
        print(f"`{command}`, commit {commit}, {os.cpu_count()} cores, {adapter}")
        for section in sections:
            SECTIONS[section](given, folder)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Compares gravure's product cards with the same design drawn by headless Chromium from HTML and CSS.

Usage: tests/chromium/compare.py [--rows N] [--size link|square|story] [--limit-mad X] [--skip-render]

Draws the first N rows (default 12) both ways, prints the mean absolute difference per channel for each row
and over all, and writes Chromium's picture, gravure's and their difference (eight times as strong) side by
side into target/chromium/<size>/. Exits with 1 when the overall figure is above the limit (default 0.9 of 255).

Needs Debian's `chromium` (or CHROMIUM=/path/to/it) and the release build of gravure. Pillow and numpy go into
a virtual environment under target/chromium/. Nothing is written outside target/.
"""

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SAMPLE = ROOT / "examples" / "product-card"
WORK = ROOT / "target" / "chromium"
SIZES = {"link": (1200, 628), "square": (1080, 1080), "story": (1080, 1920)}
# The window is higher than the card: some versions keep a part of it for themselves.
SPARE_HEIGHT_PX = 200
REQUIREMENTS = ["pillow>=10,<13", "numpy>=1.26,<3"]


def inside_venv():
    """Starts this script again inside its own virtual environment."""
    python = WORK / "venv" / "bin" / "python"
    if Path(sys.prefix) == python.parent.parent:
        return
    stamp = WORK / "venv" / "requirements.txt"
    wanted = "\n".join(REQUIREMENTS)
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(WORK / "venv")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS], check=True)
        stamp.write_text(wanted)
    os.execv(str(python), [str(python), *sys.argv])


def chromium_program():
    for name in [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]:
        path = shutil.which(name) if name else None
        if path:
            return path
    sys.exit("chromium not found: apt-get install chromium, or set CHROMIUM")


def draw_with_chromium(program, profile, row, size, target):
    from PIL import Image

    width, height = SIZES[size]
    card = {
        "size": size,
        "photo": (SAMPLE / row["image"]).as_uri(),
        "first_name": row["first_name"],
        "product_id": int(row["product_id"]),
        "brand": row["brand"],
        "name": row["name"],
        "price": float(row["price"]),
    }
    html = (HERE / "card.html").read_text(encoding="utf-8")
    html = html.replace("__FONTS__", (SAMPLE / "fonts").as_uri())
    # `<` is escaped so that no value can close the script.
    html = html.replace("__CARD__", json.dumps(card).replace("<", "\\u003c"))
    page = profile.parent / "card.html"
    page.write_text(html, encoding="utf-8")
    shot = profile.parent / "shot.png"
    shot.unlink(missing_ok=True)
    command = [
        program,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--hide-scrollbars",
        "--force-device-scale-factor=1",
        "--force-color-profile=srgb",
        "--disable-lcd-text",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--allow-file-access-from-files",
        "--virtual-time-budget=10000",
        f"--user-data-dir={profile}",
        f"--window-size={width},{height + SPARE_HEIGHT_PX}",
        f"--screenshot={shot}",
        page.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode != 0 or not shot.exists():
        sys.exit(f"chromium failed with status {done.returncode}:\n{done.stderr[-2000:]}")
    picture = Image.open(shot).convert("RGB")
    if picture.width < width or picture.height < height:
        sys.exit(f"chromium drew {picture.size}, expected at least {(width, height)}")
    picture.crop((0, 0, width, height)).save(target)


def draw_with_gravure(size, rows, folder):
    program = ROOT / "target" / "release" / "gravure"
    if not program.exists():
        sys.exit(f"{program} not found: cargo build --release --locked")
    shutil.rmtree(folder, ignore_errors=True)
    command = [
        str(program),
        "render",
        str(SAMPLE / "template.yaml"),
        "--data",
        str(SAMPLE / "rows.csv"),
        "--format",
        "png",
        "--size",
        size,
        "--limit",
        str(rows),
        "--out",
        str(folder),
    ]
    done = subprocess.run(command)
    if done.returncode != 0:
        sys.exit(f"gravure failed with status {done.returncode}")


def compare(ours_path, theirs_path, side_by_side_path):
    """Mean absolute difference per channel, of 255."""
    import numpy
    from PIL import Image

    ours = numpy.asarray(Image.open(ours_path).convert("RGB")).astype(numpy.int16)
    theirs = numpy.asarray(Image.open(theirs_path).convert("RGB")).astype(numpy.int16)
    if ours.shape != theirs.shape:
        sys.exit(f"{ours_path} and {theirs_path} differ in size: {ours.shape}, {theirs.shape}")
    difference = numpy.abs(ours - theirs)
    strong = numpy.minimum(difference * 8, 255)
    Image.fromarray(numpy.hstack([theirs, ours, strong]).astype(numpy.uint8)).save(side_by_side_path)
    return difference.mean(axis=(0, 1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=12, help="how many rows, from the first (default: 12)")
    parser.add_argument("--size", choices=SIZES, default="link")
    parser.add_argument("--limit-mad", type=float, default=0.9, help="greatest difference allowed (default: 0.9)")
    parser.add_argument("--skip-render", action="store_true", help="only draw with Chromium")
    arguments = parser.parse_args()
    inside_venv()

    folder = WORK / arguments.size
    folder.mkdir(parents=True, exist_ok=True)
    with open(SAMPLE / "rows.csv", newline="", encoding="utf-8") as file:
        rows = [row for _, row in zip(range(arguments.rows), csv.DictReader(file))]
    if not rows:
        sys.exit("no rows to compare")

    program = chromium_program()
    with tempfile.TemporaryDirectory(dir=WORK) as temporary:
        profile = Path(temporary) / "profile"
        for row in rows:
            draw_with_chromium(program, profile, row, arguments.size, folder / f"{row['id']}-chromium.png")
    if arguments.skip_render:
        print(f"drawn: {folder}")
        return
    draw_with_gravure(arguments.size, len(rows), WORK / "gravure")

    total = None
    for row in rows:
        mean = compare(
            WORK / "gravure" / f"{row['id']}-{arguments.size}.png",
            folder / f"{row['id']}-chromium.png",
            folder / f"{row['id']}-side-by-side.png",
        )
        total = mean if total is None else total + mean
        print(f"row {row['id']:>4}  red {mean[0]:.3f}  green {mean[1]:.3f}  blue {mean[2]:.3f}  all {mean.mean():.3f}")
    overall = (total / len(rows)).mean()
    verdict = "within" if overall <= arguments.limit_mad else "above"
    print(f"overall {overall:.3f} of 255 over {len(rows)} rows of {arguments.size}: {verdict} {arguments.limit_mad}")
    print(f"side by side: {folder}")
    sys.exit(0 if overall <= arguments.limit_mad else 1)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""What the farm costs beside `gravure render`: CPU seconds per card of both, in turn, in one run.

Usage: eval "$(deploy/farm.sh env)"; benches/farm.py [ROWS] [ROUNDS]

Needs the broker and the store that deploy/farm.sh starts, without its workers (WORKERS=0). A worker's CPU time is that
of its two processes; submit is not counted. The wall rate is from submit to the last result, with broker and store on
the same cores.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid

root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
gravure = os.path.join(root, "target/release/gravure")
card = os.path.join(root, "examples/product-card")
rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5250
rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
campaign = [os.path.join(card, "template.yaml"), "--data", os.path.join(card, "rows.csv"), "--size", "link", "--limit", str(rows)]


def measured(process):
    """Waits for a process, and gives its CPU seconds with those of its children."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    return usage.ru_utime + usage.ru_stime


def render():
    with tempfile.TemporaryDirectory() as folder:
        started = time.time()
        process = subprocess.Popen([gravure, "render", *campaign, "--out", folder], stderr=subprocess.DEVNULL)
        cpu = measured(process)
        return cpu, time.time() - started


def farm():
    prefix = "bench" + uuid.uuid4().hex[:12]
    env = dict(os.environ, GRAVURE_AMQP_PREFIX=prefix, GRAVURE_WORKER_HTTP="127.0.0.1:0", GRAVURE_LOG="warn")
    worker = subprocess.Popen([gravure, "worker"], env=env)
    time.sleep(2)
    started = time.time()
    submit = [gravure, "submit", *campaign, "--destination", f"s3://campaigns/{prefix}", "--wait", "--json"]
    report = json.loads(subprocess.run(submit, env=env, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    wall = time.time() - started
    assert report["ok"] == rows, report
    worker.send_signal(signal.SIGTERM)
    return measured(worker), wall


ratios = []
for number in range(rounds):
    render_cpu, render_wall = render()
    farm_cpu, farm_wall = farm()
    ratios.append(farm_cpu / render_cpu)
    print(f"round {number + 1}: render {render_cpu / rows * 1e3:.2f} CPU ms/card, {rows / render_wall:.0f}/s; "
          f"farm {farm_cpu / rows * 1e3:.2f} CPU ms/card, {rows / farm_wall:.0f}/s; CPU ratio {ratios[-1]:.3f}", flush=True)
print(f"CPU ratio: median {statistics.median(ratios):.3f} of {sorted(round(ratio, 3) for ratio in ratios)}")

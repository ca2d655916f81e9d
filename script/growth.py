"""Does the work of script/growth: measures and draws."""
import argparse
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

BIN = pathlib.Path("build/release/bin")
SWEEPS = {  # name: (label of the axis, values, how a pool for one is filled, how it is asked)
    "arms": ("arms", [8, 100, 1000, 10000, 100000],
             lambda v: ["--arms", v, "--outcomes", 5000], lambda v: []),
    "outcomes": ("past outcomes in the index", [1000, 5000, 20000, 100000, 1000000],
                 lambda v: ["--outcomes", v, "--experience-max", max(v, 100000)], lambda v: []),
    "dimension": ("dimension (hashing embedder)", [32, 64, 128, 256, 384],
                  lambda v: ["--embedder", "hashing", "--dim", v, "--outcomes", 5000], lambda v: []),
    "length": ("characters of the query", [30, 300, 3000, 30000],
               lambda v: ["--outcomes", 5000], lambda v: ["--query-chars", v]),
}


class Server:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="pointsman-growth-", dir=os.environ.get("POINTSMAN_BENCH_DIR"))
        self.process = subprocess.Popen(
            [BIN / "pointsmand", "--data-dir", self.folder + "/data", "--listen", "127.0.0.1:0",
             "--no-admin"], stderr=subprocess.PIPE, text=True)
        while not (port := re.search(r"\(port (\d+)\)", line := self.process.stderr.readline())):
            if not line:
                raise SystemExit("growth: pointsmand did not start")
        self.address = f"127.0.0.1:{port.group(1)}"

    def load(self, *arguments):
        subprocess.run([BIN / "pointsman-load", "--server", self.address, "--data", "deploy/sample",
                        *map(str, arguments)], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.folder)


def measure(name, value, fill, ask):
    server = Server()
    try:
        server.load("fill", *fill(value))
        result = pathlib.Path(server.folder) / "result.json"
        asked = ask(value) or ["--query-chars", 300]
        server.load(*asked, "--baseline", "--concurrency", 8, "--pid", server.process.pid,
                    "--duration", 5, "--slice", 0.5, "--warm-up", 2, "--json", result)
        figures = json.loads(result.read_text())
        return {"value": value, **figures["ratio"]["route"],
                "cpu_us": figures["phases"]["route"]["server_cpu_us"],
                "p99_us": figures["phases"]["route"]["p99_us"],
                "errors": figures["phases"]["route"]["errors"], "rss_mb": figures["rss_mb"]["last"]}
    finally:
        server.stop()


def draw(label, points):
    """A log-log plot: CPU of a Route in empty calls, and in grey what grows in proportion."""
    width, height, left, bottom, top, right = 560, 340, 60, 50, 40, 20
    xs, ys = [p["value"] for p in points], [p["cpu"] for p in points]
    x0, x1 = math.log10(xs[0]), math.log10(xs[-1])
    y0, y1 = 0, math.ceil(math.log10(max(ys) * 1.2))

    def at(x, y):
        px = left + (math.log10(x) - x0) / (x1 - x0) * (width - left - right)
        py = height - bottom - (math.log10(max(y, 1)) - y0) / (y1 - y0) * (height - bottom - top)
        return f"{px:.1f},{py:.1f}"

    def text(x, y, words, anchor="middle", size=12):
        return f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}">{words}</text>'

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
           'font-family="sans-serif"><rect width="100%" height="100%" fill="white"/>',
           text(width / 2, 22, f"CPU of a Route, in empty calls, by {label}", size=14)]
    for power in range(y0, y1 + 1):
        y = at(xs[0], 10 ** power).split(",")[1]
        out += [f'<line x1="{left}" x2="{width - right}" y1="{y}" y2="{y}" stroke="#ddd"/>',
                text(left - 8, float(y) + 4, f"{10 ** power:,}", "end")]
    ceiling = 10 ** y1
    if ys[0] * xs[-1] / xs[0] > ceiling:
        end = (xs[0] * ceiling / ys[0], ceiling)
    else:
        end = (xs[-1], ys[0] * xs[-1] / xs[0])
    out.append(f'<polyline points="{at(xs[0], ys[0])} {at(*end)}" fill="none" stroke="#bbb" '
               'stroke-dasharray="5 4"/>')
    out.append(f'<polyline points="{" ".join(at(x, y) for x, y in zip(xs, ys))}" fill="none" '
               'stroke="#1f6fb2" stroke-width="2"/>')
    for x, y in zip(xs, ys):
        px, py = at(x, y).split(",")
        out += [f'<circle cx="{px}" cy="{py}" r="4" fill="#1f6fb2"/>',
                text(px, float(py) - 10, f"{y:.1f}"), text(px, height - bottom + 18, f"{x:,}")]
    out += [text(width / 2, height - 10, label + " (dashed: in proportion)"), "</svg>\n"]
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("build/growth"))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=SWEEPS, action="append", help="this one; may be repeated")
    parser.add_argument("--check-flags", action="store_true", help="only check the command line")
    options = parser.parse_args()
    if options.check_flags:
        return
    options.out.mkdir(parents=True, exist_ok=True)
    everything = {}
    for name, (label, values, fill, ask) in SWEEPS.items():
        if options.only and name not in options.only:
            continue
        points = []
        for value in values[:-2] if options.quick else values:
            points.append(measure(name, value, fill, ask))
            p = points[-1]
            print(f"{label:30} {value:>9,}  CPU {p['cpu']:7.2f} empty calls ({p['cpu_us']:.0f} us), "
                  f"p99 {p['p99_us'] / 1000:.1f} ms, RSS {p['rss_mb']:.0f} MB, errors {p['errors']}",
                  flush=True)
        everything[name] = points
        (options.out / f"{name}.svg").write_text(draw(label, points))
    (options.out / "growth.json").write_text(json.dumps(everything, indent=1) + "\n")
    print(f"plots and figures: {options.out}")


main()

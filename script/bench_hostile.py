"""Does the work of script/bench-hostile: measures and prints."""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests/system/hostile"))
from attacks import ATTACKS  # noqa: E402  (from the folder above)
from front import Front, find_haproxy  # noqa: E402
from server import Attacker, Server, ServerFailed, Watch  # noqa: E402

RATE = 200
RAMP_S = 0.5  # the attack runs this long before the well-behaved client starts
QUIET_S = 10  # time for file descriptors to be released and for the server to become idle
BUDGET_S = 700
DEADLINE_S = 30  # of a call of pointsman-load
FILES_SLACK = 8  # RocksDB opens and closes some of its own


class Load:
    """The well-behaved client."""

    def __init__(self, options, server, folder):
        self.base = [options.bin_dir / "pointsman-load", "--server", server.address, "--data", "deploy/sample"]
        self.folder = folder
        self.seconds = options.seconds

    def run(self, *arguments):
        done = subprocess.run([str(word) for word in (*self.base, *arguments)], text=True, capture_output=True,
                              timeout=90)
        if done.returncode != 0:
            raise ServerFailed(f"pointsman-load failed: {done.stderr.strip().splitlines()[-1:]}")

    def turn(self):
        result = self.folder / "turn.json"
        self.run("--mode", "mixed", "--rate", RATE, "--query-chars", 300, "--feedback-delay", 0.05, "--slice",
                 self.seconds, "--duration", self.seconds, "--warm-up", min(0.3, self.seconds / 4), "--json", result)
        figures = json.loads(result.read_text())["phases"]["mixed"]
        for calls in (figures, figures["feedback"]):
            if calls["errors"] >= calls["calls"]:  # nothing was answered: the worst that a call can be
                calls["p50_us"] = calls["p99_us"] = DEADLINE_S * 1e6
        return {"p50_ms": figures["p50_us"] / 1000, "p99_ms": figures["p99_us"] / 1000,
                "feedback_p99_ms": figures["feedback"]["p99_us"] / 1000, "calls": figures["calls"],
                "late_p99_ms": figures["late_us"] / 1000,
                "errors": figures["errors"] + figures["feedback"]["errors"],
                "first_error": figures.get("first_error", "")}


def wait_until_quiet(*processes):
    """Until the server, and the front if there is one, have worked off what an attack left them with; how long that
    took."""
    def cpu():
        return sum(process.cpu_s() for process in processes)
    began = time.monotonic()
    while time.monotonic() - began < QUIET_S and all(process.is_alive for process in processes):
        before = cpu()
        time.sleep(0.2)
        if cpu() - before < 0.05:
            break
    return time.monotonic() - began


def wait_for_files(server, before):
    """Until as many file descriptors are open as before; how long that took, or nothing."""
    began = time.monotonic()
    while time.monotonic() - began < QUIET_S:
        if server.files() <= before + FILES_SLACK:
            return time.monotonic() - began
        time.sleep(0.05)
    return None


def add(total, more):
    for key, value in more.items():
        if isinstance(value, dict):
            add(total.setdefault(key, {}), value)
        else:
            total[key] = total.get(key, 0) + value


def addresses(options, turn):
    """Each turn has new ones: a front remembers those of the turn before."""
    first = 1 + turn * options.addresses
    return f"{first}-{first + options.addresses - 1}" if options.addresses else None


def measure(name, options, folder):
    server = Server(options.bin_dir, options.server_config, has_http=bool(options.through))
    front = None
    row = {"attack": name, "what": ATTACKS[name].what, "did": {}, "alone": [], "beside": [], "cores": [],
           "rss_mb_by_turn": []}
    try:
        if options.through:
            front = Front(server, folder)
        processes = [server, front] if front else [server]
        load = Load(options, front or server, folder)
        load.run("fill", "--arms", 8, "--outcomes", 500)
        load.turn()  # its own buffers and connections are none of an attack's
        rss, files = server.rss_mb(), server.files()
        of_front = Watch(front or server)
        with Watch(server) as watch, of_front:
            for turn in range(options.turns):
                row["alone"].append(load.turn())
                attacker = Attacker(front or server, name, options.seconds + 30, addresses=addresses(options, turn))
                try:
                    time.sleep(RAMP_S)
                    began, used = time.monotonic(), [process.cpu_s() for process in processes]
                    row["beside"].append(load.turn())
                    took = time.monotonic() - began
                    row["cores"].append([(process.cpu_s() - before) / took
                                         for process, before in zip(processes, used)])
                    add(row["did"], attacker.stop())
                finally:
                    attacker.kill()
                row["quiet_s"] = max(row.get("quiet_s", 0), wait_until_quiet(*processes))
                row["rss_mb_by_turn"].append(server.rss_mb())
            row["files_back_s"] = wait_for_files(server, files)
        row["rss_mb"] = {"before": rss, "peak": watch.rss_mb, "after": server.rss_mb()}
        row["files"] = {"before": files, "peak": watch.files, "after": server.files()}
        if front:
            row["front_mb"] = {"peak": of_front.rss_mb, "after": front.rss_mb()}
        row["stop_s"], row["exit_code"] = server.stop()
    except (ServerFailed, OSError, subprocess.TimeoutExpired) as why:
        if front and not front.is_alive:
            row["died"] = f"the front ended with {front.process.returncode}: {front.said()}"
        elif server.is_alive:
            raise
        else:
            row["died"] = f"the server ended with {server.process.returncode}: {why}"
    finally:
        if front:
            front.kill()
        server.kill()
    return row


def median(turns, key):
    return statistics.median(turn[key] for turn in turns)


def figures(row):
    for side in ("alone", "beside"):
        for key in ("p50_ms", "p99_ms", "feedback_p99_ms"):
            row[f"{key}_{side}"] = median(row[side], key)
        row[f"errors_{side}"] = sum(turn["errors"] for turn in row[side])
    row["cores_beside"] = [statistics.median(turn) for turn in zip(*row["cores"])]
    row["p99_ratio"] = row["p99_ms_beside"] / row["p99_ms_alone"]
    row["p50_ratio"] = row["p50_ms_beside"] / row["p50_ms_alone"]


HEAD = (f"{'attack':19} {'p50 alone':>9} {'beside':>7} {'p99 alone':>9} {'beside':>7} {'ratio':>6} {'errors':>6}  "
        f"{'RSS MB before, peak, after':>26}  {'files before, peak, after':>25} {'stop':>6} "
        f"{'cores, front':>12} {'front MB peak':>13}")


def text(row):
    if "died" in row:
        return f"{row['attack']:19} {row['died']}"
    rss, files = (", ".join(f"{row[key][when]:.0f}" for when in ("before", "peak", "after"))
                  for key in ("rss_mb", "files"))
    return (f"{row['attack']:19} {row['p50_ms_alone']:9.2f} {row['p50_ms_beside']:7.2f} {row['p99_ms_alone']:9.2f} "
            f"{row['p99_ms_beside']:7.2f} {row['p99_ratio']:6.2f} {row['errors_beside']:6}  {rss:>26}  {files:>25} "
            f"{row['stop_s']:5.1f}s {', '.join(f'{one:.2f}' for one in row['cores_beside']):>12} "
            f"{row['front_mb']['peak'] if 'front_mb' in row else 0:13.0f}")


def did(row):
    words = [f"{value:,} {key}" for key, value in row["did"].items() if isinstance(value, int)]
    said = [f"goaway {words!r} {count} times" for words, count in row["did"].get("goaway", {}).items()]
    return f"{row['attack']:19} {row['what']}: {', '.join(words + said)}"


def main():
    parser = argparse.ArgumentParser(description="See the head of script/bench-hostile.")
    parser.add_argument("--bin-dir", type=pathlib.Path, default=pathlib.Path("build/release/bin"))
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--only", choices=ATTACKS, action="append")
    parser.add_argument("--server-config", type=pathlib.Path)
    parser.add_argument("--through", choices=["haproxy"])
    parser.add_argument("--addresses", type=int)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--check-flags", action="store_true", help="only check the command line")
    options = parser.parse_args()
    if options.check_flags:
        return
    if options.through and not find_haproxy():
        sys.exit("bench-hostile: haproxy is neither on the PATH nor in /usr/sbin: apt-get install haproxy")
    if options.addresses is None:  # an attacker on the well-behaved client's own address would use up its limits
        options.addresses = 1 if options.through else 0
    options.seconds, options.turns = (0.5, 1) if options.quick else (2.2, 3)
    for needed in [options.bin_dir / "pointsman-load", *([options.server_config] if options.server_config else [])]:
        if not needed.exists():
            sys.exit(f"bench-hostile: there is no {needed}; build it, or see --help")
    names = options.only or list(ATTACKS)
    began = time.monotonic()
    rows = []
    for i, name in enumerate(names):
        if time.monotonic() - began > BUDGET_S:
            print(f"bench-hostile: no time left for {', '.join(names[i:])}; measure them with --only", file=sys.stderr)
            break
        print(f"== {i + 1} of {len(names)}: {name}, {ATTACKS[name].what}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="pointsman-hostile-", dir=os.environ.get("POINTSMAN_BENCH_DIR")) as at:
            row = measure(name, options, pathlib.Path(at))
        if "died" not in row:
            figures(row)
        rows.append(row)
        print(f"   {text(row)}", file=sys.stderr, flush=True)
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1) + "\n")
    print(f"\nmilliseconds of a Route at {RATE} a second, with feedback; medians of {options.turns} turns\n{HEAD}")
    print("\n".join(text(row) for row in rows))
    print("\nwhat each did, in all turns")
    print("\n".join(did(row) for row in rows))
    errors = {turn["first_error"] for row in rows for turn in row["beside"] if turn["first_error"]}
    for error in sorted(errors):
        print(f"an error of the well-behaved client: {error}")


main()

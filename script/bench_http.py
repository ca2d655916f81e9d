"""What a Route costs by JSON over HTTP/1.1, next to gRPC: see script/bench-http."""
import argparse
import json
import multiprocessing
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
sys.path.insert(0, str(ROOT / "tests/system/http"))
from pointsmand import Pointsmand  # noqa: E402
from raw import Raw, post  # noqa: E402

ROUTE = "/pointsman.v1.Router/Route"
QUERY_CHARS = 300


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def client(port, number, seconds, request, calls):
    """Calls by HTTP until the time is over, over one connection. Counts in `calls`."""
    done, end = 0, time.monotonic() + seconds
    with Raw(port) as connection:
        while time.monotonic() < end:
            connection.send(request.replace(b"NUMBER", b"%06d" % ((number * 100003 + done) % 1000000)))
            answer = connection.answer()
            if answer is None or answer.status != 200:
                sys.exit(f"a request was answered with {answer}")
            done += 1
    with calls.get_lock():
        calls.value += done


def by_http(server, seconds, clients, request):
    """CPU of the server per call, and calls per second."""
    calls = multiprocessing.Value("q", 0)
    before, began = cpu_s(server.process.pid), time.monotonic()
    workers = [multiprocessing.Process(target=client, args=(server.http_port, n, seconds, request, calls)) for n in range(clients)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return (cpu_s(server.process.pid) - before) / calls.value, calls.value / (time.monotonic() - began)


def by_grpc(server, seconds, clients, folder, mode):
    out = folder / "grpc.json"
    subprocess.run([ROOT / "build/release/bin/pointsman-load", "--server", server.address, "--data", ROOT / "deploy/sample",
                    "--mode", mode, "--query-chars", str(QUERY_CHARS), "--duration", str(seconds), "--slice", str(seconds),
                    "--warm-up", "0.3", "--concurrency", str(clients), "--pid", str(server.process.pid), "--json", out],
                   check=True, capture_output=True)
    phase = json.loads(out.read_text())["phases"][mode]
    return phase["server_cpu_us"] / 1e6, phase["throughput"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--clients", type=int, default=8)
    args = parser.parse_args()
    text = ("what is the way from here to the station, NUMBER? " * 10)[:QUERY_CHARS]
    route = post(ROUTE, {"query": text})
    page = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    figures = {"empty gRPC": [], "Route gRPC": [], "GET /healthz": [], "Route JSON": []}
    with Pointsmand(ROOT / "build/release/bin", http_listen="127.0.0.1:0") as server, tempfile.TemporaryDirectory() as name:
        subprocess.run([ROOT / "build/release/bin/pointsman-load", "fill", "--server", server.address, "--data",
                        ROOT / "deploy/sample", "--outcomes", "5000"], check=True, capture_output=True)
        for turn in range(args.turns):
            figures["empty gRPC"].append(by_grpc(server, args.seconds, args.clients, pathlib.Path(name), "empty"))
            figures["Route gRPC"].append(by_grpc(server, args.seconds, args.clients, pathlib.Path(name), "route"))
            figures["GET /healthz"].append(by_http(server, args.seconds, args.clients, page))
            figures["Route JSON"].append(by_http(server, args.seconds, args.clients, route))
            print(f"turn {turn + 1} of {args.turns}", file=sys.stderr, flush=True)
    print(f"{'':14} {'CPU/call':>10} {'calls/s':>9}   (medians of {args.turns} turns, {args.clients} clients)")
    for what, rows in figures.items():
        cpu, rate = (statistics.median(row[i] for row in rows) for i in (0, 1))
        print(f"{what:14} {1e6 * cpu:>7.0f} us {rate:>9.0f}")
    ratio = statistics.median(j[0] / g[0] for j, g in zip(figures["Route JSON"], figures["Route gRPC"]))
    print(f"CPU of a Route by JSON in Routes by gRPC: {ratio:.2f}")


if __name__ == "__main__":
    main()

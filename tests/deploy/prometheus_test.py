"""A real Prometheus scrapes a real pointsmand, and its figures match the calls that were made.

usage: prometheus_test.py --bin-dir BUILD/bin --work-dir FOLDER
Exit codes: 0 passed, 1 failed, 77 skipped: no prometheus.
"""
import json
import re
import shutil
import socket
import subprocess
import time
import urllib.parse
import urllib.request

from common import ROOT, Failed, Skipped, check, run, run_test

ROUTES, TOLD = 20, 15


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start_server(args, folder):
    server = subprocess.Popen(
        [args.bin_dir / "pointsmand", "--data-dir", folder, "--listen", "127.0.0.1:0",
         "--admin-listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True)
    while True:
        line = server.stderr.readline()
        check(line, "pointsmand starts", server.poll())
        if ports := re.search(r"\(port (\d+)\), admin port (\d+)", line):
            return server, int(ports.group(1)), int(ports.group(2))


def ask(port, query):
    """The one value of a query; None while there is none."""
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        result = json.load(urllib.request.urlopen(url, timeout=5))["data"]["result"]
    except OSError:  # it is starting
        return None
    return float(result[0]["value"][1]) if result else None


def wait_for(port, query, wanted):
    got = None
    for _ in range(150):
        got = ask(port, query)
        if got == wanted:
            return
        time.sleep(0.2)
    raise Failed(f"{query} is {got}, not {wanted}, after 30 s")


def test(args):
    if not shutil.which("prometheus"):
        raise Skipped("prometheus is missing: apt-get install prometheus")
    folder = args.work_dir
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    server, port, admin_port = start_server(args, folder / "data")
    pointsman = [args.bin_dir / "pointsman", "--server", f"127.0.0.1:{port}"]
    config = folder / "prometheus.yml"
    shutil.copy(ROOT / "deploy/prometheus/alerts.yaml", folder)
    config.write_text(
        "global: {scrape_interval: 500ms, evaluation_interval: 500ms}\n"
        "rule_files: [alerts.yaml]\n"
        "scrape_configs:\n"
        "  - job_name: pointsmand\n"
        f"    static_configs: [{{targets: ['127.0.0.1:{admin_port}']}}]\n")
    prometheus_port = free_port()
    log = open(folder / "prometheus.log", "w")
    prometheus = subprocess.Popen(
        ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
         f"--web.listen-address=127.0.0.1:{prometheus_port}"], stdout=log, stderr=log)
    try:
        run(*pointsman, "pool", "create", ROOT / "deploy/pool.example.yaml")
        for i in range(ROUTES):
            decision = json.loads(run(*pointsman, "--json", "route", f"What is {i} times 3?"))
            if i < TOLD:
                run(*pointsman, "feedback", decision["decision_id"], "--quality", "1")
        stats = json.loads(run(*pointsman, "--json", "stats"))
        check(int(stats["decisions"]) == ROUTES, "GetStats counts the routes", stats)
        wait_for(prometheus_port, 'sum(pointsman_rpc_total{rpc="Route",code="OK"})', ROUTES)
        wait_for(prometheus_port, "sum(pointsman_arm_decisions_total)", ROUTES)
        wait_for(prometheus_port, "sum(pointsman_arm_outcomes_total)", TOLD)
        wait_for(prometheus_port, "pointsman_feedback_lag_seconds_count", TOLD)
        wait_for(prometheus_port, "pointsman_storage_writable", 1)
        wait_for(prometheus_port, 'count(ALERTS{alertstate="firing"}) or vector(0)', 0)
        server.terminate()
        check(server.wait(60) == 0, "SIGTERM ends it with 0", server.returncode)
        stopped = server.stderr.read()
        told = re.search(r"stopped; decisions (\d+), outcomes learned (\d+)", stopped)
        check(told and told.groups() == (str(ROUTES), str(TOLD)),
              "the last line of the log counts the same", stopped)
    finally:
        prometheus.kill()
        server.kill()
        prometheus.wait()
        server.wait()
    print(f"Prometheus, GetStats and the log agree: {ROUTES} decisions, {TOLD} outcomes")


if __name__ == "__main__":
    run_test(__doc__, test)

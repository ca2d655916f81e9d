"""Checks deploy/prometheus and deploy/grafana with Prometheus' own tool and against the names of the metrics.

usage: alerts_test.py --bin-dir BUILD/bin --work-dir FOLDER
metrics.txt, beside this file, names each metric once; a test in C++ compares it with the server.
Exit codes: 0 passed, 1 failed, 77 skipped: no promtool.
"""
import json
import pathlib
import re
import shutil

from common import ROOT, Skipped, check, run, run_test

HERE = pathlib.Path(__file__).resolve().parent
RULES = ROOT / "deploy/prometheus/alerts.yaml"
DASHBOARD = ROOT / "deploy/grafana/pointsman.json"
RULE_TESTS = HERE / "alerts.promtool.yaml"
RUNBOOK = "docs/guide/alerts.md"


def metrics_in(text):
    """Names of metrics; of a histogram's three series, the histogram's own."""
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\bpointsman_\w+", text)}


def check_names(expressions):
    listed = (HERE / "metrics.txt").read_text().split()
    check(listed == sorted(set(listed)), "metrics.txt is sorted, each name once", listed)
    for what, text in (("the alerts", RULES.read_text()), ("their test", RULE_TESTS.read_text()),
                       ("the dashboard", DASHBOARD.read_text())):
        unknown = metrics_in(text) - set(listed)
        check(not unknown, f"{what} name only metrics of metrics.txt", sorted(unknown))
    missing = set(listed) - metrics_in("\n".join(expressions))
    check(not missing, "the dashboard shows every metric of metrics.txt", sorted(missing))
    return len(listed)


def check_alerts():
    """Each alert has a section of its own in the runbook, and a test in which it fires."""
    text = RULES.read_text()
    alerts = re.findall(r"- alert: (\w+)", text)
    pointed = re.findall(r"runbook_url: (\S+)", text)
    check(pointed == [f"{RUNBOOK}#{name.lower()}" for name in alerts],
          "each alert's runbook_url is its section", pointed)
    sections = re.findall(r"^### (\w+)$", (ROOT / RUNBOOK).read_text(), re.MULTILINE)
    check(sections == alerts, f"{RUNBOOK} has the alerts' sections, in their order", sections)
    fired = re.findall(r"alertname: (\w+)\n\s+exp_alerts:\n", RULE_TESTS.read_text())
    check(sorted(fired) == sorted(alerts), "each alert fires in a test",
          sorted(set(alerts) ^ set(fired)))
    return len(alerts)


def dashboard_expressions():
    panels = [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]
    places = [tuple(panel["gridPos"].values()) for panel in panels]
    check(len(set(places)) == len(panels), "no panel lies on another", places)
    return [target["expr"] for panel in panels for target in panel["targets"]]


def check_syntax(work, expressions):
    """promtool reads rules, so each expression of the dashboard becomes one."""
    rules = [{"record": f"panel:{number}", "expr": re.sub(
        r"\$__rate_interval", "5m", expression).replace("$pool", ".*").replace("$arm", ".*")}
        for number, expression in enumerate(expressions)]
    file = work / "dashboard.yaml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML
    run("promtool", "check", "rules", file)


def test(args):
    if not shutil.which("promtool"):
        raise Skipped("promtool is missing: apt-get install prometheus")
    expressions = dashboard_expressions()
    names = check_names(expressions)
    alerts = check_alerts()
    check_syntax(args.work_dir, expressions)
    run("promtool", "check", "rules", RULES)
    for file in (RULES, RULE_TESTS):  # the test names the rules as beside it
        shutil.copy(file, args.work_dir)
    run("promtool", "test", "rules", args.work_dir / RULE_TESTS.name)
    print(f"{alerts} alerts fire when they should, and not when not; "
          f"{len(expressions)} expressions of the dashboard show all {names} metrics")


if __name__ == "__main__":
    run_test(__doc__, test)

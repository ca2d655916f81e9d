"""deploy/helm/pointsman, rendered by Helm: the same objects as Kustomize's, and values that are wrong are refused."""
import re
import subprocess

from common import ROOT, Failed, check, run

CHART = ROOT / "deploy/helm/pointsman"
# The overlay that each set of values is to make, and the values.
SAME = {"base": [], "overlays/dev": ["values-dev.yaml"], "overlays/production": ["values-production.yaml"]}
# What a release may ask for beyond that, and a text that must then be in what is rendered.
OPTIONS = [
    (["config.limits.calls_max=5"], "calls_max: 5"),
    (["persistence.storageClassName=fast"], "storageClassName: fast"),
    (["tls.secretName=mine"], "secretName: mine"),
    (["tokens.secretName=mine"], "secretName: mine"),
    (["probes.liveness.failureThreshold=9"], "failureThreshold: 9"),
    (["networkPolicy.clientLabels.team=a"], "team: a"),
    (["alerts.enabled=true"], "kind: PrometheusRule"),
    (["image.repository=registry.example/p", "image.tag=t"], "image: \"registry.example/p:t\""),
    (["fullnameOverride=router"], "name: router-headless"),
    (["serviceMonitor.enabled=true"], "name: pointsman-metrics"),
]
# Values that must be refused, and what the refusal must name.
REFUSED = [("replicas=2", "replicas"), ("persistance.size=1Gi", "persistance"), ("persistence.accessMode=ReadWriteMany", "accessMode"),
           ("podDisruptionBudget.maxUnavailable=2", "maxUnavailable"), ("config.listen=0.0.0.0:1", "config.listen"),
           ("insecure=perhaps", "insecure")]


def template(helm, *words):
    done = subprocess.run([helm, "template", "pointsman", CHART, *words], text=True, capture_output=True, check=False)
    if done.returncode != 0:
        raise Failed(f"helm template {' '.join(map(str, words))} failed:\n{done.stderr}")
    return done.stdout


def configs(rendered):
    """The text of each pointsmand.yaml."""
    for block in re.findall(r"^  pointsmand\.yaml: \|\n((?:    .*\n|\n)+)", rendered, re.MULTILINE):
        yield re.sub(r"^    ", "", block, flags=re.MULTILINE)


def check_config(args, name, rendered):
    found = list(configs(rendered))
    check(len(found) == 1, f"{name} renders one config", found)
    file = args.work_dir / f"{name}-pointsmand.yaml"
    file.write_text(found[0])
    run(args.bin_dir / "pointsmand", "--check-config", "--config", file)


def check_same(args, helm, user):
    for overlay, values in SAME.items():
        rendered = template(helm, *[word for file in values for word in ("--values", CHART / file)])
        name = f"helm-{overlay.replace('/', '-')}"
        file = args.work_dir / f"{name}.yaml"
        file.write_text(rendered)
        valid = run("node", args.work_dir / "check.js", file, user)
        same = run("node", args.work_dir / "compare.js", args.work_dir / f"{overlay.replace('/', '-')}.yaml", file)
        check_config(args, name, rendered)
        print(f"{name}: {valid.strip()}; {same}", end="")
        if "kind: PrometheusRule" in rendered:
            alerts = re.findall(r"alert: \w+", (ROOT / "deploy/prometheus/alerts.yaml").read_text())
            check(re.findall(r"alert: \w+", rendered) == alerts, "the chart brings every alert", rendered)


def check_options(args, helm, user):
    for number, (values, text) in enumerate(OPTIONS):
        words = [word for value in values for word in ("--set", value)]
        rendered = template(helm, *words)
        check(text in rendered, f"{values} is in what is rendered", rendered)
        file = args.work_dir / "helm-option.yaml"
        file.write_text(rendered)
        run("node", args.work_dir / "check.js", file, user)
        check_config(args, f"helm-option-{number}", rendered)
    for value, names in REFUSED:
        try:
            template(helm, "--set", value)
        except Failed as refusal:
            check(names in str(refusal), f"the refusal of {value} names {names}", str(refusal))
            continue
        raise Failed(f"--set {value} must be refused")
    print(f"{len(OPTIONS)} options are taken and {len(REFUSED)} mistakes refused")


def check_chart(args, helm, user):
    said = run(helm, "lint", "--strict", CHART)
    check("0 chart(s) failed" in said, "helm lint finds nothing", said)
    check_same(args, helm, user)
    check_options(args, helm, user)

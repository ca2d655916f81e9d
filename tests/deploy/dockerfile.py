"""Reads deploy/docker/Dockerfile, for the tests of the image."""
import json
import re

from common import ROOT, check

KNOWN = {"FROM", "WORKDIR", "ENV", "COPY", "RUN", "EXPOSE", "VOLUME", "USER", "STOPSIGNAL",
         "ENTRYPOINT", "CMD"}


def stages():
    """A list for each stage, of (instruction, words), where RUN's words are its one shell line."""
    text = (ROOT / "deploy/docker/Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    found = []
    for line in filter(None, text.split("\n")):
        name, rest = line.split(None, 1)
        check(name in KNOWN, "the Dockerfile keeps to instructions that its test knows", line)
        if name == "FROM":
            found.append([])
        if name in ("ENTRYPOINT", "CMD"):
            rest = json.loads(rest)
        elif name in ("COPY", "ENV", "EXPOSE"):
            rest = rest.split()
        found[-1].append((name, rest))
    return found


def last_stage():
    return stages()[-1]

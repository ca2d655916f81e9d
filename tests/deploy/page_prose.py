"""What the text of the pages says beside their commands: flags, files, links, the index, the table of errors."""
import re

import pages
from common import ROOT, check

FOLDERS = "base|bench|clients|deploy|docs|domain|engine|evaluation|learners|proto|retrieval|script|service|storage|tests|tools"


def check_prose(helps):
    """Commands, flags, files and links in the text around the commands."""
    count, known = 0, helps.all_flags()
    for path in pages.pages():
        page = path.relative_to(ROOT)
        for line, span in pages.spans_of(path):
            fault = helps.fault_of(span)
            check(fault is None, f"{page}:{line}: `{span}` is a command of ours", fault)
            flag = re.match(r"--[a-z][\w-]*", span)
            check(not flag or flag.group() in known or flag.group().endswith("-"),
                  f"{page}:{line}: a program has the option", span)
            is_file = re.fullmatch(rf"({FOLDERS})/[\w./-]+", span)
            check(not is_file or (ROOT / span).exists() or (path.parent / span).exists(),
                  f"{page}:{line}: there is the file", span)
            count += 1
        for target, heading in links_of(path):
            check(target.exists(), f"{page}: a link leads somewhere", target)
            check(not heading or heading in headings_of(target), f"{page}: a link leads to a heading", (target, heading))
    return count


def links_of(path):
    """The files that a page links to, each with the heading or ""."""
    for target, heading in re.findall(r"\]\(([\w./-]*)(?:#([\w-]*))?\)", path.read_text()):
        yield (path.parent / target).resolve() if target else path, heading


def headings_of(path):
    """Headings as links name them: lower case, words joined by dashes."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(), flags=re.M | re.S)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)}


def check_index():
    """Each page of docs/ can be reached from its index."""
    seen, todo = set(), [ROOT / "docs/README.md"]
    while todo:
        page = todo.pop()
        if page not in seen and page.suffix == ".md" and page.is_relative_to(ROOT / "docs"):
            seen.add(page)
            todo += [target for target, _ in links_of(page)]
    lost = set((ROOT / "docs").rglob("*.md")) - seen
    check(not lost, "each page can be reached from docs/README.md", sorted(map(str, lost)))
    drawn = {target for page in seen for target, _ in links_of(page)}
    unseen = set((ROOT / "docs").rglob("*.svg")) - drawn
    check(not unseen, "each drawing is on a page", sorted(map(str, unseen)))


def check_reasons():
    """The table of errors has the machine codes that the service gives, and no others."""
    given = (ROOT / "domain/errors.h").read_text()
    codes = dict(re.findall(r"string_view (k\w+) = \"([A-Z_]+)\";", given))
    used = "".join(path.read_text() for folder in ("domain", "engine", "service") for path in (ROOT / folder).rglob("*.cc"))
    wanted = {code for name, code in codes.items() if re.search(rf"reason::{name}\b", used)}
    table = (ROOT / "docs/reference/errors.md").read_text().partition("| reason | code |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`.*?`) \|", table, re.M)
    shown = {code for cell in cells for code in re.findall(r"`([A-Z_]+)`", cell)}
    check(wanted == shown, "docs/reference/errors.md names each reason", sorted(wanted ^ shown))

"""The commands that the pages show, and the flags that our programs know."""
import dataclasses
import functools
import re
import shlex
import subprocess

from common import ROOT

# The first words of lines in an indented block that are commands and not output.
PROGRAMS = {"pointsman", "pointsmand", "pointsman-load", "apt-get", "cd", "cmake", "cp", "ctest", "curl", "docker", "git",
            "google-pprof", "helm", "kubectl", "mkdir", "mv", "node", "npm", "pip", "protoc", "python3", "rsync", "sudo",
            "systemctl", "tar"}
OURS = ("pointsman", "pointsmand", "pointsman-load")


def pages():
    readmes = sorted(ROOT.glob("deploy/*/README.md"))
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/**/*.md")), *readmes]


@dataclasses.dataclass
class Command:
    page: str
    line: int
    text: str
    shown: list = dataclasses.field(default_factory=list)  # what the page says that it prints

    def __str__(self):
        return f"{self.page}:{self.line}: {self.text}"


@dataclasses.dataclass
class Block:
    line: int
    language: str  # of a fence; "" for an indented block
    lines: list


def blocks_of(text):
    """Fenced blocks, and runs of indented lines without an empty one between them."""
    blocks, fence, run = [], None, None
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            if fence is None:
                fence = Block(number + 1, line[3:].strip() or "text", [])
            else:
                blocks.append(fence)
                fence = None
        elif fence is not None:
            fence.lines.append(line)
        elif line.startswith("    "):
            if run is None:
                run = Block(number, "", [])
                blocks.append(run)
            run.lines.append(line[4:])
        if not line.startswith("    "):
            run = None
    return blocks


def is_command(line):
    word = line.split(" ")[0]
    while re.match(r"[A-Z_]+=", word):  # FOO=bar command
        line = line.partition(" ")[2]
        word = line.split(" ")[0]
    return word in PROGRAMS or word.startswith(("script/", "build/release/bin/"))


def commands_in(page, block):
    if block.language not in ("", "sh"):
        return []
    has_prompts = any(line.startswith("$ ") for line in block.lines)
    if not has_prompts and block.language == "" and not is_command(block.lines[0]):
        return []
    found, goes_on = [], False
    for number, line in enumerate(block.lines, block.line):
        if goes_on:
            found[-1].text += " " + line.strip()
        elif line.startswith("$ "):
            found.append(Command(page, number, line[2:]))
        elif has_prompts:
            found[-1].shown.append(line)
            continue
        elif line.strip() and not line.lstrip().startswith("#"):
            found.append(Command(page, number, line.strip()))
        goes_on = bool(found) and found[-1].text.endswith("\\")
        if goes_on:
            found[-1].text = found[-1].text[:-1].rstrip()
    return found


def commands_of(path):
    page = str(path.relative_to(ROOT))
    commands, end = [], None  # the line after a block with prompts: what a command prints may have empty lines
    for block in blocks_of(path.read_text()):
        found = commands_in(page, block)
        goes_on = not found and block.language == "" and block.line == end
        if goes_on:
            commands[-1].shown += block.lines
        commands += found
        has_prompts = any(line.startswith("$ ") for line in block.lines)
        end = block.line + len(block.lines) + 1 if has_prompts or goes_on else None
    return commands


def spans_of(path):
    """The texts in backquotes in a page's prose, with their lines."""
    text = re.sub(r"^```.*?^```$", lambda m: "\n" * m.group().count("\n"), path.read_text(), flags=re.M | re.S)
    text = re.sub(r"^    .*$", "", text, flags=re.M)
    for found in re.finditer(r"`([^`]+)`", text):
        yield text.count("\n", 0, found.start()) + 1, " ".join(found.group(1).split())


class Helps:
    """The flags in the `--help` of our programs."""

    def __init__(self, bin_dir):
        self.bin_dir = bin_dir

    @functools.lru_cache(maxsize=None)
    def text(self, program, *words):
        path = ROOT / program if program.startswith("script/") else self.bin_dir / program
        command = [path] if path.suffix != ".py" else ["python3", path]
        done = subprocess.run([*map(str, command), *words, "--help"], text=True, capture_output=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=60)
        return done.stdout if done.returncode == 0 else ""

    def flags(self, program, *words):
        return set(re.findall(r"(?<![\w-])--?[A-Za-z][\w-]*", self.text(program, *words)))

    def subcommands(self, program, *words):
        listed = self.text(program, *words).partition("\nSubcommands:\n")[2].partition("\n\n")[0]
        return set(re.findall(r"^  (\w[\w-]*)", listed, re.M))

    def all_flags(self):
        flags = set()
        for program in OURS:
            flags |= self.flags(program)
            for word in self.subcommands(program):
                flags |= self.flags(program, word)
                for second in self.subcommands(program, word):
                    flags |= self.flags(program, word, second)
        for path in (ROOT / "script").iterdir():
            if path.is_file() and path.name not in ("lib.sh", "test"):
                flags |= self.flags(f"script/{path.name}")
        return flags

    def fault_of(self, text):
        """Why one of our command lines would be refused; None if it would not, or if it is not ours."""
        try:
            words = shlex.split(text.replace("...", "").replace("[", " ").replace("]", " "), comments=True)
        except ValueError:
            return None
        while words and re.match(r"[A-Z_]+=", words[0]):
            words.pop(0)
        program = words.pop(0).removeprefix("build/release/bin/") if words else ""
        if program.startswith("script/"):
            if program != "script/" and not (ROOT / program).is_file():
                return f"there is no {program}"
            if program in ("script/", "script/test"):
                return None  # its words are ctest's
        elif program not in OURS:
            return None
        path, known = [program], self.flags(program)
        for word in words:
            if word in self.subcommands(*path):
                path.append(word)
                known = known | self.flags(*path)
            elif self.subcommands(*path) and re.fullmatch(r"[a-z][a-z-]+", word) and words.index(word) == len(path) - 1:
                return f"{' '.join(path)} has no command {word}"
        for word in words:
            flag = word.partition("=")[0]
            if re.match(r"--?[a-zA-Z]", flag) and flag not in known:
                return f"{' '.join(path)} has no option {flag}"
        return None

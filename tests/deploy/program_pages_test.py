"""Man pages and completions hold what --help says, and their readers take them: groff, bash, zsh and fish.

usage: program_pages_test.py --bin-dir BUILD/bin --work-dir FOLDER
What a shell completes is asked of that shell. A reader that is not installed is left out, with a line that says so.
Exit codes: 0 passed, 1 failed.
"""
import os
import re
import shutil
import subprocess

from common import Failed, check, run, run_test

SECTIONS = {"pointsman": 1, "pointsmand": 8}
SHELLS = ("bash", "zsh", "fish")
# A line that is typed, words that must be offered, and words that must not.
TYPED = [
    ("pointsman ro", {"route"}, {"pool"}),
    ("pointsman pool ", {"create", "get", "delete"}, {"route"}),
    ("pointsman pool create --dry", {"--dry-run"}, {"--yes"}),
    ("pointsman route --latency ", {"first-token", "total"}, {"--pool"}),
    ("pointsman --json arm a", {"add"}, {"route"}),
    ("pointsman pool get --ser", {"--server"}, set()),  # an option of the program, behind a command
    ("pointsman completion ", {"bash", "fish", "zsh"}, {"route"}),
    ("pointsmand --admin-l", {"--admin-listen"}, {"--listen"}),
]


def help_tree(program, path=()):
    """(path, options, commands) of a command and all below it, as --help says them."""
    text = run(program, *path, "--help")
    options = set(re.findall(r"^  (?:-\w,)?(--[a-z][\w-]*)", text, re.MULTILINE))
    commands = re.findall(r"^  ([a-z][\w-]*)", text.partition("\nSubcommands:\n")[2].partition("\n\n")[0], re.MULTILINE)
    yield path, options, commands
    for command in commands:
        yield from help_tree(program, (*path, command))


def section_of(page, path):
    """The part of a man page that is about a command; of the program itself, all before its commands."""
    if not path:
        return page.partition("\n.SH COMMANDS")[0]
    heading = " ".join(path).replace("-", "\\-")
    found = re.search(rf"^\.SS {re.escape(heading)}\n(.*?)(?=^\.S[SH] |\Z)", page, re.M | re.S)
    check(found, f"the man page has a part about {' '.join(path)}", sorted(re.findall(r"^\.SS (.*)$", page, re.M)))
    return found.group(1)


def check_against_help(binary, pages):
    counts = [0, 0]
    for path, options, commands in help_tree(binary):
        check(options, f"--help of {path} shows options", options)
        part = section_of(pages["man"], path and (binary.name, *path)).replace("\\-", "-")
        missing = {option for option in options if f"\\fB{option}\\fR" not in part}
        check(not missing, f"the man page has every option of {path}", missing)
        for shell in SHELLS:
            missing = {word for word in options if not re.search(rf"{word.lstrip('-')}\b", pages[shell])}
            missing |= {word for word in commands if not re.search(rf"\b{word}\b", pages[shell])}
            check(not missing, f"{shell}'s completion has every word of {path}", missing)
        counts = [counts[0] + len(commands), counts[1] + len(options)]
    return counts


def check_man_page(page):
    if not shutil.which("groff"):
        print("groff is missing: the man pages are not rendered (apt-get install groff-base)")
        return
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, text=True, capture_output=True, check=False)
    check(done.returncode == 0 and not done.stderr, "groff renders the man page without a warning", done.stderr)


BASH = r"""
source "$1"; line=$2; COMP_WORDS=($line); [[ $line == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "_${COMP_WORDS[0]}"; printf '%s\n' "${COMPREPLY[@]}"
"""

# zsh completes in its line editor alone, so one runs in a terminal of its own, and is asked for the list with ^D.
ZSH = r"""
zmodload zsh/zpty; zpty z zsh -f -i
zpty -w z "PS1=; PROMPT=; unsetopt zle_bracketed_paste; autoload -Uz compinit; compinit -u -d $1.dump; source $1"
zpty -w z "LISTMAX=0; zstyle ':completion:*' list-prompt ''; bindkey '^X' list-choices; stty -echo; print ALL''SET"
zpty -r -m z ignored '*ALLSET*'; zpty -n -w z "$2"$'\C-x'
quiet=0  # a second without anything new is its end
for ((i = 0; i < 600 && quiet < 20; ++i)); do
  if zpty -r -t z part; then text+=$part quiet=0; else ((quiet += ${#text} > ${#2})); fi
  sleep 0.05
done
zpty -d z; print -r -- "$text"
"""


def offered(shell, script, typed):
    """The words that a shell offers for a line."""
    env = {**os.environ, "HOME": str(script.parent), "TERM": "dumb", "COLUMNS": "200", "LINES": "200"}
    command = {"bash": ["bash", "-c", BASH, "bash", script, typed], "zsh": ["zsh", "-fc", ZSH, "zsh", script, typed],
               "fish": ["fish", "--no-config", "-c", f"source {script}; complete -C '{typed}'"]}[shell]
    done = subprocess.run(list(map(str, command)), text=True, capture_output=True, check=False, env=env, timeout=60)
    if done.returncode != 0 or (shell != "zsh" and done.stderr):
        raise Failed(f"{shell} does not complete {typed!r}: {done.stdout}{done.stderr}")
    words = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", " ", done.stdout).split()
    return {word for word in words if re.fullmatch(r"-{0,2}\w[\w-]*", word)}


def check_shell(shell, folder):
    if not shutil.which(shell):
        print(f"{shell} is missing: its completion is not tried (apt-get install {shell})")
        return
    for typed, wanted, unwanted in TYPED:
        words = offered(shell, folder / f"{typed.split()[0]}.{shell}", typed)
        check(wanted <= words and not unwanted & words, f"{shell} offers {wanted}, not {unwanted}, for {typed!r}", words)


def test(args):
    for program, section in SECTIONS.items():
        binary = args.bin_dir / program
        pages = {"man": run(binary, "--man-page"), **{shell: run(binary, "--completion", shell) for shell in SHELLS}}
        for shell in SHELLS:
            (args.work_dir / f"{program}.{shell}").write_text(pages[shell])
        check(pages["man"].startswith(f".TH {program.upper()} {section} "), "the page is of its section", pages["man"][:80])
        check_man_page(pages["man"])
        commands, options = check_against_help(binary, pages)
        print(f"{program}({section}): {commands} commands, {options} options on every page")
    same = run(args.bin_dir / "pointsman", "completion", "bash")
    check(same == pages_of(args, "bash"), "`completion bash` prints the same", same)
    for shell in SHELLS:
        check_shell(shell, args.work_dir)


def pages_of(args, shell):
    return (args.work_dir / f"pointsman.{shell}").read_text()


if __name__ == "__main__":
    run_test(__doc__, test)

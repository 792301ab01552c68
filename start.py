"""One command to see it work, one to test it; needs nothing but Python 3.10-3.13 and a package registry.

    python start.py demo     install, train on five drawn photos, write a GIF and say where it is
    python start.py test     install, run the tests (more words go to pytest: python start.py test -k boxes)

Everything is installed into the folder .venv beside this file; delete it to start afresh. The text of this
file is understood by every Python since 2.7, so that an old one can say which one is needed.
"""

from __future__ import print_function

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(HERE, ".venv")
MADE_BY_US = os.path.join(VENV, "made-by-start-py.json")
OLDEST, NEWEST = (3, 10), (3, 13)
GIGABYTES = 4.0  # TensorFlow unpacked, its download in pip's cache, and room to work
EXTRAS = {"demo": [], "test": ["test", "notebooks", "jax", "heic"]}
# All tests, on two processes that take a file each in turn; words of the user's own stand alone.
ALL_TESTS = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]
QUIET_TENSORFLOW = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}

NETWORK_SIGNS = (
    "NewConnectionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "Temporary failure in name resolution",
    "Could not fetch URL",
    "ProxyError",
    "SSLError",
    "CERTIFICATE_VERIFY_FAILED",
    "Connection broken",
    "Connection refused",
    "Network is unreachable",
)


class CannotGoOn(Exception):
    """Something that a person must put right; the message says what."""


# ----------------------------------------------------------------------------------------------------- checks


def check_python(version=None):
    """Raise unless this Python is one that the package and TensorFlow have."""
    version = tuple(version or sys.version_info)[:2]
    if OLDEST <= version <= NEWEST:
        return
    wanted = "Python %d.%d to %d.%d" % (OLDEST + NEWEST)
    what = "too old" if version < OLDEST else "too new (TensorFlow has no build for it yet)"
    advice = "Install one of these, then run this again with it."
    other = find_other_python()
    if other:
        advice = "You have one: %s %s" % (other, " ".join(sys.argv))
    raise CannotGoOn(
        "This is Python %d.%d, which is %s: %s is needed.\n%s" % (version + (what, wanted, advice))
    )


def find_other_python():
    """The name of a fitting Python on the PATH, newest first, or None."""
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        for folder in os.environ.get("PATH", "").split(os.pathsep):
            name = "python3.%d" % minor
            if os.access(os.path.join(folder, name), os.X_OK) and answers(os.path.join(folder, name)):
                return name
    return None


def answers(python):
    """Whether this Python starts (version managers leave names on the PATH that do not)."""
    with open(os.devnull, "w") as nowhere:
        return subprocess.call([python, "-c", ""], stdout=nowhere, stderr=nowhere) == 0


def check_venv_module():
    """Raise where the system's Python comes without venv (Debian, Ubuntu)."""
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        name = "python%d.%d-venv" % sys.version_info[:2]
        raise CannotGoOn(
            "This Python cannot make virtual environments: its module venv or ensurepip is missing.\n"
            "On Debian and Ubuntu: sudo apt install %s" % name
        )


def check_disk(folder=HERE):
    """Raise unless there is room for the installation."""
    free = shutil.disk_usage(folder).free / 1e9
    if free < GIGABYTES:
        raise CannotGoOn(
            "The disk of %s has %.1f GB free; about %.0f GB are needed (TensorFlow is large).\n"
            "Make room, or move this folder to another disk." % (folder, free, GIGABYTES)
        )


# ---------------------------------------------------------------------------------------------------- install


def install(command):
    """Make .venv and install the package with what the command needs, unless that is done already."""
    extras = EXTRAS[command]
    done = read_stamp()
    if done.get("needs") == needs_now() and set(extras) <= set(done.get("extras", [])):
        return
    check_venv_module()
    check_disk()
    make_venv(done)
    keep = set(done.get("extras", [])) if done.get("python") == python_now() else set()
    extras = sorted(keep | set(extras))
    target = HERE + ("[%s]" % ",".join(extras) if extras else "")
    print("Installing into %s. TensorFlow is large: this takes 1 to 3 minutes, once." % VENV)
    pip("Updating pip", ["--upgrade", "pip"])
    pip("Installing", ["--editable", target])
    write_stamp({"needs": needs_now(), "extras": extras, "python": python_now()})


def make_venv(done):
    """Create .venv, or keep the one that is there if it was made by us with this Python."""
    if os.path.isdir(VENV) and not os.path.exists(MADE_BY_US):
        raise CannotGoOn(
            "There is a folder %s that this script did not make, so it is left alone.\n"
            "Move or delete it, then run this again." % VENV
        )
    if done.get("python") == python_now() and os.path.exists(venv_python()) and answers(venv_python()):
        return
    shutil.rmtree(VENV, ignore_errors=True)
    os.mkdir(VENV)
    write_stamp({"python": python_now()})
    run_with_spinner("Making a virtual environment", [sys.executable, "-m", "venv", VENV])


def pip(title, arguments):
    """Run pip install with one moving line; raise with an explanation if it fails."""
    command = [venv_python(), "-m", "pip", "install", "--disable-pip-version-check"]
    run_with_spinner(title, command + ["--progress-bar", progress_style()] + arguments)


def progress_style():
    """``raw`` prints counts for our own bar; pip has it since 24.1."""
    version = subprocess.check_output([venv_python(), "-m", "pip", "--version"], universal_newlines=True)
    found = re.match(r"pip (\d+)\.(\d+)", version)
    return "raw" if found and tuple(map(int, found.groups())) >= (24, 1) else "off"


def explain_pip(output):
    """The sentence for a failed installation, from what pip printed."""
    if "No space left on device" in output or "Errno 28" in output:
        return "The disk is full. About %.0f GB are needed; make room and run this again." % GIGABYTES
    missing = re.search(r"No matching distribution found for (\S+)", output)
    everywhere = missing and missing.group(1).startswith(("setuptools", "wheel"))  # every registry has these
    if everywhere or any(sign in output for sign in NETWORK_SIGNS):
        return (
            "The package registry cannot be reached. Check the network and run this again.\n"
            "Behind a proxy set HTTPS_PROXY; with a registry of your own set PIP_INDEX_URL."
        )
    if missing:
        return (
            "The package registry has no %s for this Python and machine.\n"
            "A 64-bit Python %d.%d to %d.%d is needed, on Linux (glibc), macOS or Windows;\n"
            "if the registry is one of your own (PIP_INDEX_URL), it lacks the package."
            % ((missing.group(1),) + OLDEST + NEWEST)
        )
    return "The installation failed. The lines above are the end of what pip said."


# ---------------------------------------------------------------------------------------- running and telling


def run_with_spinner(title, command):
    """Run a command; show its newest line and the seconds passed; raise if it fails."""
    lines, bar, started = [], {}, time.time()
    try:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            universal_newlines=True,
            errors="replace",
        )
    except OSError as error:
        raise CannotGoOn("%s failed: %s cannot be started (%s)." % (title, command[0], error))
    reader = threading.Thread(target=collect, args=(process.stdout, lines, bar))
    reader.start()
    while reader.is_alive():
        show(title, lines, bar, time.time() - started)
        reader.join(0.2 if sys.stdout.isatty() else 10)
    code = process.wait()
    clear_line()
    print("%s: %s, %.0f s." % (title, "failed" if code else "done", time.time() - started))
    if code:
        output = "\n".join(lines)
        print("\n".join("    " + line for line in lines[-12:]))
        raise CannotGoOn(explain_pip(output))


def collect(stream, lines, bar):
    """Gather a process's output line by line; keep pip's count of downloaded bytes apart, in ``bar``."""
    for line in stream:
        count = re.match(r"Progress (\d+) of (\d+)", line)
        bar.clear()
        if count:
            bar.update(done=int(count.group(1)), total=int(count.group(2)))
        elif line.strip():
            lines.append(line.rstrip())


def show(title, lines, bar, seconds):
    """Draw the moving line; where the output is not a terminal, a plain line every ten seconds."""
    text = "%s %4.0f s  %s%s" % (title, seconds, draw_bar(dict(bar)), shorten(lines[-1] if lines else ""))
    if sys.stdout.isatty():
        width = shutil.get_terminal_size().columns - 3
        sys.stdout.write("\r%s %s" % ("|/-\\"[int(seconds * 5) % 4], text[:width].ljust(width)))
        sys.stdout.flush()
    elif seconds > 5:
        print(text[:110], flush=True)


def draw_bar(bar, width=20):
    """A bar of ``#`` for a count of bytes; empty when nothing is being counted."""
    if not bar.get("total"):
        return ""
    share = min(1.0, bar["done"] / bar["total"])
    return "[%s] %3.0f%%  " % (("#" * int(width * share)).ljust(width, "."), 100 * share)


def shorten(line):
    """Make pip's long lines fit for a line of progress."""
    line = re.sub(r"\s+", " ", line).strip()
    if line.startswith("Installing collected packages:"):
        return "unpacking %d packages" % (line.count(",") + 1)
    return re.sub(r"https?://\S+/", "", line)


def clear_line():
    if sys.stdout.isatty():
        sys.stdout.write("\r%s\r" % (" " * (shutil.get_terminal_size().columns - 1)))


# -------------------------------------------------------------------------------------------- small questions


def venv_python():
    return os.path.join(VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))


def python_now():
    return "%d.%d" % sys.version_info[:2]


def needs_now():
    """A fingerprint of what is to be installed: it changes when setup.py does, or the Python."""
    with open(os.path.join(HERE, "setup.py"), "rb") as file:
        return python_now() + " " + hashlib.sha256(file.read()).hexdigest()


def read_stamp():
    try:
        with open(MADE_BY_US) as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


def write_stamp(content):
    with open(MADE_BY_US + ".part", "w") as file:
        json.dump(content, file)
    os.replace(MADE_BY_US + ".part", MADE_BY_US)


# --------------------------------------------------------------------------------------------------- commands


def run(command, more):
    """Install, then hand over to the demo or to pytest; returns its exit status."""
    install(command)
    if command == "demo":
        arguments = ["-m", "tflhelpers"] + more
    else:
        arguments = ["-m", "pytest"] + (more or ALL_TESTS)
    environment = dict(os.environ, **QUIET_TENSORFLOW)
    return subprocess.call([venv_python()] + arguments, cwd=HERE, env=environment)


def main(arguments):
    try:
        check_python()
        if not arguments or arguments[0] not in EXTRAS:
            print(__doc__)
            return 0 if arguments in (["-h"], ["--help"]) else 2
        return run(arguments[0], arguments[1:])
    except CannotGoOn as reason:
        print("\n%s" % reason)
    except OSError as error:
        print("\nThis folder cannot be worked in: %s" % error)
    except KeyboardInterrupt:
        print("\nStopped. Run the same command to go on.")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

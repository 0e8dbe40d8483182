"""Runs stages of the checks, which are commands of the Makefile, and sums up: how long each took, and what was skipped.

    python scripts/stages.py lint unit long notebook-tests
    python scripts/stages.py --minutes 20 full one-framework     leaves out a stage that would not be done in time

The first stage that fails ends it. What follows the stages as NAME=VALUE is passed on to make.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A line of pytest's summary about skipped tests (-ra), or of scripts/notebook_tests.py about notebooks.
SKIPPED = re.compile(r"^(?:SKIPPED \[\d+\] .*|Skipped, .*)$", re.MULTILINE)


def usual() -> dict[str, tuple[str, float]]:
    """Command → what it does and how many minutes it takes on two idle cores, as the Makefile's own help says."""
    found = re.findall(r"^([a-z-]+):.*?## (.*); ([\d.]+) min$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    return {name: (what, float(minutes)) for name, what, minutes in found}


def run(stage: str, variables: list[str]) -> tuple[int, str]:
    """Runs one stage, shows what it says as it says it, and returns its status and all that was said."""
    command = ["make", "--no-print-directory", "--silent", stage, *variables]
    said = b""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        while part := os.read(process.stdout.fileno(), 2**16):  # not by lines: dots are progress
            sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
            said += part
    return process.returncode, said.decode(errors="replace")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="how long it may take; default: any time")
    parser.add_argument("stages", nargs="+", help="commands of the Makefile, then NAME=VALUE for make")
    options = parser.parse_args()
    stages = [one for one in options.stages if "=" not in one]
    variables = [one for one in options.stages if "=" in one]
    about, begun = usual(), time.monotonic()
    if unknown := [stage for stage in stages if stage not in about]:
        parser.error(f"no stage {unknown[0]!r}; the stages are {', '.join(about)}")
    lines, skipped, status = [], [], 0
    for number, stage in enumerate(stages, start=1):
        what, minutes = about[stage]
        left = options.minutes - (time.monotonic() - begun) / 60
        if status:
            lines.append(f"  {stage:16} not run")
        elif minutes > left:
            lines.append(f"  {stage:16} left out: it takes {minutes:g} min, and {max(left, 0):.0f} are left")
        else:
            print(f"\n== {number} of {len(stages)}: {stage}: {what}; {minutes:g} min", flush=True)
            start = time.monotonic()
            status, said = run(stage, variables)
            lines.append(f"  {stage:16} {'FAILED after ' if status else ''}{time.monotonic() - start:.0f} s")
            skipped += [f"  {stage}: {line}" for line in SKIPPED.findall(said.replace("\r", ""))]
    print("\n== " + (f"{(time.monotonic() - begun) / 60:.1f} min" if not status else "FAILED"))
    print("\n".join(lines))
    if skipped:
        print("Skipped:", *dict.fromkeys(skipped), sep="\n")
    sys.exit(status)


if __name__ == "__main__":
    main()

"""Trains shipped recipes over ten seeds with the monitor watching: whatever it tells of these runs is a false alarm.

    python benchmarks/monitor.py                                  # ring, grid, dcgan-digits in both frameworks; hours
    python benchmarks/monitor.py ring --backend torch --seeds 3
    python benchmarks/monitor.py --share 0.2                      # the first fifth of each recipe's steps

Each finished run becomes a line of _build/monitor.jsonl (--results names another file), and is not run again: the
command can be stopped at any time and given again. Then it prints, for each recipe and framework, the false alarms,
what the monitor costs, and the extremes over all looks of what it measures, beside which its thresholds are set.
"""

import argparse
import collections
import json
import time
from pathlib import Path

import ganlib
from ganlib.monitor import EVEN, SATURATED, Monitor

LOWEST, HIGHEST = min, max


class Timed(Monitor):
    """A monitor that knows how long it took."""

    seconds = 0.0

    def _time(self, method, *arguments):
        start = time.perf_counter()
        method(*arguments)
        self.seconds += time.perf_counter() - start

    def on_start(self, trainer):
        """As in Monitor."""
        self._time(super().on_start, trainer)

    def on_step(self, trainer, metrics):
        """As in Monitor."""
        self._time(super().on_step, trainer, metrics)


def run(backend: str, name: str, seed: int, steps: int) -> dict:
    """Trains once and returns what the monitor told and measured."""
    recipe = ganlib.recipe(name)
    data = ganlib.data.load(recipe)
    trainer = ganlib.backend(backend).Trainer(recipe, seed)
    monitor = Timed(data=data)
    start = time.perf_counter()
    trainer.fit(data, steps=steps, callbacks=[monitor], progress=False)
    return {
        **{"backend": backend, "recipe": name, "seed": seed, "steps": steps},
        **{"seconds": time.perf_counter() - start, "monitor_seconds": monitor.seconds},
        **{"findings": [finding.sentence for finding in monitor.findings], "looks": monitor.looks},
    }


def extremes(runs: list[dict]) -> dict[str, float]:
    """The worst that any look at these runs measured, from each threshold's point of view."""
    even = EVEN[ganlib.recipe(runs[0]["recipe"]).loss]
    looks = [look for run in runs for look in run["looks"]]
    columns = {
        "d_loss": (LOWEST, lambda look: look["d_loss"] / even[0]),
        "g_loss": (LOWEST, lambda look: abs(look["g_loss"])),
        "gap": (LOWEST, lambda look: look["d_real"] - look["d_fake"]),
        "slope": (LOWEST, lambda look: look["slope"]),
        "spread": (LOWEST, lambda look: look["spread"]),
        "widest": (HIGHEST, lambda look: look["spread"]),
        "modes": (LOWEST, lambda look: look.get("modes", float("nan"))),
        "distance": (HIGHEST, lambda look: look["distance"]),
        "norms": (HIGHEST, lambda look: max(look["generator_norm"], look["discriminator_norm"])),
        "logit": (HIGHEST, lambda look: look["logit"]),
    }
    return {name: which(map(value, looks)) for name, (which, value) in columns.items()}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipes", nargs="*", default=["ring", "grid", "dcgan-digits"])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--share", type=float, default=1.0, help="of each recipe's steps")
    parser.add_argument("--backend", choices=ganlib.available(), default=None, help="default: every one installed")
    parser.add_argument("--results", type=Path, default=Path("_build/monitor.jsonl"))
    options = parser.parse_args()
    options.results.parent.mkdir(parents=True, exist_ok=True)
    kept = options.results.read_text().splitlines() if options.results.exists() else []
    done = {key(result): result for result in map(json.loads, kept)}
    for backend in [options.backend] if options.backend else ganlib.available():
        for name in options.recipes:
            steps = round(options.share * ganlib.recipe(name).steps)
            for seed in range(options.seeds):
                if (backend, name, seed, steps) in done:
                    continue
                result = run(backend, name, seed, steps)
                done[key(result)] = result
                with options.results.open("a") as file:
                    file.write(json.dumps(result) + "\n")
                print(f"{name}, {backend}, seed {seed}: {result['seconds']:.0f} s, {result['findings']}", flush=True)

    groups = collections.defaultdict(list)
    for result in done.values():
        groups[result["recipe"], result["backend"], result["steps"]].append(result)
    print(f"\nD's loss is in shares of the even one ({SATURATED} counts as saturated), spreads in the data's.")
    print(f"{'recipe':<13} {'framework':<11} {'steps':>5} {'runs':>4} {'alarms':>6} {'cost':>6}", end="")
    print("".join(f" {name:>9}" for name in extremes(next(iter(groups.values())))))
    for (name, backend, steps), runs in sorted(groups.items()):
        alarms = sum(len(result["findings"]) for result in runs)
        cost = sum(result["monitor_seconds"] for result in runs) / sum(result["seconds"] for result in runs)
        print(f"{name:<13} {backend:<11} {steps:>5} {len(runs):>4} {alarms:>6} {cost:>6.1%}", end="")
        print("".join(f" {value:>9.3g}" for value in extremes(runs).values()))


def key(result: dict) -> tuple:
    """What tells one run from another."""
    return result["backend"], result["recipe"], result["seed"], result["steps"]


if __name__ == "__main__":
    main()

"""The trainer that runs in the page: its speed beside NumPy's, and ten seeds of `ring-page`, in Chromium on one core.

    python benchmarks/page_trainer.py                 # all: three minutes on a core that does nothing else
    python benchmarks/page_trainer.py --only speed
    python benchmarks/page_trainer.py --table         # what was measured, as the book shows it

A Worker takes the steps. For the speed, blocks of steps in the page and of the same steps in NumPy, on one thread, take
turns, and each ratio is of neighbours in time. A seed of `ring-page` is scored at every 500 steps. Seconds are those of
the processor, as the browser and Python count them, so that other work on the machine hardly counts. A row that is
there is not measured again, unless --again asks for it.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read by NumPy when it is loaded

import numpy as np
import recording

import ganlib
from ganlib import initialise, ledger
from ganlib.reference import losses
from ganlib.teaching.interactive import engine

NAME = "page_trainer"
ABOUT = (
    "The trainer in JavaScript in Chromium: seconds a step beside those of the same step in NumPy, one value a block, "
    "the blocks taking turns; and for ten seeds of ring-page its scores at every 500 steps."
)
COMMAND = "python benchmarks/page_trainer.py"
SPEED = ("ring", "ring-stable", "ring-page")
PAGE = "ring-page"
SEEDS = range(10)
EVERY = 500  # steps from one score to the next
BLOCK, BLOCKS, WARM_UP = 0.5, 11, 2  # seconds of a block in the page, pairs of blocks, and pairs that do not count
SAMPLES = 2500

# A Worker that answers messages, one at a time.
BEGIN = """source => {
  const answer = `onmessage = async ({ data: [what, given] }) => postMessage(await run[what](given)); let trainer;
  const run = {
    start: ([recipe, seed]) => { trainer = new Trainer(recipe, seed, loadPoints(recipe.data).points); return 0; },
    steps(count) {
      const found = [];
      for (let i = 0; i < count; i++) {
        const { d_loss, g_loss } = trainer.step();
        found.push([d_loss, g_loss]);
      }
      return found;
    },
    sample: ([n, seed]) => [...trainer.sample(n, seed)],
  };`;
  const worker = new Worker(URL.createObjectURL(new Blob([source + answer])));
  window.ask = (what, given) => new Promise((done, fail) => {
    worker.onmessage = ({ data }) => done(data);
    worker.onerror = ({ message }) => fail(new Error(message));
    worker.postMessage([what, given]);
  });
}"""


class Page:
    """A trainer in a Worker of a browser's page."""

    def __init__(self, browser: Any) -> None:
        self.session = browser.new_browser_cdp_session()
        self.page = browser.new_page()
        self.page.set_default_timeout(0)
        self.page.evaluate(BEGIN, engine.source())

    def ask(self, what: str, given: Any) -> Any:
        """What the Worker answers."""
        return self.page.evaluate("([what, given]) => ask(what, given)", [what, given])

    def start(self, recipe: ganlib.Recipe, seed: int) -> None:
        """Makes a trainer on the recipe's data."""
        self.ask("start", [json.loads(recipe.to_json()), seed])

    def steps(self, count: int) -> float:
        """Takes steps; the seconds that they took."""
        begin = self.busy()
        self.ask("steps", count)
        return self.busy() - begin

    def busy(self) -> float:
        """The seconds that pages have kept a processor busy."""
        found = self.session.send("SystemInfo.getProcessInfo")["processInfo"]
        return sum(process["cpuTime"] for process in found if process["type"] == "renderer")

    def close(self) -> None:
        """Ends the Worker."""
        self.page.close()


class Numpy:
    """The same steps in NumPy, for what the recipes of SPEED need: dense networks, one step of D, R1 and R2, Adam."""

    def __init__(self, recipe: ganlib.Recipe, seed: int) -> None:
        self.recipe, self.streams, self.done = recipe, initialise.streams(seed), 0
        self.points = ganlib.data.load(recipe).samples.astype(np.float64)
        self.batches = initialise.Batches(self.streams["batches"], recipe.batch_size)
        self.players: dict[str, Dense] = {}
        for player, draw in (("g", initialise.generator_weights), ("d", initialise.discriminator_weights)):
            name = {"g": "generator", "d": "discriminator"}[player]
            weights = list(draw(recipe, self.streams[f"{name}_weights"]).values())
            octaves, slope = (getattr(recipe, f"{name}_{field}") for field in ("octaves", "slope"))
            self.players[player] = Dense(weights, octaves, slope, getattr(recipe, f"{name}_optimiser"))
        self.average = [weight.copy() for weight in self.players["g"].weights]
        self.loss = losses.get(recipe.loss)

    def step(self) -> tuple[float, float]:
        """One alternating step; D's loss and G's."""
        recipe, g, d = self.recipe, self.players["g"], self.players["d"]
        draws = initialise.draw(recipe, self.streams, self.done)
        real, n = self.points[self.batches.next(len(self.points))], recipe.batch_size
        logits = d.forward(np.concatenate([real, g.forward(draws["latents"][0])]))[:, 0]
        d_loss = self.loss.discriminator(logits[:n], logits[n:])
        share = np.concatenate(self.loss.discriminator_gradient(logits[:n], logits[n:]))
        d.backward(np.ones((2 * n, 1)))
        weight = np.zeros(2 * n)  # of each row's penalty
        weight[: n if recipe.penalty == "r1" else 2 * n] = draws["penalty_weight"] / n
        d.apply(d.penalised(share, weight), float(draws["progress"]))
        fake = g.forward(draws["latents"][1])
        logits = d.forward(np.concatenate([real, fake]))[:, 0]
        g_loss = self.loss.generator(logits[:n], logits[n:])
        d.backward(np.concatenate([np.zeros(n), self.loss.generator_gradient(logits[:n], logits[n:])[1]])[:, None])
        g.backward(d.to_inputs()[n:])
        g.apply(g.gradient(), float(draws["progress"]))
        decay = recipe.moving_average
        self.average = [decay * a + (1 - decay) * w for a, w in zip(self.average, g.weights, strict=True)]
        self.done += 1
        return d_loss, g_loss

    def steps(self, count: int) -> float:
        """Takes steps; the seconds that they took."""
        begin = time.process_time()
        for _ in range(count):
            self.step()
        return time.process_time() - begin


class Dense:
    """One player's network with its derivatives, which `networks.js` explains, and its Adam."""

    def __init__(self, weights: list[np.ndarray], octaves: int, slope: float, settings: ganlib.Optimiser) -> None:
        self.weights, self.octaves, self.slope, self.settings = weights, octaves, slope, settings
        self.kernels, self.biases, self.count = weights[::2], weights[1::2], 0
        self.m, self.v = ([np.zeros_like(weight) for weight in weights] for _ in range(2))

    def forward(self, x: np.ndarray) -> np.ndarray:
        """The outputs (n, outputs)."""
        self.waves = [(2**k, np.sin(2**k * x), np.cos(2**k * x)) for k in range(self.octaves)]
        self.h = [np.concatenate([x, *(wave for _, *pair in self.waves for wave in pair)], axis=1)]
        for kernel, bias in zip(self.kernels, self.biases, strict=True):
            self.h.append(self.h[-1] @ kernel + bias)
            if len(self.h) <= len(self.kernels):
                self.h[-1] = np.where(self.h[-1] > 0, self.h[-1], self.slope * self.h[-1])
        return self.h[-1]

    def bend(self, values: np.ndarray, layer: int) -> np.ndarray:
        """Times the activation's derivative."""
        return values * np.where(self.h[layer] > 0, 1.0, self.slope)

    def backward(self, by_outputs: np.ndarray) -> None:
        """The derivatives d by each layer's values before its activation."""
        self.d = [by_outputs]
        for layer in range(len(self.kernels) - 1, 0, -1):
            self.d.insert(0, self.bend(self.d[0] @ self.kernels[layer].T, layer))

    def to_inputs(self) -> np.ndarray:
        """The derivatives by the inputs."""
        first, *waves = np.split(self.d[0] @ self.kernels[0].T, 1 + 2 * self.octaves, axis=1)
        for (k, sine, cosine), by_sine, by_cosine in zip(self.waves, waves[::2], waves[1::2], strict=True):
            first = first + k * (by_sine * cosine - by_cosine * sine)
        return first

    def gradient(self) -> list[np.ndarray]:
        """The gradient in all weights."""
        pairs = ((h.T @ d, d.sum(axis=0)) for h, d in zip(self.h, self.d, strict=False))
        return [part for pair in pairs for part in pair]

    def penalised(self, share: np.ndarray, weight: np.ndarray) -> list[np.ndarray]:
        """The gradient of the loss, which has a `share` for each logit, and of weight/2 · ‖∂logit/∂x‖² of each row."""
        v = weight[:, None] * self.to_inputs()
        t = [np.concatenate([v, *(k * w for k, s, c in self.waves for w in (c * v, -s * v))], axis=1)]
        for layer, kernel in enumerate(self.kernels[:-1], start=1):
            t.append(self.bend(t[-1] @ kernel, layer))
        found = []
        for h, along, d in zip(self.h, t, self.d, strict=False):
            found += [(share[:, None] * h + along).T @ d, share @ d]
        return found

    def apply(self, gradient: list[np.ndarray], progress: float) -> None:
        """A step of Adam, in place."""
        own, self.count = self.settings, self.count + 1
        rate = own.rate * (1 + (own.rate_end - 1) * progress)
        first, second = 1 - own.beta1**self.count, 1 - own.beta2**self.count
        for weight, m, v, g in zip(self.weights, self.m, self.v, gradient, strict=True):
            m *= own.beta1
            m += (1 - own.beta1) * g
            v *= own.beta2
            v += (1 - own.beta2) * g * g
            weight -= rate / first * m / (np.sqrt(v / second) + own.epsilon)


@contextmanager
def chromium() -> Iterator[Any]:
    """A headless browser."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def speed(browser: Any, name: str) -> dict[str, Any]:
    """Seconds a step in the page and in NumPy, block by block, and their ratios."""
    page, recipe = Page(browser), ganlib.recipe(name)
    page.start(recipe, 0)
    own, seconds, block = Numpy(recipe, 0), [], 10
    for _ in range(WARM_UP + BLOCKS):
        seconds.append((page.steps(block) / block, own.steps(block) / block))
        block = max(2, round(BLOCK / max(seconds[-1][0], 1e-4)))
    page.close()
    in_page, in_numpy = np.array(seconds[WARM_UP:]).T
    ratios = in_numpy / in_page
    found = {"page_seconds": in_page.round(6).tolist(), "numpy_seconds": in_numpy.round(6).tolist()}
    found |= {"ratio": float(np.median(ratios)), "ratio_lowest": float(ratios.min())}
    return {**found, "ratio_highest": float(ratios.max()), "browser": browser.version}


def quality(browser: Any, seed: int) -> dict[str, Any]:
    """A whole run of `ring-page`: steps, seconds, modes, good samples and reverse KL at every 500 steps."""
    page, recipe = Page(browser), ganlib.recipe(PAGE)
    data, looks, seconds = ganlib.data.load(recipe, n=8), [], 0.0
    assert data.centers is not None
    assert data.std is not None
    page.start(recipe, seed)
    for step in range(EVERY, recipe.steps + 1, EVERY):
        seconds += page.steps(EVERY)
        found = ganlib.metrics.mode_coverage(
            np.reshape(page.ask("sample", [SAMPLES, 1]), (-1, 2)), data.centers, data.std
        )
        scores = {"modes": int(found.modes), "good_percent": float(found.good_percent)}
        looks.append({"step": step, "seconds": round(seconds, 2), **scores, "reverse_kl": float(found.reverse_kl)})
    page.close()
    for look in looks:
        look["reverse_kl"] = None if np.isinf(look["reverse_kl"]) else look["reverse_kl"]
    return {"looks": looks, "browser": browser.version}


def table() -> str:
    """What was measured, in Markdown."""
    lines = ["| Recipe | steps a second in the page | in NumPy | ratio (spread) |", "|:--|--:|--:|--:|"]
    rows = ledger.load(NAME).rows
    for row in [row for row in rows if row["key"]["what"] == "speed"]:
        result = row["result"]
        page, own = (1 / np.median(result[f"{where}_seconds"]) for where in ("page", "numpy"))
        spread = f"{result['ratio_lowest']:.2f} to {result['ratio_highest']:.2f}"
        lines.append(f"| `{row['key']['recipe']}` | {page:.0f} | {own:.0f} | {result['ratio']:.2f} ({spread}) |")
    lines += ["", f"| `{PAGE}` after | seeds with all modes | good samples | seconds |", "|:--|--:|--:|--:|"]
    runs = [row["result"]["looks"] for row in rows if row["key"]["what"] == "quality"]
    for looks in zip(*runs, strict=True):
        whole = sum(look["modes"] == 8 for look in looks)
        good, seconds = ([look[what] for look in looks] for what in ("good_percent", "seconds"))
        spans = f"{min(good):.0f} to {max(good):.0f} % | {min(seconds):.0f} to {max(seconds):.0f}"
        lines.append(f"| {looks[0]['step']:,} steps | {whole} of {len(looks)} | {spans} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("speed", "quality"))
    parser.add_argument("--seeds", type=int, default=len(SEEDS))
    parser.add_argument("--again", action="store_true", help="measure also what the ledger has")
    parser.add_argument("--table", action="store_true")
    options = parser.parse_args()
    if options.table:
        print(table())
        return
    keys: list[dict[str, Any]] = [{"what": "speed", "recipe": name} for name in SPEED]
    keys += [{"what": "quality", "recipe": PAGE, "seed": seed} for seed in range(options.seeds)]
    done = [] if options.again else [row["key"] for row in recording.rows(NAME)]
    with chromium() as browser:
        for key in keys:
            if key in done or options.only not in (None, key["what"]):
                continue
            start = time.perf_counter()
            fast = key["what"] == "speed"
            result = speed(browser, key["recipe"]) if fast else quality(browser, key["seed"])
            seconds = time.perf_counter() - start
            recording.record(NAME, ABOUT, COMMAND, key, result, {"name": key["recipe"]}, seconds)
            print(key, result["ratio"] if fast else result["looks"][-1], f"{seconds:.0f} s", flush=True)
    print(table())


if __name__ == "__main__":
    main()

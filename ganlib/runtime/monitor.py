"""Watches a training and says in a sentence what goes wrong, when, and what is usually done.

    >>> monitor = ganlib.monitor.Monitor(data=data)
    >>> trainer.fit(data, callbacks=[monitor])
    >>> monitor.findings
    [Finding(step=2000, kind="collapse", sentence="Step 2000: collapse, G's samples lie at 1.2 of the data's 8 …")]

A generator that jumps from one mode to the next keeps both losses at those of a finished training (2 log 2 and log 2).
So the monitor also looks at samples of G at fixed latents; of G itself, for its moving average hides the jumping.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np

from ganlib import arguments
from ganlib.data import Data
from ganlib.metrics.scores import squared_distances
from ganlib.recipe import Recipe
from ganlib.reference import losses
from ganlib.runtime.files import Json
from ganlib.runtime.trainer import BaseTrainer

SAMPLES = 256  # of G and of the data; enough to find 25 modes, and a hundredth of what 100 steps generate
SEED = 20_140_610  # of the monitor's own latents and choice of data: the trainer's streams are not touched
# A finding is reported when PATIENCE looks in a row agree, over at least LASTING steps, EXAMPLES samples and a SHARE of
# the recipe's steps, and is gone when as many looks do not. A young G may be anywhere: three of ten healthy ones lay at
# under half of the grid's modes at step 100, none at 200; on images, with a fast D or batches of one, some drew one
# blot for hundreds of steps, and two of ten of pytorch-tutorial on shapes for over a thousand, an eighth of the run.
PATIENCE = 3
LASTING = 300
EXAMPLES = 3_000
SHARE = 0.25
PLAYERS = ("generator", "discriminator")

# The thresholds. Beside each the extreme over looks at healthy runs (benchmarks/monitor.py: ring, grid and
# dcgan-digits, ten seeds, from step 200 on; each look a mean over 100 steps), and what tests/test_monitor.py's broken
# runs show. Each stands between the two with room on both sides; on other images young healthy players come below
# SATURATED and COLLAPSED too, and only lasting tells them from broken ones.
SATURATED = 0.02  # D's loss, in shares of the even one. Healthy: above 0.5. Broken: 1e-4.
VANISHED = 0.01  # slope of G's loss in D's logits, of at most 1. Healthy: above 0.6. Broken: 1e-5.
FOOLED = 0.5  # mean logit of fakes above that of real samples. Healthy: never above. Broken: above 5.
COLLAPSED = 0.1  # spread of the samples in that of the data. Healthy: above 0.85. Broken: 0.06 and less.
MODES = 0.5  # modes that the samples lie at, in shares of the data's. Healthy: above 0.8. Broken: below 0.4.
# Change of D's logits on the way from a sample to the data, by its slope. Broken: 0. A D that has nothing left to tell
# is nearly flat too (0.03 on the ring), so it counts only where the samples are FAR.
FLAT = 0.01
FAR = 0.15  # energy distance to the data, from 0 to 1, of samples that are no good. Healthy: below 0.09. Broken: 0.3.
STEP = 0.1  # of the way from a sample to the data, over which D's slope is measured
BETTER = 0.9  # of the best distance up to some looks ago: what counts as progress
PLATEAU = 0.05  # how near to the even losses, in shares of D's, both losses lie on the plateau
GROWN = 8.0  # norm of a player's weights in that at the start. Healthy: below 1.8 in 3,000 steps. Broken: 9 and more.
# Healthy: below 60; of source-002, whose D grows ever more certain of what is real, up to 237. Broken: 1,000 and more.
LARGE_LOGIT = 300.0  # of a mean logit
BLOWN_UP = 5.0  # spread of the samples in that of the data. Healthy: below 1.2. Broken: 7 and more.
SMALL_SCALE = 0.1  # root mean square of a batch normalisation's initial scales. Healthy: 1. The mistake: 0.02.


@dataclass(frozen=True)
class Finding:
    """Something that goes wrong in a training.

    Its kind is "discriminator saturated", "vanishing gradients", "discriminator fooled", "collapse", "plateau",
    "divergence" or "small scales".
    """

    step: int  # where it was reported
    kind: str
    sentence: str  # what is seen, when, and what is usually done


class Monitor:
    """A callback for `fit` that says what goes wrong in one run, which is the same to the bit with and without it.

    Args:
        every: steps from one look to the next; losses and logits are averaged over them.
        data: what `fit` was given. Without it collapse is judged by the spread of earlier samples, and modes, the
            plateau, a flat D and samples that blow up go unseen.
        say: called with each finding's sentence; None keeps quiet. Beside a progress bar use tqdm.write.

    Attributes:
        findings: a list of `Finding`, each reported once, and again only after it went away: small scales and
            divergence as soon as they are seen, the others when they have lasted for three looks, 300 steps, 3,000
            samples and a quarter of the recipe's steps.
        looks: a list of dicts, what each look measured.
    """

    def __init__(
        self, every: int = 100, data: Data | np.ndarray | None = None, say: Callable[[str], object] | None = print
    ) -> None:
        if say is not None and not callable(say):
            raise TypeError(f"say must be a function that takes a sentence, print for example, or None, not {say!r}.")
        self.every, self.data, self.say = arguments.whole("every", every, 1), data, say
        self.findings: list[Finding] = []
        self.looks: list[dict[str, float]] = []
        self._rows: list[Mapping[str, float]] = []
        self._seen: dict[str, int] = {}  # kind → looks in a row that saw it
        self._missed: dict[str, int] = {}  # kind → looks in a row that did not, for what was reported
        self._centers: np.ndarray | None = getattr(data, "centers", None)
        self._trainer: BaseTrainer | None = None

    def on_start(self, trainer: BaseTrainer) -> None:
        """Looks at the start; goes on where it was if `fit` is called again."""
        if self._trainer is trainer:
            return
        if self._trainer is not None:
            raise ValueError("This Monitor has watched another trainer. Make a new one for each run.")
        self._trainer = trainer
        recipe, weights = trainer.recipe, trainer.weights()
        self._loss = losses.get(recipe.loss) if trainer.loss is None else None  # nothing is known of one's own
        self._held = recipe.penalty != "none" or recipe.discriminator_norm == "spectral"
        self._patience = patience(recipe, self.every)
        rng = np.random.default_rng(SEED)
        self._latents = rng.standard_normal((SAMPLES, recipe.latent))
        self._real: np.ndarray | None = None
        if self.data is not None:
            real = trainer.check_samples(self.data, minimum=2)
            self._real = _flat(real[rng.permutation(len(real))[:SAMPLES]])
            self._real_spread = _spread(self._real)
        self._norms = _norms(weights)  # of the players at the start
        if trainer.steps_done == 0:
            self._look_at_scales(weights)

    def on_step(self, trainer: BaseTrainer, metrics: Mapping[str, float]) -> None:
        """Takes the step's metrics, and at each `every`-th step a look."""
        self._rows.append(metrics)
        if trainer.steps_done % self.every == 0:
            self._take(self._look(trainer))

    def state(self) -> Json:
        """What `restore` takes, as JSON can hold it."""
        return {"findings": [asdict(finding) for finding in self.findings], "looks": self.looks, "norms": self._norms}

    def restore(self, trainer: BaseTrainer, state: Json) -> None:
        """Makes a new monitor go on where the trainer does, as if it had watched what the one with this state did."""
        self.on_start(trainer)
        done, say, self.say = trainer.steps_done, self.say, None
        self._norms = {player: float(state["norms"][player]) for player in self._norms}
        for look in state["looks"]:
            if look["step"] <= done:
                self._take(look)
        self.findings = [Finding(**finding) for finding in state["findings"] if finding["step"] <= done]
        history, self.say = trainer.history, say
        since = range(done - done % self.every, done)
        self._rows = [{name: float(values[step]) for name, values in history.items()} for step in since]

    def _take(self, look: dict[str, float]) -> None:
        self.looks.append(look)
        found = self._judge(look)
        needed = {kind: 1 if kind == "divergence" else self._patience for kind in found.keys() | self._seen.keys()}
        for kind, sentence in found.items():
            self._missed[kind], self._seen[kind] = 0, self._seen.get(kind, 0) + 1
            if self._seen[kind] == needed[kind]:
                self._tell(int(look["step"]), kind, sentence)
        for kind in self._seen.keys() - found.keys():
            self._missed[kind] += 1
            if self._missed[kind] >= self._patience or self._seen[kind] < needed[kind]:
                del self._seen[kind]

    def _tell(self, step: int, kind: str, sentence: str) -> None:
        self.findings.append(Finding(step, kind, f"Step {step}: {sentence}"))
        if self.say is not None:
            self.say(self.findings[-1].sentence)

    def _look(self, trainer: BaseTrainer) -> dict[str, float]:
        look = {"step": float(trainer.steps_done)}
        for name in self._rows[0]:
            values = np.array([row[name] for row in self._rows])
            look[name] = float(values.mean())
            if name in ("d_real", "d_fake"):
                look["logit"] = max(look.get("logit", 0.0), float(np.abs(values).max()))
        self._rows = []
        samples = _flat(trainer.generate(self._latents, averaged=False))
        look["sample_spread"] = _spread(samples)
        if self._real is not None:
            look["slope"] = _slope_of_d(trainer, samples, self._real)
            look["spread"] = look["sample_spread"] / self._real_spread
            across = float(_distances(samples, self._real).mean())
            look["distance"] = 1 - (look["sample_spread"] + self._real_spread) / (2 * across)
        if self._centers is not None:
            nearest = _distances(samples, np.asarray(self._centers, dtype=np.float64)).argmin(axis=1)
            shares = np.bincount(nearest, minlength=len(self._centers)) / len(samples)
            shares = shares[shares > 0]
            look["modes"] = float(np.exp(-(shares * np.log(shares)).sum())) / len(self._centers)
        for player, norm in _norms(trainer.weights()).items():
            look[f"{player}_norm"] = norm / self._norms[player]
        return look

    def _look_at_scales(self, weights: Mapping[str, Mapping[str, np.ndarray]]) -> None:
        scales = [(player, name) for player in PLAYERS for name in weights[player] if name.endswith(".scale")]
        for owner, name in scales:
            size = float(np.sqrt(np.square(weights[owner][name]).mean()))
            if size < SMALL_SCALE:
                seen = f"the {owner}'s {name} starts at {size:.2g} instead of about 1, which all but erases its layer"
                return self._tell(0, "small scales", f"{seen}; these scales are usually drawn around 1 (scale_mean=1).")

    def _judge(self, look: Mapping[str, float]) -> dict[str, str]:
        """What is wrong by this look: kind → sentence."""
        found: dict[str, str] = {}
        over = f"over the last {self.every} steps"
        d_loss, g_loss, d_real, d_fake = (look[name] for name in ("d_loss", "g_loss", "d_real", "d_fake"))

        if self._loss is not None and self._loss.even is not None:
            even_d, even_g = self._loss.even
            fooled = d_real - d_fake < -FOOLED
            if fooled:
                blame = "its labels or the sign of its loss look swapped"
                if d_loss > even_d:
                    blame = "it does not keep up: raise its rate, lower G's, and see that it is updated at all"
                found["discriminator fooled"] = (
                    f"D rates G's samples above the data, {d_fake:.3g} to {d_real:.3g} {over}; {blame}."
                )
            if d_loss < SATURATED * even_d and not fooled:
                found["discriminator saturated"] = (
                    f"D is saturated, it tells real from fake with certainty (loss {d_loss:.2g}, mean logits "
                    f"{d_real:.3g} and {d_fake:.3g} {over}); usually a penalty (penalty='r1'), instance noise or a "
                    "slower D helps."
                )
            slope = self._loss.slope(g_loss)
            if slope < VANISHED and not fooled:
                found["vanishing gradients"] = (
                    f"G's gradients vanish, the slope of its loss in D's logits is at most {slope:.2g} {over}; usually "
                    "the non-saturating loss (loss='nonsaturating') or a weaker D helps."
                )
            on_plateau = abs(d_loss - even_d) < PLATEAU * even_d and abs(g_loss - even_g) < PLATEAU * even_d
            earlier = [before["distance"] for before in self.looks[: -self._patience] if "distance" in before]
            if on_plateau and earlier and look["distance"] > max(FAR, BETTER * min(earlier)):
                found["plateau"] = (
                    f"the losses lie where D only guesses ({d_loss:.3f} and {g_loss:.3f}), but G's samples are far "
                    f"from the data (energy distance {look['distance']:.2g}) and not getting nearer, so this is no "
                    "success; usually D is too slow or too small, so raise its rate or width, or lower G's rate."
                )

        if look.get("slope", 1.0) < FLAT and look["distance"] > FAR and "vanishing gradients" not in found:
            found["vanishing gradients"] = (
                "G's gradients vanish, D is flat where G's samples lie: by its slope there a logit changes by "
                f"{look['slope']:.2g} on the way to the data; usually a weaker penalty, a slower D or leaky ReLUs in D "
                "help."
            )

        remedy = "usually a slower G, a penalty (penalty='r1') or packing (pack=2) helps."
        share, of = look.get("spread"), "the data's"
        if share is None:
            share, of = look["sample_spread"] / max(before["sample_spread"] for before in self.looks), "what it was"
        if self._centers is not None and look.get("modes", 1.0) < MODES:
            where = f"lie at {look['modes'] * len(self._centers):.1f} of the data's {len(self._centers)} modes"
            found["collapse"] = f"collapse, G's samples {where}; {remedy}"
        elif share < COLLAPSED:
            found["collapse"] = f"collapse, the spread of G's samples is {share:.1%} of {of}; {remedy}"

        signs = []
        grown = max(PLAYERS, key=lambda player: look[f"{player}_norm"])
        if look[f"{grown}_norm"] > GROWN:
            signs.append(f"the {grown}'s weights are {look[f'{grown}_norm']:.0f} times as large as at the start")
        if look["logit"] > LARGE_LOGIT:
            signs.append(f"D's mean logits reach {look['logit']:.2g}")
        if look.get("spread", 0.0) > BLOWN_UP:
            signs.append(f"G's samples spread {look['spread']:.0f} times as wide as the data")
        if signs:
            hold = "" if self._held else ", or hold D with a penalty (r1, wgan_gp) or spectral norms,"
            found["divergence"] = f"the training diverges, {' and '.join(signs)}; usually lower rates{hold} help."
        return found


def patience(recipe: Recipe, every: int = 100) -> int:
    """How many looks in a row, `every` steps apart, must see something before it is reported."""
    lasting = max(LASTING, EXAMPLES / recipe.batch_size, SHARE * recipe.steps)
    return max(PATIENCE, math.ceil(lasting / every))


def _slope_of_d(trainer: BaseTrainer, fake: np.ndarray, real: np.ndarray) -> float:
    """How much D's logit would change from a sample of G to one of the data, by its slope at the sample."""
    fake = fake[: len(fake) // trainer.recipe.pack * trainer.recipe.pack]
    moved = fake + STEP * (np.resize(real, fake.shape) - fake)
    labels = trainer.classes_in_turn(len(fake))  # for which `generate` made them
    before, after = (trainer.logits(x.reshape(-1, *trainer.recipe.shape), labels) for x in (fake, moved))
    return float(np.abs(after - before).mean() / STEP)


def _norms(weights: Mapping[str, Mapping[str, np.ndarray]]) -> dict[str, float]:
    """The Euclidean norm of all that each player learns; moving statistics are not learnt."""
    norms = {}
    for player in PLAYERS:
        learnt = [a for name, a in weights[player].items() if not name.endswith((".mean", ".variance", ".u"))]
        norms[player] = math.sqrt(sum(float(np.square(array, dtype=np.float64).sum()) for array in learnt)) or 1.0
    return norms


def _flat(samples: np.ndarray) -> np.ndarray:
    return samples.reshape(len(samples), -1).astype(np.float64)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt(squared_distances(a, b))


def _spread(samples: np.ndarray) -> float:
    return float(_distances(samples, samples).sum() / (len(samples) * (len(samples) - 1)))

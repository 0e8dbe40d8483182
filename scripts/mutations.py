"""Shows that the tests protect: breaks a copy of the package, one line at a time, and sees that a test then fails.

    python scripts/mutations.py              every mutation; some minutes
    python scripts/mutations.py NAME …       only these
    python scripts/mutations.py --list       their names and files

Each mutation is a mistake as people make them: a sign, an axis, a missing detach, an off-by-one. It is applied to a
copy of the repository, never to the package itself, and the tests that ought to catch it run there, all of which
`make test` runs too. First they all must pass on a copy that nobody broke. A mutation that no test catches needs a new
test, and one whose line is gone from the package a new line: both end this command with status 1.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TOGETHER = 2  # mutations that are tried at once, each in a process of one thread
IN_MAKE_TEST = "not thorough"


class Mutation(NamedTuple):
    """One line of the package, how it is broken, and the tests that ought to notice."""

    file: str  # under ganlib/
    old: str
    new: str
    tests: Sequence[str]  # under tests/
    backend: str | None = None  # the framework whose tests suffice, or None for both


LOSSES, LAYERS, OPTIMISERS = "test_losses.py", "test_networks.py", "test_optimisers.py"
CONDITIONS = "test_conditions.py"
PARITY = ("test_parity.py", "-k", "pair_of_choices_for and hinge")  # some of its games
FIRST = "test_training.py::test_the_first_losses_are_the_oracles"
RESUME = "test_resume.py::test_a_new_process_goes_on_to_the_bit"

MUTATIONS = {
    # Signs and terms of the losses and penalties
    "minimax-sign": Mutation(
        "torch/losses.py",
        "return -softplus(fake_logits).mean()",
        "return softplus(fake_logits).mean()",
        (LOSSES,),
        "torch",
    ),
    "hinge-margin": Mutation(
        "tensorflow/losses.py", "mean(relu(1 + fake_logits))", "mean(relu(1 - fake_logits))", (LOSSES,), "tensorflow"
    ),
    "label-without-its-other-side": Mutation(
        "torch/losses.py", " + (1 - real_label) * softplus(real_logits)", "", (LOSSES,), "torch"
    ),
    "one-norm-for-the-batch": Mutation(
        "torch/penalties.py", "gradient.square().flatten(1).sum(dim=1)", "gradient.square().sum()", (LOSSES,), "torch"
    ),
    "mixed-the-wrong-way": Mutation(
        "torch/penalties.py", "mix * real + (1 - mix) * fake", "mix * fake + (1 - mix) * real", (LOSSES,), "torch"
    ),
    "gamma-without-its-half": Mutation(
        "torch/penalties.py",
        "0.5 * r1(discriminator, real),",
        "r1(discriminator, real),",
        ("test_mistakes.py",),
        "torch",
    ),
    # Gradients that flow where they should not
    "penalty-not-detached": Mutation(
        "tensorflow/penalties.py", "x = tf.stop_gradient(x)", "x = tf.convert_to_tensor(x)", (LOSSES,), "tensorflow"
    ),
    "spectral-norm-not-detached": Mutation(
        "tensorflow/networks.py", "fixed = tf.stop_gradient(matrix)", "fixed = matrix", PARITY
    ),
    # Axes, pads and statistics of the layers
    "flattened-channels-first": Mutation(
        "torch/networks.py", "return x.permute(0, 2, 3, 1).flatten(1)", "return x.flatten(1)", (LAYERS,), "torch"
    ),
    "odd-pixel-first": Mutation(
        "torch/networks.py",
        "F.pad(x, (left, right, top, bottom))",
        "F.pad(x, (right, left, bottom, top))",
        (LAYERS,),
        "torch",
    ),
    "cropped-at-the-start": Mutation(
        "torch/networks.py",
        "x[:, :, : x.shape[2] - self.cut, : x.shape[3] - self.cut]",
        "x[:, :, self.cut :, self.cut :]",
        (LAYERS,),
        "torch",
    ),
    "oracle-pads-first": Mutation(
        "reference/layers.py",
        "return architectures.same_padding(size, dilation * (kernel - 1) + 1, stride)",
        "return architectures.same_padding(size, dilation * (kernel - 1) + 1, stride)[::-1]",
        ("test_reference.py",),
        "torch",
    ),
    "momentum-of-the-new": Mutation(
        "torch/networks.py", "momentum=1 - layer.momentum", "momentum=layer.momentum", (LAYERS,), "torch"
    ),
    "biased-moving-variance": Mutation(
        "tensorflow/networks.py",
        "unbiased = variance * values / (values - 1)",
        "unbiased = variance",
        (LAYERS,),
        "tensorflow",
    ),
    "dropout-without-its-scale": Mutation(
        "torch/networks.py",
        "x * distributed.share(mask) / (1 - self.rate)",
        "x * distributed.share(mask)",
        (LAYERS,),
        "torch",
    ),
    # Optimisers, averages and the order of updates
    "betas-swapped": Mutation(
        "torch/optimisers.py",
        "beta1=settings.beta1,\n            beta2=settings.beta2,",
        "beta1=settings.beta2,\n            beta2=settings.beta1,",
        (OPTIMISERS,),
        "torch",
    ),
    "epsilon-misplaced": Mutation(
        "tensorflow/optimisers.py",
        'if settings.epsilon_placement == "after":',
        'if settings.epsilon_placement == "before":',
        (OPTIMISERS,),
        "tensorflow",
    ),
    "average-of-the-new": Mutation(
        "torch/trainer.py", "(self.recipe.moving_average)", "(1 - self.recipe.moving_average)", PARITY
    ),
    # Conditions and terms
    "unknown-labels-counted": Mutation(
        "torch/terms.py", "return (known * costs).sum()", "return costs.sum()", (CONDITIONS,), "torch"
    ),
    "terms-without-weight": Mutation(
        "tensorflow/step.py", "(weight * term(seen) for", "(term(seen) for", (CONDITIONS,), "tensorflow"
    ),
    "projection-without-features": Mutation(
        "tensorflow/combinators.py",
        "return tf.reduce_sum(x * c,",
        "return tf.reduce_sum(c,",
        (CONDITIONS,),
        "tensorflow",
    ),
    "skip-forgets-its-input": Mutation(
        "torch/combinators.py",
        "torch.cat([x, super().forward(x, given)], dim=1)",
        "torch.cat([super().forward(x, given), x], dim=1)",
        (CONDITIONS,),
        "torch",
    ),
    "latents-used-twice": Mutation(
        "torch/step.py", "fake = generate(game, draws, -1)\n    aim", "aim", (FIRST,), "torch"
    ),
    "extragradient-stays-ahead": Mutation(
        "torch/updates.py",
        "weight.copy_(kept)",
        "weight.copy_(weight)",
        ("test_training.py", "-k", "extragradient"),
        "torch",
    ),
    "consensus-without-its-half": Mutation(
        "torch/updates.py",
        'penalty = draws["penalty_weight"] / 2 *',
        'penalty = draws["penalty_weight"] *',
        ("test_training.py", "-k", "consensus"),
        "torch",
    ),
    "competitive-rates-swapped": Mutation(
        "torch/updates.py",
        "*_plus(a, g_rate, _mixed(d_loss_by_g",
        "*_plus(a, d_rate, _mixed(d_loss_by_g",
        ("test_training.py", "-k", "competitive"),
        "torch",
    ),
    # What both frameworks are fed, so that parity cannot see it
    "lazy-penalty-a-step-late": Mutation(
        "initialise.py",
        "step % recipe.penalty_every == 0",
        "(step + 1) % recipe.penalty_every == 0",
        ("test_mistakes.py",),
        "torch",
    ),
    "noise-a-step-ahead": Mutation(
        "initialise.py",
        "1 - step / recipe.instance_noise_steps",
        "1 - (step + 1) / recipe.instance_noise_steps",
        ("test_initialise.py",),
        "torch",
    ),
    "last-batch-left-out": Mutation(
        "initialise.py",
        "self.position + self.batch_size > samples",
        "self.position + self.batch_size >= samples",
        ("test_initialise.py",),
        "torch",
    ),
    "images-from-0-to-1": Mutation(
        "data/arrays.py",
        "np.clip(chunk / (top / 2) - 1, -1, 1,",
        "np.clip(chunk / top, -1, 1,",
        ("test_data.py",),
        "torch",
    ),
    # Files, failures and what is said of a run
    "moments-forgotten": Mutation(
        "runtime/resume.py",
        'trainer._set_optimiser_state(player, part(f"{player}_optimiser", arrays))',
        "pass",
        (RESUME,),
        "torch",
    ),
    "order-forgotten": Mutation(
        "runtime/resume.py", 'trainer._batches.restore(state["batches"])', "pass", (RESUME,), "torch"
    ),
    "written-in-place": Mutation(
        "runtime/files.py",
        'aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")',
        "aside = path",
        ("test_checkpoint.py",),
        "torch",
    ),
    "failure-a-step-early": Mutation(
        "runtime/trainer.py",
        "step = self._kept[1] + len(values)",
        "step = self._kept[1] + len(values) - 1",
        ("test_monitor.py", "-k", "ends_the_training_at_that_step"),
        "torch",
    ),
    "monitor-swaps-real-and-fake": Mutation(
        "runtime/monitor.py",
        "fooled = d_real - d_fake < -FOOLED",
        "fooled = d_fake - d_real < -FOOLED",
        ("test_monitor.py", "-k", "read_by_its_own_levels"),
        "torch",
    ),
    # Scores
    "frechet-without-its-two": Mutation(
        "metrics/distances.py",
        "for factor in factors) - 2 * cross",
        "for factor in factors) - cross",
        ("test_metrics.py",),
        "torch",
    ),
    "good-within-two-sigma": Mutation(
        "metrics/points.py",
        "distance.min(axis=1) <= 3 * std",
        "distance.min(axis=1) <= 2 * std",
        ("test_metrics.py",),
        "torch",
    ),
    "own-nearest-neighbour": Mutation(
        "metrics/distances.py",
        "distance[rows, part.start + rows] = np.inf",
        "distance[rows, part.start + rows] = 0",
        ("test_metrics.py",),
        "torch",
    ),
    "page-octaves-without-a-minus": Mutation(
        "teaching/interactive/networks.js",
        "t[0][cosine] = -(2 ** k)",
        "t[0][cosine] = 2 ** k",
        ("test_page_trainer.py",),
        "torch",
    ),
    "page-bias-without-the-fakes-sign": Mutation(
        "teaching/interactive/networks.js",
        "slopes[o] + share[half + i] * slopes[half * outputs + o]",
        "slopes[o] - share[half + i] * slopes[half * outputs + o]",
        ("test_page_trainer.py",),
        "torch",
    ),
    "page-permutes-by-lemire": Mutation(
        "teaching/interactive/random.js",
        "do j = (this.bits32() & mask) >>> 0;",
        "do j = this.integer(i + 1);",
        ("test_page_trainer.py",),
        "torch",
    ),
}


def copied(folder: Path, mutation: Mutation | None = None) -> None:
    """Copies what git knows or would take of the repository, with the mutation put into it."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    if mutation is not None:
        path = folder / "ganlib" / mutation.file
        path.write_text(broken(mutation, path.read_text(encoding="utf-8")), encoding="utf-8")


def broken(mutation: Mutation, source: str) -> str:
    """The source of its file with the mutation in it.

    Raises:
        ValueError: the line that it breaks is not there, or more than once.
    """
    if (found := source.count(mutation.old)) != 1:
        raise ValueError(f"ganlib/{mutation.file} holds {found} times, instead of once: {mutation.old}")
    return source.replace(mutation.old, mutation.new)


def run_tests(folder: Path, tests: Sequence[str], backend: str | None) -> tuple[int, str]:
    """Runs tests in a copy until the first one fails; pytest's status, and what it said."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    environment.pop("GANLIB_BACKEND", None)
    if backend is not None:
        environment["GANLIB_BACKEND"] = backend
    named = [f"tests/{test}" if test.startswith("test_") else test for test in tests]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--tb=line", "--color=no"]
    command += ["-m", IN_MAKE_TEST, *named]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def tried(mutation: Mutation | None, tests: Sequence[str], backend: str | None) -> tuple[int, str]:
    """The same in a new copy, with a mutation or without."""
    with tempfile.TemporaryDirectory() as folder:
        copied(Path(folder), mutation)
        return run_tests(Path(folder), tests, backend)


def sound(chosen: Sequence[Mutation]) -> list[str]:
    """What is wrong with the tests on a package that nobody broke; nothing, if all is well."""
    wanted = sorted({(mutation.tests, mutation.backend) for mutation in chosen}, key=str)
    with ThreadPoolExecutor(TOGETHER) as pool:
        results = pool.map(lambda one: tried(None, *one), wanted)
        return [
            f"{' '.join(tests)}: {said[-2000:]}" for (tests, _), (s, said) in zip(wanted, results, strict=True) if s
        ]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of mutations; default: all")
    parser.add_argument("--list", action="store_true", help="only say what there is")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in MUTATIONS]:
        parser.error(f"there is no mutation {unknown[0]!r}; there are: {', '.join(MUTATIONS)}")
    chosen = {name: MUTATIONS[name] for name in options.names or MUTATIONS}
    if options.list:
        for name, mutation in chosen.items():
            print(f"{name:30} ganlib/{mutation.file}")
        return
    for mutation in chosen.values():
        broken(mutation, (ROOT / "ganlib" / mutation.file).read_text(encoding="utf-8"))
    print(f"Mutations: {len(chosen)}. First their tests run on the package as it is.", flush=True)
    if wrong := sound(list(chosen.values())):
        sys.exit("Without a mutation these tests must pass:\n" + "\n".join(wrong))
    missed = []
    with ThreadPoolExecutor(TOGETHER) as pool:
        results = pool.map(lambda one: tried(one, one.tests, one.backend), chosen.values())
        for number, (name, (status, said)) in enumerate(zip(chosen, results, strict=True), start=1):
            caught = re.search(r"^(?:FAILED|ERROR) (?:tests/)?(.*?)(?: - .*)?$", said, re.MULTILINE)
            if status == 1 and caught:
                print(f"{number:2} of {len(chosen)}: {name:30} caught by {caught[1]}", flush=True)
            else:
                missed.append(name)
                print(f"{number:2} of {len(chosen)}: {name:30} NOT CAUGHT:\n{said[-2000:]}", flush=True)
    if missed:
        sys.exit(f"No test of make test notices: {', '.join(missed)}. Add one that does.")
    print("Tests of make test catch them all.")


if __name__ == "__main__":
    main()

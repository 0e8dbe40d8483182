"""Every formula of the chapter on the minimax objective and its page on objectives, checked with numbers.

p and q are mostly shares of a few points here. Expectations are then sums, and the losses of `ganlib.reference` take
them exactly: as batches in which each point stands as often as its share says.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats
from scipy.spatial import distance
from scipy.special import entr, rel_entr, xlogy

from ganlib.reference import losses, sigmoid, softplus

drawn = settings(max_examples=40)
close = {"rel": 1e-9, "abs": 1e-12}
counts = st.integers(2, 6).flatmap(lambda k: st.tuples(*[st.lists(st.integers(1, 9), min_size=k, max_size=k)] * 2))


# Divergences. SciPy computes KL point by point, and JSD in a way of its own.


def kl(p, q):
    return rel_entr(p, q).sum()


def jsd(p, q):
    return distance.jensenshannon(p, q) ** 2


def tv(p, q):
    return np.abs(p - q).sum() / 2


def triangular(p, q):
    return ((p - q) ** 2 / (p + q)).sum()


def both_orders(p, q):
    """The densities of (real, fake) and of (fake, real), over all pairs of points."""
    return np.outer(p, q).ravel(), np.outer(q, p).ravel()


# For each loss D's best logits, D's loss there, G's loss there, and the divergence whose gradient G then gets.
LOG2 = np.log(2)
CLOSED = {
    "minimax": (
        lambda p, q: np.log(p / q),
        lambda p, q: 2 * LOG2 - 2 * jsd(p, q),
        lambda p, q: kl(q, (p + q) / 2) - LOG2,
        lambda p, q: 2 * jsd(p, q),
    ),
    "nonsaturating": (
        lambda p, q: np.log(p / q),
        lambda p, q: 2 * LOG2 - 2 * jsd(p, q),
        lambda p, q: LOG2 + kl(q, p) - kl(q, (p + q) / 2),
        lambda p, q: kl(q, p) - 2 * jsd(p, q),  # Arjovsky & Bottou 2017, theorem 2.5
    ),
    "least_squares": (
        lambda p, q: p / (p + q),
        lambda p, q: 1 / 2 - triangular(p, q) / 4,
        lambda p, q: (q**3 / (p + q) ** 2).sum(),
        lambda p, q: 2 * kl(p, (p + q) / 2) - triangular(p, q) / 4,
    ),
    "hinge": (
        lambda p, q: np.sign(p - q),
        lambda p, q: 2 - 2 * tv(p, q),
        lambda p, q: q[q > p].sum() - q[q < p].sum(),
        lambda p, q: 2 * tv(p, q),
    ),
    "relativistic": (
        lambda p, q: np.log(p / q),
        lambda p, q: LOG2 - jsd(*both_orders(p, q)),
        lambda p, q: LOG2 + kl(p, q) + kl(q, p) - jsd(*both_orders(p, q)),
        lambda p, q: kl(q, p) - jsd(*both_orders(p, q)),
    ),
}
every_loss = pytest.mark.parametrize("name", CLOSED)


def batches(logits, n_real, n_fake):
    """Every real logit beside every fake one, each point as often as the counts say."""
    real, fake = np.repeat(logits, n_real), np.repeat(logits, n_fake)
    return np.repeat(real, fake.size), np.tile(fake, real.size)


def shares(pair):
    n_real, n_fake = map(np.array, pair)
    p, q = n_real / n_real.sum(), n_fake / n_fake.sum()
    return n_real, n_fake, p, np.where(n_real * n_fake.sum() == n_fake * n_real.sum(), p, q)  # ties without rounding


@every_loss
@drawn
@given(pair=counts, seed=st.integers(0, 9))
def test_the_best_discriminator_and_both_losses_there(name, pair, seed):
    n_real, n_fake, p, q = shares(pair)
    best, d_loss, g_loss, _ = CLOSED[name]
    loss, logits = losses.get(name), best(p, q)
    lowest = loss.discriminator(*batches(logits, n_real, n_fake))
    assert lowest == pytest.approx(d_loss(p, q), **close)
    assert loss.generator(*batches(logits, n_real, n_fake)) == pytest.approx(g_loss(p, q), **close)
    # Convex in the logits: what no small or large step lowers is the minimum.
    for size in (1e-3, 0.1, 3):
        other = logits + size * np.random.default_rng(seed).normal(size=p.size)
        assert loss.discriminator(*batches(other, n_real, n_fake)) >= lowest - 1e-12


@every_loss
@drawn
@given(pair=counts, seed=st.integers(0, 9))
def test_the_gradient_that_the_generator_gets(name, pair, seed):
    """D stays as it was best for q while q moves; the loss then changes as the divergence does."""
    n_real, _, p, q = shares(pair)
    assume(name != "hinge" or (p != q).all())  # |p - q| has a kink at 0
    best, _, _, divergence = CLOSED[name]
    logits = best(p, q)
    # L_G is linear in q: its coefficients are the losses of batches that hold one fake point only.
    each = [losses.get(name).generator(*batches(logits, n_real, one)) for one in np.eye(p.size, dtype=int)]
    direction = np.random.default_rng(seed).normal(size=p.size)
    direction -= direction.mean()
    step = 1e-5
    slope = (divergence(p, q + step * direction) - divergence(p, q - step * direction)) / (2 * step)
    assert direction @ each == pytest.approx(slope, rel=1e-5, abs=1e-6)


@drawn
@given(pair=counts)
def test_the_divergences_are_divergences(pair):
    *_, p, q = shares(pair)
    m, (real_fake, fake_real) = (p + q) / 2, both_orders(p, q)
    assert 0 <= jsd(p, q) <= LOG2
    assert jsd(p, q) == pytest.approx((kl(p, m) + kl(q, m)) / 2, **close)
    assert jsd(p, q) == pytest.approx(entr(m).sum() - (entr(p).sum() + entr(q).sum()) / 2, **close)
    assert 0 <= jsd(p, q) / LOG2 <= tv(p, q) <= 1
    # What looks like a difference is a divergence: the theorem's, and its twin for pairs.
    assert kl(q, p) - 2 * jsd(p, q) == pytest.approx(2 * kl(m, p), **close)
    middle, both_real = (real_fake + fake_real) / 2, np.outer(p, p).ravel()
    assert kl(q, p) - jsd(real_fake, fake_real) == pytest.approx(kl(middle, both_real), **close)
    for *_, divergence in CLOSED.values():
        assert divergence(p, p) == pytest.approx(0, abs=1e-12)
        assert divergence(p, q) >= -1e-12


@pytest.mark.parametrize("moved", range(11))
def test_two_uniform_densities_that_move_apart(moved):
    """U[0, 1] and U[θ, 1 + θ]: D's least loss falls from that of a D that tells nothing apart, to 0 at θ = 1."""
    theta, cell = moved / 10, np.arange(10 + moved)
    p, q = (cell < 10) / 10, (cell >= moved) / 10
    expected = {"minimax": 2 * LOG2 * (1 - theta), "least_squares": (1 - theta) / 2, "hinge": 2 * (1 - theta)}
    expected |= {"nonsaturating": expected["minimax"], "relativistic": LOG2 * (1 - theta) ** 2}
    for name, (_, d_loss, _, _) in CLOSED.items():
        assert d_loss(p, q) == pytest.approx(expected[name], abs=1e-12)


def test_the_levels_of_a_discriminator_that_tells_nothing_apart():
    zeros, half = np.zeros(3), np.full(3, 0.5)
    for name, level in (("minimax", np.log(4)), ("nonsaturating", 2 * LOG2), ("relativistic", LOG2), ("hinge", 2)):
        assert losses.get(name).discriminator(zeros, zeros) == pytest.approx(level)
    assert losses.least_squares.discriminator(half, half) == pytest.approx(1 / 2)
    assert losses.nonsaturating.generator(zeros, zeros) == pytest.approx(LOG2)
    assert losses.minimax.generator(zeros, zeros) == pytest.approx(-LOG2)
    smooth = 0.9  # D* = t / 2 then, and the level twice the entropy of a coin with that chance
    logit = np.full(3, np.log(smooth / (2 - smooth)))
    level = 2 * (entr(smooth / 2) + entr(1 - smooth / 2))
    assert losses.minimax.discriminator(logit, logit, real_label=smooth) == pytest.approx(level)


@drawn
@given(p=st.floats(1e-3, 5), q=st.floats(1e-3, 5), t=st.floats(0.55, 1), s=st.floats(0, 0.45))
def test_the_best_discriminator_at_one_point(p, q, t, s):
    """p log D + q log(1 - D) is largest at p / (p + q); with labels t and s at (t p + s q) / (p + q)."""

    def value(d):
        return p * (t * np.log(d) + (1 - t) * np.log(1 - d)) + q * (s * np.log(d) + (1 - s) * np.log(1 - d))

    best = (t * p + s * q) / (p + q)
    grid = np.linspace(1e-4, 1 - 1e-4, 2001)
    assert (value(best) >= value(grid) - 1e-12).all()


# Two families of distances: φ, its slope, its conjugate, and the divergence that it makes.
FAMILIES = {
    "minimax": (
        lambda u: u * np.log(u) - (u + 1) * np.log((u + 1) / 2),
        lambda u: np.log(2 * u / (u + 1)),
        lambda t: -np.log(2 - np.exp(t)),
        lambda p, q: 2 * jsd(p, q),
    ),
    "KL": (lambda u: u * np.log(u), lambda u: 1 + np.log(u), lambda t: np.exp(t - 1), kl),
    "Pearson": (
        lambda u: (u - 1) ** 2,
        lambda u: 2 * (u - 1),
        lambda t: t + t**2 / 4,
        lambda p, q: ((p - q) ** 2 / q).sum(),
    ),
    "TV": (lambda u: np.abs(u - 1) / 2, lambda u: np.sign(u - 1) / 2, lambda t: t, tv),
}


@pytest.mark.parametrize("family", FAMILIES)
@drawn
@given(pair=counts, seed=st.integers(0, 9))
def test_a_score_bounds_the_divergence_of_the_ratio(family, pair, seed):
    *_, p, q = shares(pair)
    phi, slope, conjugate, divergence = FAMILIES[family]
    value, best = (q * phi(p / q)).sum(), slope(p / q)
    assert phi(1.0) == 0
    assert value == pytest.approx(divergence(p, q), **close)
    assert (p * best).sum() - (q * conjugate(best)).sum() == pytest.approx(value, **close)
    # The slope at other ratios: scores that the conjugate is defined for.
    other = slope(np.random.default_rng(seed).uniform(0.05, 9, size=p.size))
    assert (p * other).sum() - (q * conjugate(other)).sum() <= value + 1e-12


@drawn
@given(pair=counts)
def test_the_minimax_bound_is_the_value_and_that_of_kl_gives_an_objective(pair):
    *_, p, q = shares(pair)
    d = p / (p + q)
    score, conjugate = np.log(d) + LOG2, FAMILIES["minimax"][2]
    bound = (p * score).sum() - (q * conjugate(score)).sum()
    assert bound == pytest.approx((p * np.log(d)).sum() + (q * np.log(1 - d)).sum() + np.log(4), **close)
    best = 1 + np.log(p / q)  # exercise 2.14: D's loss there, and the slope of G's in the score
    assert (q * np.exp(best - 1)).sum() - (p * best).sum() == pytest.approx(-kl(p, q), **close)
    np.testing.assert_allclose(np.exp(best - 1), p / q)


# Densities on the line.

PAIRS = {
    "two Gaussians": (stats.norm(0, 1).pdf, stats.norm(1.5, 0.5).pdf),
    "uniform and Gaussian": (stats.uniform(-1, 2).pdf, stats.norm(0, 1).pdf),
    "Laplace and mixture": (stats.laplace(0, 0.5).pdf, lambda x: (stats.norm.pdf(x, -2) + stats.norm.pdf(x, 2)) / 2),
}


def integral(function, low=-12, high=12):
    return integrate.quad(function, low, high, points=[-1, 0, 1], limit=200)[0]


@pytest.mark.parametrize("pair", PAIRS)
def test_the_value_is_2_jsd_less_log_4(pair):
    p, q = PAIRS[pair]

    def integrand(x):
        d, fake = p(x) / (p(x) + q(x)), q(x) / (p(x) + q(x))
        return xlogy(p(x), d) + xlogy(q(x), fake)

    entropy = [integral(lambda x, f=f: entr(f(x))) for f in (p, q, lambda x: (p(x) + q(x)) / 2)]
    assert integral(integrand) == pytest.approx(-np.log(4) + 2 * entropy[2] - entropy[0] - entropy[1], abs=1e-6)


@pytest.mark.parametrize("theta", [0.3, 1.0, 2.5])
def test_two_gaussians_that_move_apart(theta):
    """N(0, τ²) and N(θ, τ²): the curves of the figure, each from its definition and in short."""
    tau = 0.7
    p, q = stats.norm(0, tau).pdf, stats.norm(theta, tau).pdf

    def both(p, q):
        return integral(lambda x: (rel_entr(p(x), (p(x) + q(x)) / 2) + rel_entr(q(x), (p(x) + q(x)) / 2)) / 2)

    def expected(f, mean, variance):  # over a Gaussian logit, or difference of two
        return integral(lambda t: f(t) * stats.norm.pdf(t, mean, np.sqrt(variance)), -80, 120)

    s = (theta / tau) ** 2
    x = np.linspace(-2, 4, 7)
    np.testing.assert_allclose(np.log(p(x) / q(x)), theta * (theta / 2 - x) / tau**2, atol=1e-9)
    assert integral(lambda x: rel_entr(p(x), q(x))) == pytest.approx(s / 2)
    assert integral(lambda x: abs(p(x) - q(x)) / 2) == pytest.approx(2 * stats.norm.cdf(theta / tau / 2) - 1, abs=1e-7)
    assert both(p, q) == pytest.approx(LOG2 - expected(lambda t: softplus(-t), s / 2, s), abs=1e-8)
    triangle = integral(lambda x: (p(x) - q(x)) ** 2 / (p(x) + q(x)))
    assert triangle == pytest.approx(2 - 4 * expected(lambda t: sigmoid(-t), s / 2, s), abs=1e-8)
    # Pairs tell as much apart as single samples √2 times as far away do.
    pairs = LOG2 - expected(lambda t: softplus(-t), s, 2 * s)
    assert pairs == pytest.approx(both(p, stats.norm(np.sqrt(2) * theta, tau).pdf), abs=1e-8)


def test_the_gradient_of_the_nonsaturating_loss_in_a_parameter():
    """Theorem 2.5 of Arjovsky & Bottou 2017 on N(θ, τ²), with D best for θ and held fixed while θ moves."""
    theta, tau, step, p = 0.8, 0.6, 1e-4, stats.norm(0, 1).pdf

    def d(x):
        return p(x) / (p(x) + stats.norm.pdf(x, theta, tau))

    def slope(f):
        return (f(theta + step) - f(theta - step)) / (2 * step)

    def divergence(t):
        q = stats.norm(t, tau).pdf
        return integral(lambda x: 2 * rel_entr((p(x) + q(x)) / 2, p(x)), -7, 7)

    loss = slope(lambda t: integral(lambda x: -np.log(d(x)) * stats.norm.pdf(x, t, tau), -7, 7))
    assert loss == pytest.approx(slope(divergence), rel=1e-5)


# The gradients of G's losses in the logit.


@drawn
@given(logit=st.floats(-30, 30))
def test_gradients_in_the_logit(logit):
    step = 1e-6
    for name, expected in (("minimax", -sigmoid(logit)), ("nonsaturating", sigmoid(logit) - 1)):
        up, down = (losses.get(name).generator([0.0], [logit + s]) for s in (step, -step))
        assert (up - down) / (2 * step) == pytest.approx(expected, abs=1e-8)
        assert losses.get(name).generator_gradient([0.0], [logit])[1][0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("logit", range(12, 25))
def test_a_sigmoid_before_a_logarithm_in_float32(logit):
    """-log(1 - sigmoid(l)) is infinite from l = 17 on; softplus(l) is l."""
    probability = np.float32(1) / (np.float32(1) + np.exp(np.float32(-logit)))
    with np.errstate(divide="ignore"):
        assert np.isinf(np.log(np.float32(1) - probability)) == (logit >= 17)
    assert np.logaddexp(np.float32(0), np.float32(logit)) == pytest.approx(logit, rel=1e-6)


# Least squares with any labels, and Wasserstein.


@drawn
@given(pair=counts, a=st.floats(-2, 0.4), b=st.floats(0.6, 2))
def test_least_squares_with_any_labels(pair, a, b):
    """Mao et al. 2017: fake samples have the label a, real ones b, and G wants c."""
    *_, p, q = shares(pair)
    d = (b * p + a * q) / (p + q)
    assert (p * (d - b) ** 2 + q * (d - a) ** 2).sum() == pytest.approx((b - a) ** 2 * (p * q / (p + q)).sum())
    d, pearson = (p - q) / (p + q), ((2 * q - (p + q)) ** 2 / (p + q)).sum()  # labels -1 and 1, and c = 0
    assert ((p + q) * d**2).sum() == pytest.approx(pearson, **close)
    assert pearson == pytest.approx(triangular(p, q), **close)
    d = p / (p + q)  # ours: labels 0 and 1, and c = 1
    assert ((p + q) * (d - 1) ** 2).sum() == pytest.approx(1 / 2 + triangular(p, q) / 4, **close)


@drawn
@given(pair=counts, seed=st.integers(0, 9))
def test_the_wasserstein_critic(pair, seed):
    """The largest gain of a 1-Lipschitz critic is ∫|F_p - F_q|; its slope is the sign of F_q - F_p."""
    n_real, n_fake, p, q = shares(pair)
    x = np.sort(np.random.default_rng(seed).normal(size=p.size))
    gaps, excess = np.diff(x), np.cumsum(q - p)[:-1]
    w1 = np.abs(excess) @ gaps
    assert w1 == pytest.approx(stats.wasserstein_distance(x, x, p, q), **close)
    differences = np.diff(np.eye(p.size), axis=0)  # neighbours suffice: on a line the other bounds follow
    lipschitz = {"A_ub": np.vstack([differences, -differences]), "b_ub": np.tile(gaps, 2), "bounds": (-9, 9)}
    assert optimize.linprog(q - p, **lipschitz).fun == pytest.approx(-w1, abs=1e-8)
    critic = np.concatenate([[0], np.cumsum(np.sign(excess) * gaps)])
    assert losses.wasserstein.discriminator(*batches(critic, n_real, n_fake)) == pytest.approx(-w1, **close)


def test_the_gradient_of_the_wasserstein_distance():
    """d W₁ / dθ = -E f'(x) over the fakes x, also where the distribution functions cross."""
    x, step = np.linspace(-12, 12, 48_001), 1e-4

    def w1(theta):
        return integrate.trapezoid(np.abs(stats.norm.cdf(x) - stats.norm.cdf(x, theta, 2)), x)

    slope = np.sign(stats.norm.cdf(x, 0.5, 2) - stats.norm.cdf(x))
    expected = -integrate.trapezoid(stats.norm.pdf(x, 0.5, 2) * slope, x)
    assert (w1(0.5 + step) - w1(0.5 - step)) / (2 * step) == pytest.approx(expected, abs=1e-4)

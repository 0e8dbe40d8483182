"""Chapter 2. Number → (answers, part of the hint)."""

import numpy as np
from scipy.optimize import linprog
from scipy.special import expit
from scipy.stats import norm

import ganlib


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)


# 2.1


def unbounded(theta):
    return (theta - 1) * np.log(4)


# 2.2


def gauss_ratio(x, p, q):
    return p(x) / (p(x) + q(x))


def half_where_none(x, p, q):
    total = p(x) + q(x)
    return np.divide(p(x), total, out=np.full(x.shape, 0.5), where=total > 0)


def other_way(x, p, q):
    return half_where_none(x, q, p)


def small_below(x, p, q):
    return p(x) / (p(x) + q(x) + 1e-12)


def small_in_both(x, p, q):
    return (p(x) + 1e-9) / (p(x) + q(x) + 2e-9)


def grid_value(p, q, low, high):
    x = np.linspace(low, high, 20_001)
    d = np.clip(half_where_none(x, p, q), 1e-15, 1 - 1e-15)
    return np.trapezoid(p(x) * np.log(d) + q(x) * np.log(1 - d), x)


def unclipped(p, q, low, high):
    x = np.linspace(low, high, 20_001)
    d = half_where_none(x, p, q)
    return np.trapezoid(p(x) * np.log(d) + q(x) * np.log(1 - d), x)


def both_log_d(p, q, low, high):
    x = np.linspace(low, high, 20_001)
    d = np.clip(half_where_none(x, p, q), 1e-300, 1)
    return np.trapezoid(p(x) * np.log(d) + q(x) * np.log(d), x)


# 2.3


def parts(real, fake):
    return softplus(-real), softplus(fake), -sigmoid(-real), sigmoid(fake)


def naive(real, fake):
    real, fake = 1 / (1 + np.exp(-real)), 1 / (1 + np.exp(-fake))
    loss = -np.log(real).mean() - np.log(1 - fake).mean()
    return loss, (real - 1) / len(real), fake / len(fake)


def naive_softplus(real, fake):
    loss = np.log(1 + np.exp(-real)).mean() + np.log(1 + np.exp(fake)).mean()
    return loss, -np.exp(-real) / (1 + np.exp(-real)) / len(real), np.exp(fake) / (1 + np.exp(fake)) / len(fake)


def clipped(real, fake):
    real, fake = np.clip(expit(real), 1e-7, 1 - 1e-7), np.clip(expit(fake), 1e-7, 1 - 1e-7)
    return -np.log(real).mean() - np.log(1 - fake).mean(), (real - 1) / len(real), fake / len(fake)


def summed(real, fake):
    a, b, by_real, by_fake = parts(real, fake)
    return a.sum() + b.sum(), by_real, by_fake


def undivided(real, fake):
    a, b, by_real, by_fake = parts(real, fake)
    return a.mean() + b.mean(), by_real, by_fake


def by_all(real, fake):
    a, b, by_real, by_fake = parts(real, fake)
    n = len(real) + len(fake)
    return a.mean() + b.mean(), by_real / n, by_fake / n


def one_mean(real, fake):
    loss = np.concatenate(parts(real, fake)[:2]).mean()
    n = len(real) + len(fake)
    return loss, -sigmoid(-real) / n, sigmoid(fake) / n


def labels_swapped(real, fake):
    loss = softplus(real).mean() + softplus(-fake).mean()
    return loss, sigmoid(real) / len(real), -sigmoid(-fake) / len(fake)


def uphill(real, fake):
    a, b, by_real, by_fake = parts(real, fake)
    return a.mean() + b.mean(), -by_real / len(real), -by_fake / len(fake)


def inner_derivative(real, fake):
    a, b, by_real, by_fake = parts(real, fake)
    return a.mean() + b.mean(), -by_real / len(real), by_fake / len(fake)


def of_v(real, fake):
    a, b, by_real, by_fake = parts(real, fake)
    return -a.mean() - b.mean(), -by_real / len(real), -by_fake / len(fake)


def sigmoid_twice(real, fake):
    a, b, by_real, by_fake = parts(expit(real), expit(fake))
    return a.mean() + b.mean(), by_real / len(real), by_fake / len(fake)


def fake_first(real, fake):
    a, b, by_real, by_fake = parts(real, fake)
    return a.mean() + b.mean(), by_fake / len(fake), by_real / len(real)


def sigmoid_twice_in_torch(real, fake):
    import torch

    real, fake = real.requires_grad_(), fake.requires_grad_()
    bce = torch.nn.functional.binary_cross_entropy_with_logits
    d_real, d_fake = torch.sigmoid(real), torch.sigmoid(fake)
    loss = bce(d_real, torch.ones_like(d_real)) + bce(d_fake, torch.zeros_like(d_fake))
    return loss, *torch.autograd.grad(loss, (real, fake))


def clipped_in_torch(real, fake):
    import torch

    real, fake = real.requires_grad_(), fake.requires_grad_()
    bce = torch.nn.functional.binary_cross_entropy
    d_real, d_fake = torch.sigmoid(real), torch.sigmoid(fake)
    loss = bce(d_real, torch.ones_like(d_real)) + bce(d_fake, torch.zeros_like(d_fake))
    return loss, *torch.autograd.grad(loss, (real, fake))


def summed_in_tensorflow(real, fake):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        loss = tf.reduce_sum(tf.nn.softplus(-real)) + tf.reduce_sum(tf.nn.softplus(fake))
    return loss, *tape.gradient(loss, [real, fake])


def naive_in_tensorflow(real, fake):
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch([real, fake])
        d_real, d_fake = tf.sigmoid(real), tf.sigmoid(fake)
        loss = -tf.reduce_mean(tf.math.log(d_real)) - tf.reduce_mean(tf.math.log(1 - d_fake))
    return loss, *tape.gradient(loss, [real, fake])


# 2.4


def swapped(logits):
    return sigmoid(logits) - 1, -sigmoid(logits)


def flipped(logits):
    return sigmoid(logits), 1 - sigmoid(logits)


def averaged(logits):
    return -sigmoid(logits) / len(logits), (sigmoid(logits) - 1) / len(logits)


def by_d(logits):
    d = sigmoid(logits)
    return -1 / (1 - d), -1 / d


# 2.5


def pure(game):
    return game.max(axis=1).min(), game.min(axis=0).max()


def columns_minimise(game):
    return game.max(axis=0).min(), game.min(axis=1).max()


def rows_win(game):
    return game.min(1).max(), game.max(0).min()


def programme(game, low=None, sense=1.0):
    rows, columns = game.shape
    found = linprog(
        np.r_[np.zeros(rows), 1],
        A_ub=np.c_[sense * game.T, -np.ones(columns)],
        b_ub=np.zeros(columns),
        A_eq=[np.r_[np.ones(rows), 0]],
        b_eq=[1],
        bounds=[(0, 1)] * rows + [(low, None)],
    )
    return found.fun, found.x[:-1]


def as_pure(game):
    strategy = np.zeros(len(game))
    strategy[game.max(axis=1).argmin()] = 1
    return game.max(axis=1).min(), strategy


def by_rounds(game, rounds=4000):
    """Fictitious play."""
    plays, d_plays = np.zeros(len(game)), np.zeros(game.shape[1])
    row = column = 0
    for _ in range(rounds):
        plays[row] += 1
        d_plays[column] += 1
        column = (plays @ game).argmax()
        row = (game @ d_plays).argmin()
    return (plays / rounds @ game).max(), plays / rounds


def uniform_mix(game):
    strategy = np.full(len(game), 1 / len(game))
    return (strategy @ game).max(), strategy


def of_the_columns(game):
    value, strategy = programme(-game.T)
    return -value, strategy


# 2.6


def least_critic(p, q, a, b):
    return (b * p + a * q) / (p + q)


def least_loss(p, q, a, b):
    return (b - a) ** 2 * np.sum(p * q / (p + q))


def mean_loss(p, q, a, b):
    return (b - a) ** 2 * np.mean(p * q / (p + q))


# 2.7


def heights(a, b):
    x = np.sort(np.concatenate([a, b]))
    return x, np.searchsorted(np.sort(a), x, "right") / len(a), np.searchsorted(np.sort(b), x, "right") / len(b)


def one_sign(real, fake):
    _, below_real, below_fake = heights(real, fake)
    return 2 - 2 * (below_fake - below_real).max()


def no_factor(real, fake):
    _, below_real, below_fake = heights(real, fake)
    return 2 - abs(below_real - below_fake).max()


def largest_difference(real, fake):
    _, below_real, below_fake = heights(real, fake)
    return abs(below_real - below_fake).max()


def one_pool(real, fake):
    costs = []
    for t in [*real, *fake]:
        for u in (1, -1):
            on_real, on_fake = np.where(real > t, u, -u), np.where(fake > t, u, -u)
            costs.append(np.mean([*np.maximum(0, 1 - on_real), *np.maximum(0, 1 + on_fake)]))
    return min(costs)


# 2.8


def w1(a, b):
    x, f_a, f_b = heights(a, b)
    return np.abs(f_a - f_b)[:-1] @ np.diff(x)


def zipped(a, b):
    return np.mean([abs(one - other) for one, other in zip(sorted(a), sorted(b), strict=False)])


def of_means(a, b):
    return abs(np.mean(a) - np.mean(b))


def all_pairs(a, b):
    return np.abs(a[:, None] - b[None, :]).mean()


def no_widths(a, b):
    _, f_a, f_b = heights(a, b)
    return np.abs(f_a - f_b).sum()


def climbs(x, a, b, sign=1, steep=1):
    corners, f_a, f_b = heights(a, b)
    slopes = sign * steep * np.sign(f_b - f_a)[:-1]
    return np.interp(x, corners, np.r_[0, np.cumsum(slopes * np.diff(corners))])


def straight(x, a, b):
    return x * np.sign(a.mean() - b.mean())


def stairs(x, a, b):
    return np.array([np.mean(b <= one) - np.mean(a <= one) for one in x])


def only_the_slope(x, a, b):
    return np.sign(stairs(x, a, b))


# 2.9


def smooth(p, q, t, s):
    return (t * p + s * q) / (p + q)


def rest(t):
    return -t * np.log(t / 2) - (2 - t) * np.log(1 - t / 2)


# 2.10


def rejection(chance, pick=lambda samples, keep: samples[keep]):
    def reject(samples, logits, seed):
        keep = np.random.default_rng(seed).uniform(size=len(samples)) < chance(logits)
        return pick(samples, keep)

    return reject


def ratio(logits):
    return np.exp(logits - logits.max())


def resampled(samples, logits, seed):
    weights = np.exp(logits - logits.max())
    return np.random.default_rng(seed).choice(samples, size=len(samples), p=weights / weights.sum())


def global_chance(samples, logits, seed, rng=np.random.default_rng(0)):  # noqa: B008
    return samples[rng.uniform(size=len(samples)) < ratio(logits)]


def fixed_seed(samples, logits, seed):
    return rejection(ratio)(samples, logits, 0)


# 2.12


def as_drawn(spread, places, weights=None):
    """A generator that puts each latent, by its rank, where samples of hills would lie."""

    def generator(z):
        u = norm.cdf(z)
        edges = np.cumsum(weights or np.full(len(places), 1 / len(places)))
        hill = np.minimum(np.searchsorted(edges, u), len(places) - 1)
        within = np.clip((u - np.r_[0, edges][hill]) / np.diff(np.r_[0, edges])[hill], 1e-9, 1 - 1e-9)
        return np.asarray(places)[hill] + spread * norm.ppf(within)

    return generator


def fresh_samples(z):
    return np.random.default_rng(len(z)).choice([-2, 2], size=z.shape) + 0.5 * z


# 2.13


def witness(x, real, fake, width, sign=1, inner=True):
    def part(centres):
        apart = x[:, None] - centres[None]
        height = np.exp(-(apart**2) / 2 / width**2)
        return height.mean(1), (-apart / (width**2 if inner else 1) * height).mean(1)

    (up, up_slope), (down, down_slope) = part(real), part(fake)
    return sign * (up - down), sign * (up_slope - down_slope)


def descend(real, fake, width, rate, steps, frozen=False):
    first = fake
    for _ in range(steps):
        fake = fake + rate * witness(fake, real, first if frozen else fake, width)[1]
    return fake


# 2.14


def kl_losses(real, fake):
    return np.exp(fake - 1).mean() - real.mean(), -np.exp(fake - 1).mean()


def kl_score(p, q):
    return 1 + np.log(p / q)


WRONG = {
    "2.1": [
        ((lambda theta: max(0, 1 - theta) * np.log(4),), "this is D's loss"),
        ((lambda theta: -max(0, 1 - theta) * np.log(2),), "two terms of V"),
        ((unbounded,), "It cannot be negative"),
        ((lambda theta: -max(0, 1 - theta) * np.log2(4),), "to base 2"),
        ((lambda theta: min(1, theta) * np.log(2),), "Jensen–Shannon"),
    ],
    "2.2": [
        ((gauss_ratio, grid_value), "you divide 0 by 0"),
        ((grid_value, half_where_none), "in the order of the check"),
        ((lambda x, p: p(x), grid_value), "in the order of the check"),
        ((lambda x, p, q: half_where_none(x, p, q).mean(), grid_value), "in which shape"),
        ((other_way, grid_value), "You exchanged the two"),
        ((small_below, grid_value), "you answer 0"),
        ((small_in_both, grid_value), "drowns small densities"),
        ((half_where_none, unclipped), "0 · log 0"),
        ((half_where_none, both_log_d), "not with log D"),
        ((half_where_none, lambda *game: -grid_value(*game)), "this is D's loss"),
        ((half_where_none, lambda *game: np.log(2) + grid_value(*game) / 2), "This is the Jensen–Shannon divergence"),
    ],
    "2.3": [
        ((naive,), "exponential never overflows"),
        ((naive_softplus,), "exponential never overflows"),
        ((clipped,), "or a clip, caps"),
        ((summed,), "You added up the samples"),
        ((undivided,), "those of a sum"),
        ((by_all,), "divided both derivatives by n + k"),
        ((one_mean,), "one mean over all n + k"),
        ((labels_swapped,), "Real and fake are exchanged"),
        ((uphill,), "The sign of both"),
        ((inner_derivative,), "The sign by the real logits"),
        ((of_v,), "This is V"),
        ((sigmoid_twice,), "the sigmoid twice"),
        ((fake_first,), "in the wrong order"),
        ((lambda real, fake: parts(real, fake)[0].mean(),), "in which shape"),
    ],
    "2.4": [
        ((swapped,), "the other way round"),
        ((flipped,), "Both signs"),
        ((averaged,), "divided by n"),
        ((by_d,), "chain rule"),
    ],
    "2.5": [
        ((lambda game: pure(game)[::-1], programme), "The two are exchanged"),
        ((columns_minimise, programme), "Rows and columns are exchanged"),
        ((rows_win, programme), "G loses what D wins"),
        ((pure, as_pure), "that of a pure strategy"),
        ((pure, lambda game: programme(game, low=0)), "keeps unknowns above 0"),
        ((pure, uniform_mix), "You draw all rows alike"),
        ((pure, by_rounds), "An iteration comes close"),
        ((pure, of_the_columns), "a strategy for D"),
        ((pure, lambda game: programme(game)[::-1]), "The value comes first"),
        ((pure, lambda game: (programme(game)[0], uniform_mix(game)[1])), "belongs to this value"),
        ((pure, lambda game: (-programme(game, sense=-1)[0], programme(game, sense=-1)[1])), "G and D are exchanged"),
    ],
    "2.6": [
        ((lambda p, q, a, b: least_critic(p, q, b, a), least_loss), "a and b, or p and q"),
        ((lambda p, q, a, b: p / (p + q), least_loss), "the labels 0 and 1"),
        ((lambda p, q, a, b: b * p / (p + q), least_loss), "where q alone is positive D* is a"),
        ((lambda p, q, a, b: b * p + a * q, least_loss), "not yet divided"),
        ((least_critic, lambda p, q, a, b: least_loss(p, q, a, b) / 2), "Some papers do"),
        ((least_critic, mean_loss), "a mean over the points"),
        ((least_critic, lambda p, q, a, b: abs(b - a) * least_loss(p, q, 0, 1)), "so b - a is too"),
        ((least_critic, lambda p, q, a, b: least_loss(p, q, 0, 1)), "Where are the labels"),
    ],
    "2.7": [
        ((one_sign,), "You tried u = 1 alone"),
        ((no_factor,), "Which factor is missing"),
        ((largest_difference,), "This is the statistic in it"),
        ((one_pool,), "one mean over all samples"),
        ((lambda real, fake: 0.0,), "any function"),
    ],
    "2.8": [
        ((zipped, climbs), "the smaller set"),
        ((of_means, climbs), "the distance of the means"),
        ((all_pairs, climbs), "averaged over all pairs"),
        ((no_widths, climbs), "How wide is each"),
        ((w1, lambda *case: climbs(*case, sign=-1)), "Upside down"),
        ((w1, lambda *case: climbs(*case, steep=2)), "Which slopes has your critic"),
        ((w1, straight), "one slope everywhere"),
        ((w1, lambda *case: climbs(*case, steep=0.9)), "wherever F_a and F_b differ"),
        ((w1, only_the_slope), "This is the slope"),
        ((w1, lambda x, a, b: x.cumsum() / 100), "that runs over x"),
    ],
    "2.9": [
        ((lambda p, q, t, s: t * p / (p + q), rest), "The label of the fake samples is missing"),
        ((lambda p, q, t, s: smooth(p, q, s, t), rest), "are exchanged: t and p"),
        ((lambda p, q, t, s: smooth(q, p, t, s), rest), "are exchanged: t and p"),
        ((lambda p, q, t, s: t * p / (t * p + q), rest), "not to tp + q."),
        ((smooth, lambda t: 2 * np.log(2)), "That is the loss of D = 1/2"),
        ((smooth, lambda t: -np.log(t / 2) - np.log(1 - t / 2)), "with the label 1"),
        ((smooth, lambda t: rest(t) / 2), "You took half of it"),
        ((smooth, lambda t: -t * np.log(t / 2) - np.log1p(-t / 2)), "that counts as fake is missing"),
    ],
    "2.10": [
        ((rejection(sigmoid),), "D = σ(ℓ)"),
        ((rejection(np.exp),), "cut off at 1"),
        ((rejection(lambda logits: 1 - ratio(logits)),), "what should go"),
        ((rejection(lambda logits: np.exp(logits) / np.exp(logits).max()),), "Right for small logits"),
        ((rejection(lambda logits: logits > 0),), "The best are kept for sure"),
        ((rejection(ratio, lambda samples, keep: keep),), "Use the truth values"),
        ((rejection(ratio, lambda samples, keep: np.flatnonzero(keep)),), "Did you return places"),
        ((rejection(ratio, lambda samples, keep: np.sort(samples[keep])),), "in the order in which"),
        ((resampled,), "with replacement"),
        ((global_chance,), "Make the generator from the seed"),
        ((fixed_seed,), "Where do you use the seed"),
    ],
    "2.11": [
        ((4,), "That makes W₁ the same"),
        ((1.35,), "total variation"),
        ((1.18,), "KL(q ‖ p)"),
        ((0.216,), "the divergence which both have"),
        ((-1.48,), "to the left"),
    ],
    "2.12": [
        ((lambda z: 0 * z,), "one number"),
        ((as_drawn(0.5, [2]),), "One hill is missing"),
        ((lambda z: 2 * z,), "between the hills"),
        ((as_drawn(0.5, [-2, 2], [0.35, 0.65]),), "unequal weights"),
        ((as_drawn(0.1, [-1.5, 1.5]),), "too near"),
        ((as_drawn(0.5, [-2.6, 2.6]),), "their place or their width"),
        ((fresh_samples,), "draw new random numbers"),
    ],
    "2.13": [
        ((lambda *case: witness(*case, sign=-1), descend), "Upside down"),
        ((lambda *case: witness(*case, inner=False), descend), "The inner derivative is missing"),
        ((lambda *case: witness(*case)[::-1], descend), "the values come first"),
        ((witness, lambda *case: descend(*case, frozen=True)), "compute it anew"),
        ((witness, lambda real, fake, width, rate, steps: descend(real, fake, width, -rate, steps)), "flee"),
        ((witness, lambda real, fake, width, rate, steps: descend(real, fake, width, rate, 1)), "You took one step."),
    ],
    "2.14": [
        ((lambda *scores: tuple(-one for one in kl_losses(*scores)), kl_score), "Both signs are flipped"),
        ((lambda real, fake: (kl_losses(real, fake)[0], -fake.mean()), kl_score), "another loss for G"),
        ((lambda real, fake: (np.exp(fake).mean() - real.mean(), -np.exp(fake).mean()), kl_score), "lies at u = exp"),
        ((kl_losses, lambda p, q: np.log(p / q)), "not log u"),
        ((kl_losses, lambda p, q: kl_score(q, p)), "p and q are exchanged"),
    ],
}

if "torch" in ganlib.available():
    WRONG["2.3"] += [((sigmoid_twice_in_torch,), "the sigmoid twice"), ((clipped_in_torch,), "or a clip, caps")]
if "tensorflow" in ganlib.available():
    WRONG["2.3"] += [
        ((summed_in_tensorflow,), "You added up the samples"),
        ((naive_in_tensorflow,), "exponential never overflows"),
    ]

"""Chapter 3. Number → (answers, part of the hint)."""

import itertools
import math

import numpy as np
from scipy.stats import norm

import ganlib
from ganlib.metrics import frechet_distance


def layers(size, width):
    """Channels from the first grid to the one before the image."""
    channels = [width]
    while 4 * 2 ** len(channels) < size:
        channels.insert(0, 2 * channels[0])
    return channels


def without_norms(size, latent, width, channels):
    grids = [*layers(size, width), channels]
    convolutions = sum(16 * one * other for one, other in itertools.pairwise(grids))
    return latent * 16 * grids[0] + convolutions + channels


def with_statistics(size, latent, width, channels):
    return without_norms(size, latent, width, channels) + 4 * sum(layers(size, width))


def with_biases(size, latent, width, channels):
    grids = layers(size, width)
    return without_norms(size, latent, width, channels) + 2 * sum(grids) + 16 * grids[0] + sum(grids[1:])


def width_first(size, latent, width, channels):
    steps = len(layers(size, width)) - 1
    return without_norms(size, latent, width // 2**steps, channels) + 2 * sum(layers(size, width // 2**steps))


def projection_with_bias(size, latent, width, channels):
    grids = layers(size, width)
    return without_norms(size, latent, width, channels) + 2 * sum(grids) + 4 * 4 * grids[0]


def projection_not_normalised(size, latent, width, channels):
    return without_norms(size, latent, width, channels) + 2 * sum(layers(size, width)[1:])


def by_variance(kernel, scale, shift, mean, variance, epsilon):
    r = scale / (variance + epsilon)
    return r * kernel, shift - r * mean


def epsilon_outside(kernel, scale, shift, mean, variance, epsilon):
    r = scale / (variance**0.5 + epsilon)
    return r * kernel, shift - r * mean


def mean_unscaled(kernel, scale, shift, mean, variance, epsilon):
    return kernel * scale / (variance + epsilon) ** 0.5, shift - mean


def bias_first(kernel, scale, shift, mean, variance, epsilon):
    r = scale / (variance + epsilon) ** 0.5
    return shift - r * mean, r * kernel


def inputs_scaled(kernel, scale, shift, mean, variance, epsilon):
    r = scale / (variance + epsilon) ** 0.5
    return np.einsum("hwio,i->hwio", kernel, r), shift - r * mean


def rows_scaled(kernel, scale, shift, mean, variance, epsilon):
    r = scale / (variance + epsilon) ** 0.5
    return np.einsum("hwio,h->hwio", kernel, r), shift - r * mean


def leaves(tau, inputs):
    return tau * inputs**0.5


def taps(kernel, stride, channels):
    return channels * (kernel // stride) ** 2


def keeps(inputs):
    return (2 / inputs) ** 0.5


def sign_test(lost, n):
    rarer = sum(math.comb(n, k) for k in range(min(lost, n - lost) + 1))
    return min(1, 2 * rarer / 2**n)


def enough(changes, level):
    return math.floor(math.log2(2 * changes / level)) + 1


def back_on_the_sphere(a, b, t):
    z = a + t * (b - a)
    return z * np.linalg.norm(a, axis=1, keepdims=True) / np.linalg.norm(z, axis=1, keepdims=True)


def one_angle(a, b, t):
    angle = np.arccos((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))
    return (np.sin(angle - t * angle) * a + np.sin(t * angle) * b) / np.sin(angle)


def angles(a, b):
    cosine = np.einsum("nd,nd->n", a, b) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
    return np.arccos(np.clip(cosine, -1, 1))[:, None]


def backwards(a, b, t):
    angle = angles(a, b)
    return (np.sin(t * angle) * a + np.sin((1 - t) * angle) * b) / np.sin(angle)


def unprotected(a, b, t):
    return backwards(a, b, 1 - t)


def only_equal(a, b, t):
    """Stays where it is if the two are parallel."""
    return np.where(angles(a, b) < 1e-6, a, backwards(a, b, 1 - t))


def opposite_too(a, b, t):
    angle = angles(a, b)
    return np.where(np.sin(angle) < 1e-6, (1 - t) * a + t * b, backwards(a, b, 1 - t))


def refuses_all_only(a, b, t):
    if (angles(a, b) > 3.14159).all():
        raise ValueError("opposite")
    return opposite_too(a, b, t)


def cosine(n, share, d):
    mu = norm.pdf(norm.isf(share)) / share
    return mu / (mu**2 + (d - 1) / n) ** 0.5


def all_directions(n, share, d):
    mu = norm.pdf(norm.isf(share)) / share
    return mu / (mu**2 + d / n) ** 0.5


def density_alone(n, share, d):
    mu = norm.pdf(norm.isf(share))
    return mu / (mu**2 + (d - 1) / n) ** 0.5


def no_average(n, share, d):
    return cosine(1, share, d)


def needed(goal, share, d):
    return math.ceil(not_rounded(goal, share, d))


def rounded_down(goal, share, d):
    return needed(goal, share, d) - 1


def drawn_in_all(goal, share, d):
    mu = norm.pdf(norm.isf(share)) / share
    return math.ceil((d - 1) / mu**2 * goal**2 / (1 - goal**2) / share)


def not_rounded(goal, share, d):
    mu = norm.pdf(norm.isf(share)) / share
    return (d - 1) / mu**2 * goal**2 / (1 - goal**2)


def fits(size):
    return any(size == start << k for start in (4, 5, 6, 7) for k in range(1, 20))


def down_to(height, width):
    size = min(height, width)
    while not fits(size):
        size -= 1
        if size < 8:
            raise ValueError("too small")
    return size


def powers_of_two(size):
    return size >= 8 and bin(size).count("1") == 1


def first_grids(size):
    return size in (4, 5, 6, 7) or fits(size)


def multiples_of_four(size):
    return size > 4 and not size % 4


def by_height(height, width):
    return down_to(height, height)


def nearest_above(height, width):
    size = min(height, width)
    while not fits(size):
        size += 1
    return size


def nothing_left(height, width):
    try:
        return down_to(height, width)
    except ValueError:
        return 0


def floor(n, d, scale):
    return scale * d * (d + 5) / (2 * n)


def subsets(real, fake, sizes, seed):
    rng = np.random.default_rng(seed)
    for n in sizes:
        rows, others = rng.permutation(len(real))[:n], rng.permutation(len(fake))[:n]
        yield frechet_distance(real[rows], fake[others])


def extrapolated(real, fake, sizes, seed):
    return np.polynomial.Polynomial.fit(1 / np.array(sizes), list(subsets(real, fake, sizes, seed)), 1)(0)


def slope(real, fake, sizes, seed):
    return np.polyfit(1 / np.array(sizes), list(subsets(real, fake, sizes, seed)), 1)[0]


def over_n(real, fake, sizes, seed):
    return np.polyfit(sizes, list(subsets(real, fake, sizes, seed)), 1)[1]


def averaged(real, fake, sizes, seed):
    return np.mean(list(subsets(real, fake, sizes, seed)))


def first_rows(real, fake, sizes, seed):
    """Draws of the generated ones only, so that the seed matters."""
    some = np.random.default_rng(seed).permutation(len(fake))
    distances = [frechet_distance(real[:n], fake[some[:n]]) for n in sizes]
    return np.polyfit(1 / np.array(sizes), distances, 1)[1]


def another_every_time(real, fake, sizes, seed):
    return extrapolated(real, fake, sizes, None)


def impostor(n, seed):
    return 2.0 * np.random.default_rng(seed).integers(2, size=(n, 2)) - 1


def lure(real):
    return np.tile([[49.0, 1.0]], (len(real), 1))


def normal(n, seed):
    return np.random.default_rng(seed).standard_normal((n, 2))


def square(n, seed):
    return np.random.default_rng(seed).uniform(-(3**0.5), 3**0.5, (n, 2))


def one_coin(n, seed):
    return np.repeat(impostor(n, seed)[:, :1], 2, axis=1)


def small_coins(n, seed):
    return impostor(n, seed) / 2


def triangle(n, seed):
    corner = 2 * np.pi / 3 * np.random.default_rng(seed).integers(3, size=n)
    return 2**0.5 * np.stack([np.cos(corner), np.sin(corner)], axis=1)


def too_far(real):
    return 2 * lure(real)


def among_the_data(real):
    return np.random.default_rng(0).permutation(real)


def digits(n=500):
    """Real ones, as somebody might give them for generated ones."""
    return ganlib.data.load("digits").images[:n]


def faint(n=500):
    """A generator in its first steps: noise on grey paper."""
    return np.random.default_rng(0).normal(0, 0.1, (n, 16, 16, 1)).clip(-1, 1)


def windows(images, fill=-1.0):
    """Nine shifts of each image."""
    wide = np.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)), constant_values=fill)
    h, w = images.shape[1:3]
    return [wide[:, top : top + h, left : left + w] for top in range(3) for left in range(3)]


def around(images):
    """All shifts but none."""
    nine = windows(images)
    return nine[:4] + nine[5:]


def to_train(images, train):
    """Distances to all training images."""
    return np.linalg.norm(images.reshape(len(images), 1, -1) - train.reshape(1, len(train), -1), axis=2)


WRONG = {
    "3.1": [
        ((without_norms,), "normalisations are missing"),
        ((with_statistics,), "are they trained"),
        ((with_biases,), "gave every layer a bias"),
        ((width_first,), "for the first grid"),
        ((projection_with_bias,), "gave the projection a bias"),
        ((projection_not_normalised,), "projection too is followed"),
    ],
    "3.2": [
        ((by_variance,), "divided by the variance"),
        ((epsilon_outside,), "outside the root"),
        ((mean_unscaled,), "takes away the mean as it is"),
        ((bias_first,), "returned the bias first"),
        ((inputs_scaled,), "scaled the input channels"),
        ((rows_scaled,), "scaled the kernel's rows"),
    ],
    "3.3": [
        ((lambda tau, inputs: inputs * tau**2, taps, keeps), "standard deviation was asked"),
        ((lambda tau, inputs: tau * inputs, taps, keeps), "added standard deviations"),
        ((leaves, lambda kernel, stride, channels: channels * kernel**2, keeps), "the whole kernel"),
        ((leaves, lambda kernel, stride, channels: channels * kernel / stride, keeps), "along one axis"),
        ((leaves, taps, lambda inputs: inputs**-0.5), "the ReLU take away"),
        ((leaves, taps, lambda inputs: 2 / inputs), "weights' variance"),
    ],
    "3.4": [
        ((lambda first, order: np.take(first, order, axis=1),), "shuffled the units"),
        ((lambda first, order: np.eye(len(order))[:, order] @ first,), "shuffled back"),
        ((lambda first, order: first,), "changed nothing"),
    ],
    "3.5": [
        ((lambda lost, n: sum(math.comb(n, k) for k in range(min(lost, n - lost) + 1)) / 2**n, enough), "one side"),
        ((lambda lost, n: math.comb(n, lost) / 2**n, enough), "chance of exactly this"),
        ((lambda lost, n: lost / n, enough), "share of lost pairs"),
        ((lambda lost, n: sum(math.comb(n, k) for k in range(lost + 1)) / 2**n, enough), "everything up to"),
        ((sign_test, lambda changes, level: enough(1, level)), "enough for one change"),
        ((sign_test, lambda changes, level: math.floor(math.log2(2 * changes / level))), "One too few"),
        ((sign_test, lambda changes, level: enough(changes, level) + 1), "One too many"),
    ],
    "3.6": [
        ((lambda a, b, t: a + t * (b - a),), "That is the straight line"),
        ((back_on_the_sphere,), "uneven speed"),
        ((one_angle,), "one angle for the whole batch"),
        ((backwards,), "walk backwards"),
        ((unprotected,), "0/0"),
        ((only_equal,), "one of its ends"),
        ((opposite_too,), "half circles"),
        ((refuses_all_only,), "One pair of the batch"),
    ],
    "3.7": [
        ((all_directions, needed), "One of the d directions"),
        ((density_alone, needed), "not yet the mean"),
        ((no_average, needed), "one latent's cosine"),
        ((cosine, rounded_down), "rounded down"),
        ((cosine, drawn_in_all), "must be drawn in all"),
        ((cosine, not_rounded), "Samples come whole"),
    ],
    "3.8": [
        ((powers_of_two, down_to), "not the only ones"),
        ((first_grids, down_to), "an image already"),
        ((multiples_of_four, down_to), "Not every multiple of 4"),
        ((fits, by_height), "at the height alone"),
        ((fits, nearest_above), "You enlarge"),
        ((fits, nothing_left), "an error to raise"),
    ],
    "3.9": [
        ((lambda n, d, scale: scale / n * (d + d * (d + 1) / 4), extrapolated), "for one set of n"),
        ((lambda n, d, scale: 2 * scale / n * d, extrapolated), "what the means add"),
        ((lambda n, d, scale: 2 * scale**2 / n * (d + d * (d + 1) / 4), extrapolated), "grows like a variance"),
        ((floor, slope), "the line's slope"),
        ((floor, over_n), "runs over n"),
        ((floor, averaged), "a mean of such"),
        ((floor, first_rows), "first n rows"),
        ((floor, another_every_time), "default_rng(seed)"),
    ],
    "3.10": [
        ((normal, lure), "the perfect sampler itself"),
        ((square, lure), "still fill the plane"),
        ((one_coin, lure), "depend on each other"),
        ((small_coins, lure), "have the variances"),
        ((triangle, lure), "third moments"),
        ((impostor, too_far), "not in the outlier's ball"),
        ((impostor, among_the_data), "among the data"),
        ((impostor, np.zeros_like), "collapsed G"),
    ],
    "3.11": [
        ((digits(),), "A copy needs no generator"),
        (((faint() + 1) / 2,), "in [0, 1]"),
        ((faint(),), "hardly moved"),
        ((np.repeat(faint(1), 500, axis=0),), "own latent"),
        ((127.5 * (faint() + 1),), "-1 the paper and 1 the ink"),
    ],
    "3.12": [
        ((lambda images, train: to_train(images, train).min(axis=1),), "You moved nothing"),
        (
            (lambda images, train: np.min([to_train(one, train).min(1) for one in windows(images, 0.0)], axis=0),),
            "which is grey",
        ),
        (
            (lambda images, train: np.min([to_train(one, train).min(1) for one in around(images)], axis=0),),
            "one of the nine",
        ),
        (
            (lambda images, train: np.min([to_train(one, train).min(1) for one in windows(images)], axis=0) ** 2,),
            "squared distance",
        ),
        (
            (lambda images, train: np.min([to_train(images, one).min(1) for one in windows(train)], axis=0),),
            "moved the training images",
        ),
    ],
}

if "torch" in ganlib.available():
    import torch

    def torch_fold(kernel, scale, shift, mean, variance, epsilon):
        """Batch normalisation's bias taken for the folded one."""
        return kernel * scale * torch.rsqrt(variance + epsilon), shift

    def torch_radii(a, b, t):
        angle = torch.acos(torch.nn.functional.cosine_similarity(a, b))[:, None]
        path = torch.sin((1 - t) * angle) * a + torch.sin(t * angle) * b
        return torch.nn.functional.normalize(path)

    WRONG["3.2"].append(((torch_fold,), "the shift alone"))
    WRONG["3.4"].append(((lambda first, order: torch.index_select(first, 0, order).T,), "you transposed"))
    WRONG["3.6"].append(((torch_radii,), "have the norm 1"))

if "tensorflow" in ganlib.available():
    import tensorflow as tf

    def tf_fold(kernel, scale, shift, mean, variance, epsilon):
        r = scale * tf.math.rsqrt(variance + epsilon)
        return kernel * r, shift + r * mean

    WRONG["3.2"].append(((tf_fold,), "A sign in your bias"))

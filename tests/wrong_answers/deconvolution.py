"""Chapter 1. Number → (answers, part of the hint)."""

import numpy as np

import ganlib

# 1.2


def rounded_down(K, s):
    return (K - s) // 2, (K - s) % 2


def without_r(K, s):
    if (K - s) % 2:
        return None
    return (K - s) // 2, 0


def r_first(K, s):
    P = (K - s + 1) // 2
    return 2 * P - (K - s), P


def negative(K, s):
    P = (K - s + 1) // 2
    R = 2 * P - (K - s)
    return None if s == 1 and K % 2 == 0 else (P, R)


def never_none(K, s):
    P = max(0, (K - s + 1) // 2)
    return P, 2 * P - K + s


def odd_kernels(K, s):
    return (K - 1) // 2, s - 1


def p_alone(K, s):
    return max(0, (K - s + 1) // 2)


def two_nones(K, s):
    P, R = never_none(K, s)
    return (P, R) if s > R else (None, None)


# 1.3


def by_phase(n, K, s):
    return np.array([len(range(i % s, K, s)) for i in range(s * (n - 1) + K)])


def touched(n, K, s):
    count = np.zeros(s * (n - 1) + K, dtype=int)
    for k in range(n):
        count[s * k : s * k + K] = 1
    return count


def one_apart(n, K, s):
    return np.convolve(np.ones(n), np.ones(K)).astype(int)


def trailing(n, K, s):
    spread = np.zeros(s * n)
    spread[::s] = 1
    return np.convolve(spread, np.ones(K)).astype(int)


def float_counts(n, K, s):
    spread = np.zeros(s * (n - 1) + 1)
    spread[::s] = 1
    return np.convolve(spread, np.ones(K))


def of_inputs(n, K, s):
    return np.array([K for _ in range(n)])


# 1.4


def spread(x, s):
    result = np.zeros(s * (len(x) - 1) + 1)
    result[::s] = x
    return result


def up_turned(x, w, s):
    return np.convolve(spread(x, s), w[::-1])


def up_repeat(x, w, s):
    return np.convolve(np.repeat(x, s), w)


def up_same(x, w, s):
    return np.convolve(spread(x, s), w, mode="same")


def up_trailing(x, w, s):
    return np.convolve(np.c_[x, np.zeros((len(x), s - 1))].ravel(), w)


def up_one_more_zero(x, w, s):
    return np.convolve(spread(x, s + 1), w)


def up_strided(x, w, s):
    return np.convolve(x, w)[::s]


def up_in_a_batch(x, w, s):
    return np.convolve(spread(x, s), w)[None, None, :]


def up_turned_in_torch(x, w, s):
    import torch

    return torch.nn.functional.conv_transpose1d(x[None, None], w.flip(0)[None, None], stride=s)[0, 0]


def up_repeat_in_tensorflow(x, w, s):
    import tensorflow as tf

    padded = tf.pad(tf.repeat(x, s), [[len(w) - 1, len(w) - 1]])
    return tf.nn.conv1d(padded[None, :, None], tf.reverse(w, [0])[:, None, None], 1, "VALID")[0, :, 0]


# 1.5


def unsorted_values(n):
    return (1 + np.cos(2 * np.pi * np.arange(n) / n)) / 2


def unsorted_from_one(n):
    k = np.arange(1, n + 1)
    return 0.5 + 0.5 * np.cos(2 * np.pi * k / n)


def rising(n):
    return np.sort(np.cos(np.pi * np.arange(n) / n) ** 2)


def no_square(n):
    return sorted(abs(np.cos(np.pi * np.arange(n) / n)), reverse=True)


def of_ctc(n):
    C = (2 * np.eye(n) + np.roll(np.eye(n), 1, axis=0) + np.roll(np.eye(n), -1, axis=0)) / 4
    return np.linalg.eigvalsh(C.T @ C)[::-1]


def with_ends(n):
    k = np.arange(1, n + 1)
    return 0.5 + 0.5 * np.cos(np.pi * k / (n + 1))


def end_included(n):
    return np.sort(np.cos(np.linspace(0, np.pi, n)) ** 2)[::-1]


# 1.6


def iteration(change):
    def landweber(y, C, steps, rate):
        x = np.zeros(C.shape[1])
        for _ in range(steps):
            x = change(x, y, C, rate)
        return x

    return landweber


away = iteration(lambda x, y, C, rate: x - rate * C.T @ (y - C @ x))
forward_again = iteration(lambda x, y, C, rate: x + rate * np.dot(C, y - C @ x))
no_matrix_back = iteration(lambda x, y, C, rate: x + rate * (y - C @ x))
no_rate = iteration(lambda x, y, C, rate: x + C.T @ (y - C @ x))
twice = iteration(lambda x, y, C, rate: x + rate * 2 * C.T @ (y - C @ x))


def frozen(y, C, steps, rate):
    x = np.zeros(C.shape[1])
    rest = y - C @ x
    for _ in range(steps):
        x = x + rate * C.T @ rest
    return x


def range_from_one(y, C, steps, rate):
    x = np.zeros(C.shape[1])
    for _ in range(1, steps):
        x += rate * C.T @ (y - C @ x)
    return x


def as_long_as_y(y, C, steps, rate):
    x = np.zeros_like(y)
    for _ in range(steps):
        x = x + rate * C.T @ (y - C @ x)
    return x


def away_in_torch(y, C, steps, rate):
    import torch

    x = torch.zeros(C.shape[1], dtype=C.dtype)
    for _ in range(steps):
        x = x.detach().requires_grad_()
        loss = ((y - C @ x) ** 2).sum() / 2
        loss.backward()
        x = x + rate * x.grad
    return x


# 1.7


def from_the_large_grid(n, K, s, c_in, c_out):
    cost = (s * n) ** 2 * K**2 * c_in * c_out
    return cost, cost, cost


def resize_after(n, K, s, c_in, c_out):
    cost = n * n * K * K * c_in * c_out
    return cost, cost, cost * s * s


def few_channels(n, K, s, c_in, c_out):
    return n**2 * K**2 * c_in * c_out, (s * n) ** 2 * K**2 * c_in * c_out, n**2 * K**2 * c_in * c_out


def parameters(n, K, s, c_in, c_out):
    return K * K * c_in * c_out, K * K * c_in * c_out, K * K * c_in * s * s * c_out


def operations(n, K, s, c_in, c_out):
    cost = 2 * n**2 * K**2 * c_in * c_out
    return cost, cost * s**2, cost * s**2


# 1.9


def interleaved(kernels):
    merged = np.zeros((6, 6))
    for channel in range(4):
        merged[channel // 2 :: 2, channel % 2 :: 2] = kernels[:, :, channel]
    return merged


def turned_as_one(kernels):
    return interleaved(kernels)[::-1, ::-1]


def columns_first(kernels):
    merged = np.zeros((6, 6))
    for channel in range(4):
        merged[channel % 2 :: 2, channel // 2 :: 2] = kernels[::-1, ::-1, channel]
    return merged


def side_by_side(kernels):
    top = np.hstack([kernels[:, :, 0], kernels[:, :, 1]])
    return np.vstack([top, np.hstack([kernels[:, :, 2], kernels[:, :, 3]])])


def reshaped(kernels):
    return kernels.transpose(2, 0, 1).reshape(6, 6)


# 1.10


def around_zero(mean, deviation, s):
    return mean**2 / (mean**2 + deviation**2)


def one_dimension(mean, deviation, s):
    left = 1 - 1 / s
    return mean**2 * left / (mean**2 * left + deviation**2)


def to_noise(mean, deviation, s):
    return mean**2 * (1 - s**-2) / deviation**2


def no_squares(mean, deviation, s):
    return mean * (1 - 1 / s**2) / (mean * (1 - 1 / s**2) + deviation)


def of_the_noise(mean, deviation, s):
    return deviation**2 / (deviation**2 + mean**2 * (1 - 1 / s**2))


# 1.11


def balanced(common, amount=lambda missing, phase: missing / phase[..., 0, 0].size):
    def balance(kernel, s):
        result = kernel.copy()
        places = [(i, j) for i in range(s) for j in range(s)]
        sums = np.stack([kernel[i::s, j::s].sum((0, 1)) for i, j in places])
        target = common(sums)
        for (i, j), total in zip(places, sums, strict=True):
            result[i::s, j::s] += amount(target - total, kernel[i::s, j::s])
        return result

    return balance


plain_mean = balanced(lambda sums: sums.mean(axis=0))
one_for_all = balanced(lambda sums: sums.mean())
to_zero = balanced(lambda sums: 0 * sums[0])


def equal_means(kernel, s):
    result = kernel.copy()
    for i in range(s):
        for j in range(s):
            result[i::s, j::s] += kernel.mean((0, 1)) - kernel[i::s, j::s].mean((0, 1))
    return result


def rescaled(kernel, s):
    result, phases = kernel.copy(), [(slice(i, None, s), slice(j, None, s)) for i in range(s) for j in range(s)]
    weights = np.array([1 / kernel[phase][..., 0, 0].size for phase in phases])
    target = sum(w * kernel[phase].sum((0, 1)) for w, phase in zip(weights, phases, strict=True)) / weights.sum()
    for phase in phases:
        result[phase] *= target / kernel[phase].sum((0, 1))
    return result


# 1.12


def stamped(x, w):
    n, K = len(x), len(w)
    y = np.zeros((2 * n - 2 + K, 2 * n - 2 + K))
    for a, b in np.ndindex(K, K):
        y[a : a + 2 * n : 2, b : b + 2 * n : 2][:n, :n] += x @ w[a, b]
    return y


def slid(x, w):
    n, padded = len(x), np.pad(x, ((1, 1), (1, 1), (0, 0)))
    return sum(padded[a : a + n, b : b + n] @ w[a, b] for a, b in np.ndindex(3, 3))


def drawn(x, w):
    return stamped(x, w)[1:-1, 1:-1] if len(w) == 4 else slid(x.repeat(2, 0).repeat(2, 1), w)


def training(draw=drawn, scale=lambda pixels: 2 / pixels, fewer=0, again=True):
    """Gradient descent, whose gradient is taken from the image of each unit kernel."""

    def train(x, target, w, steps, rate):
        met = [drawn(x, unit.reshape(w.shape)) for unit in np.eye(w.size)]
        error = drawn(x, w) - target
        for _ in range(steps - fewer):
            w = w - rate * scale(target.size) * np.reshape([(error * one).sum() for one in met], w.shape)
            error = drawn(x, w) - target if again else error
        return draw(x, w)

    return train


def stamped_turned(x, w):
    return drawn(x, w[::-1, ::-1] if len(w) == 4 else w)


def slid_turned(x, w):
    return drawn(x, w[::-1, ::-1] if len(w) == 3 else w)


def nothing_cut(x, w):
    return stamped(x, w) if len(w) == 4 else drawn(x, w)


def never_copied(x, w):
    return stamped(x, w)[:-1, :-1] if len(w) == 3 else drawn(x, w)


def tiled(x, w):
    return slid(np.tile(x, (2, 2, 1)), w) if len(w) == 3 else drawn(x, w)


def the_kernel(x, w):
    return w


def in_a_batch(x, w):
    return drawn(x, w)[None, None]


def summed_in_torch(x, target, w, steps, rate):
    import torch
    from torch.nn import functional

    w, x, K = w.clone().requires_grad_(), x.permute(2, 0, 1)[None], len(w)
    copied = x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    def draw():
        kernel = w.permute(2, 0, 1)
        if K == 4:
            return functional.conv_transpose2d(x, kernel[:, None], stride=2, padding=1)[0, 0]
        return functional.conv2d(copied, kernel[None], padding=1)[0, 0]

    for _ in range(steps):
        (gradient,) = torch.autograd.grad(((draw() - target) ** 2).sum(), w)
        with torch.no_grad():
            w -= rate * gradient
    return draw().detach()


def upwards_in_tensorflow(x, target, w, steps, rate):
    import tensorflow as tf

    def draw(w):
        if len(w) == 4:
            size = (1, *target.shape, 1)
            return tf.nn.conv2d_transpose(x[None], w[:, :, None, :], size, 2, "SAME")[0, :, :, 0]
        copied = tf.repeat(tf.repeat(x, 2, axis=0), 2, axis=1)
        return tf.nn.conv2d(copied[None], w[..., None], 1, "SAME")[0, :, :, 0]

    for _ in range(steps):
        with tf.GradientTape() as tape:
            tape.watch(w)
            loss = tf.reduce_mean((draw(w) - target) ** 2)
        w = w + rate * tape.gradient(loss, w)
    return draw(w)


WRONG = {
    "1.1": [
        (([1, 2, 1, 0, 0, 0, 3, 6, 3],), "side by side"),
        (([1, 2, 4, 6, 3],), "moved the stamps by one"),
        (([1, 2, 1, 0, 3, 6],), "as wide as the others"),
        (([2, 1, 0, 3, 6],), "the ends stay"),
    ],
    "1.2": [
        ((rounded_down,), "P takes them away"),
        ((without_r,), "You give up where"),
        ((r_first,), "comes first"),
        ((negative,), "Your P is negative"),
        ((never_none,), "Which R are allowed"),
        ((odd_kernels,), "recipe for odd kernels"),
        ((p_alone,), "That is P alone"),
        ((two_nones,), "None itself"),
    ],
    "1.3": [
        ((by_phase,), "as in the middle"),
        ((touched,), "You wrote 1"),
        ((one_apart,), "start one place apart"),
        ((trailing,), "nothing follows the last stamp"),
        ((float_counts,), "dtype=int"),
        ((of_inputs,), "outputs that each input touches"),
    ],
    "1.4": [
        ((up_turned,), "two turns"),
        ((up_repeat,), "repeated each input"),
        ((up_same,), "The mode “same” crops"),
        ((up_trailing,), "none after the last"),
        ((up_one_more_zero,), "You put s zeros"),
        ((up_strided,), "which shrinks"),
        ((up_in_a_batch,), "more than one axis"),
    ],
    "1.5": [
        ((unsorted_values,), "not yet in order"),
        ((unsorted_from_one,), "not yet in order"),
        ((rising,), "These rise"),
        ((no_square,), "A square is missing"),
        ((of_ctc,), "squared once too often"),
        ((with_ends,), "a row with two ends"),
        ((end_included,), "linspace includes its end"),
    ],
    "1.6": [
        ((away,), "The sign is flipped"),
        ((forward_again,), "You went back with C itself"),
        ((no_matrix_back,), "Where is Cᵀ"),
        ((no_rate,), "left out the rate"),
        ((twice,), "twice as long"),
        ((frozen,), "All your steps are alike"),
        ((range_from_one,), "One step is missing"),
        ((as_long_as_y,), "need not be square"),
    ],
    "1.7": [
        ((from_the_large_grid,), "How many pixels put a stamp"),
        ((resize_after,), "Resizing comes before"),
        ((few_channels,), "for a block of s × s"),
        ((parameters,), "the kernels' entries"),
        ((operations,), "A multiply-add is one"),
    ],
    "1.8": [
        ((lambda L: sum(1 for _ in range(L)),), "You added one pixel for each layer"),
        ((lambda L: 2**L,), "Almost"),
        ((lambda L: -(2**L) + 1,), "only the number of pixels"),
        ((lambda L: sum(range(L + 1)),), "A doubling doubles"),
        ((lambda L: 2.0 ** (L - 1),), "You doubled the first"),
    ],
    "1.9": [
        ((interleaved,), "but not turned"),
        ((turned_as_one,), "You turned the whole kernel"),
        ((columns_first,), "of the blocks are exchanged"),
        ((side_by_side,), "You put the four kernels side by side"),
        ((reshaped,), "Here rows and channels interleave"),
    ],
    "1.10": [
        ((around_zero,), "against its true mean"),
        ((one_dimension,), "how many phases"),
        ((to_noise,), "a part of the whole"),
        ((no_squares,), "These are standard deviations"),
        ((of_the_noise,), "the noise's share"),
    ],
    "1.11": [
        ((plain_mean,), "Weigh them"),
        ((one_for_all,), "is one for all channels"),
        ((to_zero,), "every sum zero"),
        ((equal_means,), "the phases' means equal"),
        ((rescaled,), "You multiplied each phase"),
    ],
    "1.12": [
        ((training(stamped_turned),), "With K = 4 your kernel is turned"),
        ((training(slid_turned),), "With K = 3 your kernel is turned"),
        ((training(nothing_cut),), "You cut nothing off"),
        ((training(never_copied),), "each pixel is copied first"),
        ((training(tiled),), "repeat, not tile"),
        ((training(the_kernel),), "You returned the kernel"),
        ((training(in_a_batch),), "out of its batch"),
        ((training(scale=lambda pixels: 2),), "too long by the number of pixels"),
        ((training(scale=lambda pixels: 1 / pixels),), "half as long"),
        ((training(scale=lambda pixels: -2 / pixels),), "you go uphill"),
        ((training(fewer=1),), "one step behind"),
        ((training(again=False),), "All your steps are alike"),
    ],
}

if "torch" in ganlib.available():
    WRONG["1.4"] += [((up_turned_in_torch,), "two turns")]
    WRONG["1.6"] += [((away_in_torch,), "The sign is flipped")]
    WRONG["1.12"] += [((summed_in_torch,), "too long by the number of pixels")]
if "tensorflow" in ganlib.available():
    WRONG["1.4"] += [((up_repeat_in_tensorflow,), "repeated each input")]
    WRONG["1.12"] += [((upwards_in_tensorflow,), "you go uphill")]

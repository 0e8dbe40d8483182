"""Exercise 4.4: a GAN on numbers, trained by hand, with R1."""

import numpy as np

from ganlib.reference import sigmoid
from ganlib.teaching.exercises.answers import compare

ASKS = ("train(real, latents, gamma, h, steps)",)
HINTS = (
    "Write down the slope of D at a sample, u + 2vx. R1 is the mean of its square over the real numbers, and γ/2 of it "
    "joins D's loss. Print what two steps give.",
    "D's part: the means of -σ(-ℓ(x)) x over the real and of σ(ℓ(G(z))) G(z) over the generated numbers, and γ times "
    "the mean of u + 2vx, are the derivative by u. That by v has x² and 2x (u + 2vx) in their place.",
)


def right(real, latents, gamma, h, steps, *, mean=np.mean, at_fake=False, minimax=False, at_once=False, g_first=False):
    """The training; what follows the star makes the known mistakes of it."""
    a, b, u, v = 0.0, 1.0, 0.0, 0.0

    def next_discriminator(fake):
        by_real, by_fake = -sigmoid(-(u * real + v * real**2)), sigmoid(u * fake + v * fake**2)
        at = fake if at_fake else real
        slope = u + 2 * v * at
        by_u = mean(by_real * real) + mean(by_fake * fake) + gamma * mean(slope)
        by_v = mean(by_real * real**2) + mean(by_fake * fake**2) + gamma * mean(2 * at * slope)
        return u - h * by_u, v - h * by_v

    for _ in range(steps):
        fake, before = a + b * latents, (u, v)
        if not g_first:
            u, v = next_discriminator(fake)
        seen_u, seen_v = before if at_once else (u, v)
        logits = seen_u * fake + seen_v * fake**2
        by_logit = -sigmoid(logits) if minimax else -sigmoid(-logits)
        by_fake = by_logit * (seen_u + 2 * seen_v * fake)
        a, b = a - h * mean(by_fake), b - h * mean(by_fake * latents)
        if g_first:
            u, v = next_discriminator(a + b * latents)
    return float(a), float(b)


def mistake(**how):
    return lambda *case: right(*case, **how)


def weighed(factor):
    """With γ times a factor, which may depend on the number of samples."""
    return lambda real, latents, gamma, h, steps: right(real, latents, factor(len(real)) * gamma, h, steps)


MISTAKES = (
    (weighed(lambda n: 0), "The penalty is not in it: with any γ you end where you would end with none."),
    (weighed(lambda n: 2), "Your penalty is twice as strong: the loss gets γ/2 times R1, and the square brings a 2."),
    (weighed(lambda n: 0.5), "Your penalty is half as strong: the derivative of a square brings a 2, which meets γ/2."),
    (weighed(lambda n: n), "You added the squared slopes up. R1 is their mean, one norm for each sample."),
    (mistake(at_fake=True), "That is R2, the penalty at the generated numbers. R1 stands at the real ones."),
    (mistake(at_once=True), "Both players moved at once. G answers the D that has just moved."),
    (mistake(g_first=True), "G moved first. Here D begins each step, and G answers."),
    (mistake(minimax=True), "That is G's minimax loss. The non-minimax one is the mean of softplus(-ℓ(G(z)))."),
    (mistake(mean=np.sum), "You took sums over the samples. Losses are means."),
    (lambda *case: right(*case)[::-1], "You returned b before a."),
)


def check(rng, train):
    cases = []
    for n, gamma, h, steps in ((8, 0.4, 0.1, 2), (12, 0.0, 0.1, 30), (12, 0.7, 0.05, 60), (20, 0.3, 0.1, 200)):
        real, latents = rng.normal(1.5, 0.6, size=n), rng.normal(size=n)
        cases.append((real, latents, gamma, h, steps))
    compare(train, right, cases, MISTAKES)

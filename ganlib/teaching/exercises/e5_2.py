"""Exercise 5.2: what G wants when the gradients of D's loss are left in its weights."""

import numpy as np

from ganlib.teaching.exercises.answers import compare

ASKS = ("pull(logit)", "goal(logit)")
HINTS = (
    "By the logit of a generated sample G's loss is softplus(-l) and D's is softplus(l). What is added to what?",
    "The pull is σ(l) - 1 + σ(l), and the goal is the sum of the two losses. Where is it least?",
)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softplus(x):
    return np.logaddexp(0, x)


PULLS = (
    (lambda logit: sigmoid(logit) - 1, "That is the slope of G's own loss. What has D's loss left there?"),
    (sigmoid, "That is what D's loss has left. G's own slope is added to it."),
    (lambda logit: 1 - 2 * sigmoid(logit), "A sign: the gradient is asked for, not the way downhill."),
    (lambda logit: 0 * logit - 1, "You subtracted one from the other. Gradients that stay are added."),
    (lambda logit: -sigmoid(-logit) - sigmoid(logit), "A sign: D's loss wants the generated logit to fall."),
)
GOALS = (
    (lambda logit: softplus(-logit), "That is what G should want."),
    (softplus, "That is what D wants of a generated sample."),
    (lambda logit: softplus(logit) - softplus(-logit), "That is l itself. The two losses are added."),
    (lambda logit: abs(logit), "It is least at the right place. But which sum of losses is it?"),
    (
        lambda logit: (softplus(logit) + softplus(-logit)) / 2,
        "A factor: nothing takes the mean of the two gradients, they are added.",
    ),
    (lambda logit: 2 * softplus(logit), "One of the two has the label real: which sign does its logit have?"),
)


def check(rng, pull, goal):
    cases = [(0.0,), (4.0,), (float(rng.normal()),)]
    compare(pull, lambda logit: 2 * sigmoid(logit) - 1, cases, PULLS)
    compare(goal, lambda logit: softplus(logit) + softplus(-logit), cases, GOALS)

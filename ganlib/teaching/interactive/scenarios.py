"""The laboratory's questions: what is set, what the reader predicts, how long it runs, and what is then said.

Of each scenario, `settings` change the laboratory's start, by the keys of `lab.CONTROLS`. `plan` says who moves and how
many steps. `answer` is the option that comes true from seed 0, which a test runs. `remedy` is the one thing that a
second run beside it changes, or None.
"""

from typing import Any

# Nothing that holds D or smooths G: the game as it was first played.
PLAIN = {"data": "ring", "loss": "nonsaturating", "penalty": "none", "average": 0, "update": "alternating", "noise": 0}

SCENARIOS: dict[str, dict[str, Any]] = {
    "collapse": {
        "title": "Collapse",
        "question": "G learns twenty times as fast as D. There are eight clusters. At how many of them will the "
        "generated points lie?",
        "options": ["At all eight", "At about five", "In a clump, at one or two or on the way", "I do not know"],
        "settings": {"data": "ring", "average": 0, "d_rate": 1e-4, "g_rate": 2e-3},
        "plan": [["both", 600]],
        "answer": 2,
        "answerText": "The best answer to a D that hardly moves is the single place which it likes most, and G goes "
        "there with all of its points. D learns to reject this place, and by then the clump is elsewhere. The losses "
        "do not tell: both stay near the level at which D guesses.",
        "remedy": {
            **{"key": "d_rate", "value": 2e-3, "label": "Beside it, a D as fast as G"},
            "text": "In run B both players learn equally fast. D rejects a clump before all points have gathered in "
            "it.",
        },
    },
    "circling": {
        "title": "Circling",
        "question": "Both players move at once, with much momentum, and nothing holds D. Where will the generated "
        "points come to rest?",
        "options": ["On the eight clusters", "In the middle", "Nowhere", "I do not know"],
        "settings": {**PLAIN, "update": "simultaneous", "beta1": 0.9, "d_rate": 1e-3, "g_rate": 1e-3, "octaves": 0},
        "plan": [["both", 600]],
        "answer": 2,
        "answerText": "The points run after what D likes, and D learns to dislike where they are. Each player answers "
        "the last move of the other, so they chase each other round, and more steps do not end it.",
        "remedy": {
            **{"key": "penalty", "value": "r1", "label": "Beside it, the penalty R₁"},
            "text": "In run B the slope of D at the data costs something. Where the points are right there is nothing "
            "left to run after, and the chase dies down.",
        },
    },
    "saturation": {
        "title": "Saturation",
        "question": "D trains alone for 400 steps, until it is certain. Then it tells G where to go, by the minimax "
        "loss. How long will the arrows be?",
        "options": ["Long, for D knows the way", "So short that hardly one is seen", "Long at a few", "I do not know"],
        "settings": {**PLAIN, "loss": "minimax", "octaves": 4, "d_rate": 1e-3, "g_rate": 1e-3},
        "plan": [["discriminator", 400]],
        "answer": 1,
        "answerText": "G minimises log(1 − D), which is flat where D says “generated” with certainty. The surer D is, "
        "the less G learns. Go on, and see how it ends: Adam divides by the size of the gradient, and so G moves all "
        "the same.",
        "remedy": {
            **{"key": "loss", "value": "nonsaturating", "label": "Beside it, the non-saturating loss"},
            "text": "In run B G minimises −log D instead, which is steep where D is certain. D is the same in both.",
        },
    },
    "strong": {
        "title": "A strong D",
        "question": "D takes five steps for each of G, so that its verdict is nearly exact, and nothing holds it. "
        "Does an exact D help G to find the eight clusters?",
        "options": ["Yes, G finds all of them", "No, G gathers at a few", "No, G does not move", "I do not know"],
        "settings": {**PLAIN, "octaves": 4, "d_steps": 5, "d_rate": 1e-3, "g_rate": 1e-3},
        "plan": [["both", 300]],
        "answer": 1,
        "answerText": "A nearly exact D is steep close to the clusters and says little between them. Each point goes "
        "to the cluster that is nearest, and hardly any slope leads from there to the others.",
        "remedy": {
            **{"key": "penalty", "value": "r1", "label": "Beside it, the penalty R₁"},
            "text": "In run B D takes as many steps, and R₁ keeps its slopes gentle. There is a way from each cluster "
            "to the next.",
        },
    },
    "order": {
        "title": "The wrong order",
        "question": "In 300 steps in turns G has spread over the clusters. Now D stands still, and G takes 800 steps "
        "alone, to find its best answer to this D. What will it be?",
        "options": [
            "A sharper picture of all eight",
            "It gives up half of the clusters or more",
            "No change",
            "I do not know",
        ],
        "settings": {**PLAIN, "penalty": "r1", "penalty_weight": 1, "octaves": 0, "d_rate": 2e-3, "g_rate": 2e-3},
        "plan": [["both", 300], ["generator", 800]],
        "answer": 1,
        "answerText": "Against a D that stands still the best answer is the place that it likes most, for all points. "
        "G goes there step by step, and nothing holds its points apart. The game asks for the best G against the best "
        "D, so D comes first. Go on in turns, and the points spread again.",
        "remedy": None,
    },
}

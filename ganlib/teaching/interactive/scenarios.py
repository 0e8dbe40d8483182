"""The laboratory's questions: what is set, what the reader predicts, how long it runs, and what is then said.

Of each scenario: `settings` change the laboratory's start, by the keys of `laboratory.CONTROLS`; `plan` is who moves and
how often; `answer` is the option that comes true from the laboratory's seed, which a test runs; `remedy` is the one thing
that a second run beside it changes.
"""

from __future__ import annotations

from typing import Any

PLAIN = {"loss": "nonsaturating", "penalty": "none", "octaves": 0, "average": 0}

SCENARIOS: dict[str, dict[str, Any]] = {
    "collapse": {
        "title": "Collapse",
        "question": "G is twenty times as quick as D, and nothing holds D. There are eight clusters. At how many of them "
        "will the generated points lie?",
        "options": ["At all eight", "At about four", "In one clump, at one or between two", "I do not know"],
        "settings": {**PLAIN, "d_rate": 1e-4, "g_rate": 2e-3},
        "plan": [["both", 1000]],
        "answer": 2,
        "answerText": "D knows for many steps only where G has been. The best reply to such a D is a single spot, and G "
        "goes there with all of its points. The losses hardly tell: both stay near the levels at which D guesses.",
        "remedy": {
            **{"key": "d_rate", "value": 2e-3, "label": "Beside it, D as quick as G"},
            "text": "In run B both players are equally quick. D answers before G has gathered at one spot.",
        },
    },
}

"""Chapter 1. Number → (answers, part of the hint)."""

WRONG = {
    "1.1": [
        (([1, 2, 1, 0, 0, 0, 3, 6, 3],), "side by side"),
        (([1, 2, 4, 6, 3],), "moved the stamps by one"),
        (([1, 2, 1, 0, 3, 6],), "as wide as the others"),
        (([2, 1, 0, 3, 6],), "the ends stay"),
    ],
}

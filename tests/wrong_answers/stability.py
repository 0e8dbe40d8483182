"""Chapter 4. Number → (answers, part of the hint)."""

WRONG = {}

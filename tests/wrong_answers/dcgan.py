"""Chapter 3. Number → (answers, part of the hint)."""

WRONG = {}

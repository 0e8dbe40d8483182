"""Exercise 4.12: the clinic's eight patients, diagnosed by looking."""

from ganlib.teaching.exercises.answers import Blank, require, show

ASKS = ("guess",)
HINTS = (
    "Two patients give themselves away by their losses. Three others end at the same levels, and three have healthy "
    "ones. Which causes leave the players healthy?",
    "b, d and h stand between a healthy G and its samples. With c, e and g D cannot tell; a and f show in the losses.",
)
RIGHT = "cgefabhd"
GROUPS = {  # patients, by their places, and the hint where one of them is wrong
    (3, 4): "Look at patients 4 and 5 first. Whose losses both fall to zero, and whose have no level at all?",
    (0, 1, 2): "Patients 1 to 3 end at the same levels. Are their samples a cloud, a clump, or as if never trained?",
    (5, 6, 7): "Patients 6 to 8 have healthy players. Which samples never moved, which are dim, which on grey?",
}


def check(rng, guess):
    letters = guess.given
    if isinstance(letters, list | tuple) and all(isinstance(letter, str) for letter in letters):
        letters = "".join(letters)
    require(isinstance(letters, str), f'guess is {show(letters)}.\nExpected eight letters, such as "abcdefgh".')
    letters = letters.replace(" ", "").lower()
    if not letters.strip("?"):
        raise Blank("guess is still blank.")
    valid = len(letters) == len(RIGHT) and set(letters) <= set("abcdefgh?")
    require(valid, f"guess is {show(letters)}.\nExpected eight letters from a to h, one for each patient.")
    found = sum(one == other for one, other in zip(letters, RIGHT, strict=True))
    for places, hint in GROUPS.items():
        wrong = any(letters[place] != RIGHT[place] for place in places)
        require(not wrong, f"{found} of 8 are right. Each letter belongs to one patient.", hint)

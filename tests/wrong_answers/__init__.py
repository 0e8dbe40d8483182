"""Typical wrong answers to the exercises, as readers write them, each with a part of the hint that it must get."""

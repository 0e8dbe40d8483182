"""What the book calls: plots, interactive figures, exercises, small games, and the ledgers of what was measured.

Nothing outside this folder imports it; a training needs none of it.
"""

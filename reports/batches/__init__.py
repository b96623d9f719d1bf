"""Batches: the same report for every institution of a scope, made one by one and packed into one zip.

`driving` says which member's turn it is, `members` how far they are, `writing` packs them. docs/reports.md tells it.
"""

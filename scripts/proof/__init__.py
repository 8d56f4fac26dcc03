"""A change is proved by proving again what depends on it.

unit      the smallest thing that is proved, and what came of it
memory    passes, kept outside the repository with the hash of everything that they read
pool      units in forked processes, on all cores
follow    makes processes that a check starts note what they read (cnnbook.forked.trace)

What is proved, unit by unit, stands in scripts/checks.
"""

"""What must hold before a change lands: one module for each check, listed in `table`.

Each has `units()`, the list of what it proves one by one, and `prove(unit)`, which runs in a process of
its own.
"""

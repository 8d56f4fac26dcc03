"""The architectures of the book, one file for each family, built from their papers to be read.

`cnnbook.models.registry` lists them all; it is imported only by what needs them all.
"""

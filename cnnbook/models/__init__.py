"""The architectures of the book, one file for each family, built from their papers to be read."""

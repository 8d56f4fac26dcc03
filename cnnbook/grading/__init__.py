"""Grading: nothing in the book imports it."""

"""Processes forked from one that has torch imported: for the grader, and for notebooks.

server     the parent that forks, and how to ask it for a child
messages   what two processes say to each other
kernel     Jupyter kernels that are such children
trace      what a process reads of a folder
cgroup     control groups: for the parent with its children, and for each thing that they lock in
"""

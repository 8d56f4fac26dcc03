"""Grading; nothing in the book imports it. In the order in which a submission meets them:

intake     read what was handed in, as data          (collect: from a learning management system)
rebuild    put the answers into the instructor's notebook
warm       what the fork server, cnnbook.forked, imports for it
student    the locked-in process that runs answers   (sandbox, cells, run_probe)
run_tests  the trusted process that runs the tests   (session, boundary, generators)
reasons    what a test is worth, and why             (result, executed)
grade      a class: many at once, one writer         (workers, record, hints, course)
feedback   a page for each student                   (export: scores for others; report: the class)

`data` says what comes back from the student's process; `cli` is the command,
`doctor` tries the walls of the sandbox, `limits` holds every limit.
"""

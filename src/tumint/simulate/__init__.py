"""Simulated cohorts of mouse lung tumours with planted truth, written as users' files are.

Not a stage: the workflow never imports it; `tumint simulate` and the tests do.
"""

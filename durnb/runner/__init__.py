"""The runner: executes notebooks headless, and keeps them running over the death of their kernel.

Its modules are imported one by one: those that only look at runs are quick, those that run notebooks need nbclient and nbformat.
"""

from __future__ import annotations

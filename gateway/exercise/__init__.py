"""Drills: a second engine on a copy of the state, scripted inputs on top of live values, its own journal and outputs.

The real engine goes on, and nothing of a drill enters a live topic, table or figure (design: section 3.2).
"""

from gateway.exercise.manager import Exercises

__all__ = ["Exercises"]

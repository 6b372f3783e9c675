"""Fengsui (烽燧): the edge gateway and early-warning core for major hazard installations."""

__version__ = "0.1.0"

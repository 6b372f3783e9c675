"""Codes, constants and records of the learned kinds."""

from typing import Final

import numpy as np

from detectors._sources import STAMP

DEPARTURE: Final = 0
NOVELTY: Final = 1

CLIP: Final = 5.0
"""times the noise: more than that teaches a departure nothing"""
LARGEST: Final = 16
"""most numbers a tail is fitted to"""
TAILS: Final = 6
"""shift, deviation, hour: each upwards and downwards"""
PARTS: Final = 48
"""of a day"""
PART_MEMORY: Final = 50.0
"""readings"""
SHAPE: Final = 0.45
"""heaviest tail: moments need one below 1/2"""
FIRST_MOVE: Final = 10.0
"""surprise of what moves for the first time: no tail can be fitted to equal numbers"""
REMEMBERED: Final = 16
"""excursions"""
EXCURSION: Final = 4.0
"""from this sum on it is one"""
ALIKE: Final = 0.9
"""as high as"""
HABIT: Final = 0.15
"""by how much each that was as high divides"""
HABIT_HALF: Final = 2000.0
"""readings after which an excursion counts half"""
DAY: Final = 86_400_000_000_000
LONG_AGO: Final = -1.0e15
"""reading number of an excursion that never was"""

#: frozen settings of one rule
PARAM: Final = np.dtype(
    [
        ("trigger", "<f8"),
        ("reset", "<f8"),
        ("floor", "<f8"),
        ("on_delay", "<i8"),
        ("off_delay", "<i8"),
        ("fast", "<f8"),  # memory of a departure's mean
        ("slow", "<f8"),  # memory of its noise
        ("reference", "<f8"),
        ("learn", "<i8"),
        ("hold", "<i8"),
        ("tag", "<i4"),
        ("largest", "<i4"),
        ("slot", "<i4"),  # row of its tails, parts, peaks
        ("side", "<i4"),
        ("kind", "<i4"),
        STAMP,
    ],
    align=True,
)

#: what a rule has learned, beside its tails, parts and excursions
LEARNED: Final = np.dtype(
    [
        ("count", "<i8"),  # readings learned
        ("left", "<i8"),  # readings it still stays beyond
        ("fast", "<f8"),  # a departure's mean
        ("slow", "<f8"),  # a departure's noise, squared
        ("reference", "<f8"),
        ("peak", "<f8"),  # of the open excursion; 0 = none
        ("peak_at", "<i8"),  # its reading's number
        ("next", "<i8"),  # excursion to forget first
    ],
    align=True,
)
#: mean of one part of the day
PART: Final = np.dtype([("mean", "<f8"), ("count", "<i8")], align=True)
#: a remembered excursion
EXCURSIONS: Final = np.dtype([("height", "<f8"), ("at", "<f8")], align=True)

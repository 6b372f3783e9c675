"""Tests of one unit at a time: no processes, no network, no waiting."""

"""Composition: verdicts, kernels, builders."""

"""Configuration: one site file and its tag lists, checked whole before anything starts.

:func:`gateway.config.load.load` gives everything or raises :class:`gateway.model.errors.Misconfigured` with all faults.
"""

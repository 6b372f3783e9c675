"""Modbus devices that lie in every way a wire can, in virtual time: ``python -m tests.lies --readings 1000000``.

The source, its scheduler, its lines and its decoder are the product's own; only sockets and the clock are replaced.
"""

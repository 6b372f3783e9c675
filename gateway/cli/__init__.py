"""The command ``fengsui``: thin, every command in a module of its own, heavy imports only where they are used."""

from gateway.cli.main import main

__all__ = ["main"]

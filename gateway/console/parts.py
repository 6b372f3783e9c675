"""What the composition root needs of the console, imported at once and only where there is one."""

from gateway.console.app import Beside, DoorRules, create_app
from gateway.console.guard import LOOPBACK
from gateway.console.layout import Plan
from gateway.console.people.book import FILE, open_book
from gateway.console.server import serve

__all__ = ["FILE", "LOOPBACK", "Beside", "DoorRules", "Plan", "create_app", "open_book", "serve"]

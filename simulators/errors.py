"""What can go wrong, named by who must act.

``SimulatorError``
├── ``BadData``   the author of a plant or scenario file: the message says where and what is allowed
└── ``BadFrame``  the peer on the wire: the connection is closed
"""


class SimulatorError(Exception):
    """Base of all errors this package raises on purpose."""


class BadData(SimulatorError):
    """A plant, scenario or control request that cannot be played."""


class BadFrame(SimulatorError):
    """Bytes on a connection that are not Modbus TCP."""

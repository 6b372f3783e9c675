"""Simulated plants on real wires: physics, sensors, faults and the truth about them.

The package knows nothing of the gateway.  It is started as a process (``python -m simulators``)
and is seen only over Modbus TCP, MQTT and its own control port.
"""

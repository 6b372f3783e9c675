"""Plants, devices and their faults."""

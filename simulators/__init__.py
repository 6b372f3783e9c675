"""Plants, devices and faults as data, spoken to only over the wire."""

"""The edge node's composition root: builds from config, wires ports, starts and stops."""

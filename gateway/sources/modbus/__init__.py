"""Readings from Modbus TCP and RTU devices. Reads only: no write function code exists here."""

"""Readings from an MQTT broker."""

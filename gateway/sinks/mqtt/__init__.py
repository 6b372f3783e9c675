"""Events and readings to an MQTT broker."""

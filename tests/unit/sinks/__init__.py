"""MQTT and InfluxDB outputs: encoding and schemas."""

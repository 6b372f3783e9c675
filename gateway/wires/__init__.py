"""What plugins share of the wire: packets of MQTT, HTTP, TLS, secrets. It knows the model and no plugin."""

"""What plugins share of the wire: HTTP, TLS, secrets. It knows the model and no plugin."""

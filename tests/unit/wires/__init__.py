"""What plugins share of the wire."""

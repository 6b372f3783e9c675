"""Pages and HTTP API, the same for the edge and the county node."""

"""Where events and readings go. One folder, one plugin; plugins know only the model."""

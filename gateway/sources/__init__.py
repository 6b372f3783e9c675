"""Where readings come from. One folder, one plugin; plugins know only the model."""

"""Site files and tag lists: reading, whole-file check, generated reference."""

"""Kinds over several tags, judged once for each input on their members as of that input."""

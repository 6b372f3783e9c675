"""The whole product, from the outside."""

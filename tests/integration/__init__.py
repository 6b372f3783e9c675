"""Parts of the product against real brokers and databases."""

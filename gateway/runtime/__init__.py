"""Tasks, queues, supervision and the product's only clock."""

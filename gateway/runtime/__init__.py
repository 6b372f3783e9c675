"""The running gateway: the only clock, the bounded intake, the step-commit pipeline, lanes and supervision.

Knows model, engine and store; plugins reach it only through :mod:`gateway.model.ports`.
"""

"""``python -m gateway.warm``: fill the kernels' disk cache, so that no plant waits for a compiler."""

from gateway.engine.warm import warm_all

if __name__ == "__main__":
    warm_all()

# Two stages: packages and compiled kernels are made in the first; the second has no compiler, no pip cache, no root.
#
#   docker build -t fengsui .
#   docker run --init --network host --read-only --tmpfs /tmp -v fengsui-state:/var/lib/fengsui \
#       -v $PWD/site:/etc/fengsui:ro fengsui run /etc/fengsui/site.yaml
#
# Console and embedded broker listen on loopback only, hence the host's network; more in docs/operation.md.
ARG PYTHON=3.11-slim

FROM python:${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/fengsui
COPY requirements/runtime.txt requirements/build.txt /src/requirements/
RUN /opt/fengsui/bin/pip install --require-hashes -r /src/requirements/runtime.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r /src/requirements/build.txt
COPY . /src
# A real wheel, not an editable install: the image runs what a user of the wheel runs.
RUN cd /src \
 && /opt/build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
 && /opt/fengsui/bin/pip install --no-deps --no-index /tmp/wheel/*.whl \
 && /opt/fengsui/bin/pip uninstall --quiet --yes setuptools pip \
 && /opt/fengsui/bin/python -m compileall -q /opt/fengsui
# Kernels for the portable processor: the cache must be valid on whatever machine runs the image.
ENV NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=/opt/fengsui/numba-cache
RUN mkdir -p "$NUMBA_CACHE_DIR" \
 && /opt/fengsui/bin/python -m gateway.warm \
 && date -u +%s.%N > "$NUMBA_CACHE_DIR/.image"
COPY --chmod=755 scripts/container_entry.sh /opt/fengsui/bin/fengsui-container

FROM python:${PYTHON}
LABEL org.opencontainers.image.title="fengsui" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 fengsui \
 && useradd --system --uid 10001 --gid fengsui --home-dir /var/lib/fengsui --shell /usr/sbin/nologin fengsui \
 && install -d -o fengsui -g fengsui -m 0750 /var/lib/fengsui
COPY --from=build /opt/fengsui /opt/fengsui
ENV PATH=/opt/fengsui/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=/var/lib/fengsui/numba-cache
USER fengsui
WORKDIR /var/lib/fengsui
VOLUME /var/lib/fengsui
EXPOSE 8080
# FENGSUI_HEALTH names another address where the console listens elsewhere.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(os.environ.get('FENGSUI_HEALTH', 'http://127.0.0.1:8080/healthz'), timeout=4)"]
# The default stop signal, SIGTERM, ends the gateway in order: commit, offline status, close.
ENTRYPOINT ["fengsui-container"]
CMD ["--help"]

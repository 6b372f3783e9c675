# Two stages: packages and compiled kernels are made in the first; the second has no compiler, no pip cache, no root.
#
#   docker build -t fengsui .
#   docker run --init --network host --read-only --tmpfs /tmp -v fengsui-state:/var/lib/fengsui \
#       -v $PWD/site:/etc/fengsui:ro fengsui run /etc/fengsui/site.yaml
#
# Console and embedded broker listen on loopback only, hence the host's network; more in docs/operation.md.
# Base and package index can be others: --build-arg BASE=..., --build-arg PIP_INDEX_URL=...
ARG BASE=docker.io/library/python:3.11-slim

FROM ${BASE} AS build
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/fengsui
COPY requirements/runtime.txt requirements/build.txt /src/requirements/
RUN /opt/fengsui/bin/pip install --require-hashes -r /src/requirements/runtime.txt \
 && python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes -r /src/requirements/build.txt
COPY . /src
# A real wheel, not an editable install: the image runs what a user of the wheel runs. Whole seconds as times of change:
# layers keep no finer ones, and both byte code and compiled kernels are known by their source's.
RUN cd /src \
 && /opt/build/bin/python -m pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/wheel . \
 && /opt/fengsui/bin/pip install --no-deps --no-index /tmp/wheel/*.whl \
 && /opt/fengsui/bin/pip uninstall --quiet --yes setuptools pip \
 && find /opt/fengsui -type f -exec touch -d "@$(date +%s)" {} + \
 && /opt/fengsui/bin/python -m compileall -q /opt/fengsui
# Kernels for the portable processor: they must be valid on whatever machine runs the image. A gateway copies them into
# its state folder once per image, because numba needs a folder that it can write to.
ENV NUMBA_CPU_NAME=generic NUMBA_CACHE_DIR=/opt/fengsui/numba-cache
RUN mkdir -p "$NUMBA_CACHE_DIR" && /opt/fengsui/bin/python -m gateway.warm

FROM ${BASE}
LABEL org.opencontainers.image.title="fengsui" org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 fengsui \
 && useradd --uid 10001 --gid fengsui --no-create-home --home-dir /var/lib/fengsui --shell /usr/sbin/nologin fengsui \
 && install -d -o fengsui -g fengsui -m 0750 /var/lib/fengsui
COPY --from=build /opt/fengsui /opt/fengsui
ENV PATH=/opt/fengsui/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /var/lib/fengsui
VOLUME /var/lib/fengsui
EXPOSE 8080
# FENGSUI_HEALTH names another address where the console listens elsewhere. It asks itself: no certificate is looked at.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, ssl, urllib.request as u; c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE; u.urlopen(os.environ.get('FENGSUI_HEALTH', 'http://127.0.0.1:8080/healthz'), timeout=4, context=c)"]
# The default stop signal, SIGTERM, ends the gateway in order: commit, offline status, close.
ENTRYPOINT ["fengsui"]
CMD ["--help"]

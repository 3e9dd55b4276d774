# camwire on NVIDIA GPUs: a driver for CUDA 13 on the host and NVIDIA's container toolkit; all else comes as wheels,
# but for a C compiler.
#
#   docker build -f docker/cuda.Dockerfile -t camwire:cuda .
#
# docs/how-to/run-in-a-container.md says how to run it, docker/compose.yaml does it.

ARG PYTHON=3.12-slim-bookworm

FROM python:${PYTHON} AS build
# What the locks name and nothing else: the project, and what builds it.
COPY requirements/build.txt requirements/cuda.txt /src/requirements/
RUN python -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes -r /src/requirements/build.txt \
    && python -m venv /opt/camwire \
    && /opt/camwire/bin/pip install --no-cache-dir --require-hashes -r /src/requirements/cuda.txt
COPY pyproject.toml README.md LICENSE NOTICE /src/
COPY src /src/src
RUN cd /src && /build/bin/python -m hatchling build -t wheel -d /wheel \
    && /opt/camwire/bin/pip install --no-cache-dir --no-deps --no-index /wheel/*.whl \
    && /opt/camwire/bin/python -m compileall -q /opt/camwire/lib

FROM python:${PYTHON}
# With which Triton builds what starts the kernels of compiled models.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/camwire /opt/camwire
RUN useradd --uid 10001 --create-home --home-dir /var/lib/camwire --shell /usr/sbin/nologin camwire
USER camwire
WORKDIR /var/lib/camwire
VOLUME /var/lib/camwire
ENV PATH=/opt/camwire/bin:${PATH} PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# The parts of the driver that are handed in: CUDA with MPS, NVDEC, and what tells of temperature and load.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,video,utility
EXPOSE 8080

# That the server answers: a camera or a worker that fails is camwire's own to mend, not a reason to begin anew.
HEALTHCHECK --interval=15s --timeout=5s --start-period=5m --retries=3 \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]

ENTRYPOINT ["camwire"]
CMD ["run", "/var/lib/camwire/camwire.yaml"]

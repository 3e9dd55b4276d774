# camwire with `engine: deepstream`, on NVIDIA's DeepStream image.
#
#   docker build -f docker/deepstream.Dockerfile -t camwire-deepstream .
#   docker run --gpus all -p 8080:8080 -v ./camera-files:/var/lib/camwire camwire-deepstream
#
# The folder that is mounted holds camwire.yaml and the model, and is written to: events, and the engines that
# nvinfer builds. It belongs to user 10001. In camwire.yaml, `server: {host: 0.0.0.0}` lets the host in.

# The image with the development files: DeepStream's, CUDA's, TensorRT's and GStreamer's headers.
ARG DEEPSTREAM=9.1-triton-multiarch

FROM nvcr.io/nvidia/deepstream:${DEEPSTREAM} AS libraries
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends cmake g++ pkg-config \
    && rm -rf /var/lib/apt/lists/*
COPY deepstream /src/deepstream
# Without DeepStream's headers CMake would take the minimal one, which is for tests only.
RUN test -f /opt/nvidia/deepstream/deepstream/sources/includes/nvdsinfer_custom_impl.h \
    && cmake -S /src/deepstream -B /build -DCMAKE_BUILD_TYPE=Release \
    && cmake --build /build \
    && DESTDIR=/installed cmake --install /build

FROM nvcr.io/nvidia/deepstream:${DEEPSTREAM}
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        python3-venv python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 \
    && rm -rf /var/lib/apt/lists/*

# The environment sees the system's packages: GStreamer's binding is one of them. What builds the wheel doesn't stay.
COPY requirements/build.txt requirements/runtime.txt /src/requirements/
RUN python3 -m venv --system-site-packages /opt/camwire \
    && /opt/camwire/bin/pip install --no-cache-dir --require-hashes -r /src/requirements/runtime.txt
COPY pyproject.toml README.md LICENSE NOTICE /src/
COPY src /src/src
RUN python3 -m venv /build \
    && /build/bin/pip install --no-cache-dir --require-hashes -r /src/requirements/build.txt \
    && cd /src && /build/bin/python -m hatchling build -t wheel -d /wheel \
    && /opt/camwire/bin/pip install --no-cache-dir --no-deps --no-index /wheel/*.whl \
    && rm -r /build /wheel
COPY --from=libraries /installed/usr/local/lib/libcamwire_parser.so /installed/usr/local/lib/libcamwire_metadata.so \
    /usr/local/lib/
RUN ldconfig

RUN useradd --uid 10001 --create-home --home-dir /var/lib/camwire --shell /usr/sbin/nologin camwire
USER camwire
WORKDIR /var/lib/camwire
VOLUME /var/lib/camwire
ENV PATH=/opt/camwire/bin:${PATH} PYTHONUNBUFFERED=1
EXPOSE 8080

# That the server answers: a camera or a worker that fails is camwire's own to mend, not a reason to begin anew.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]

ENTRYPOINT ["camwire"]
CMD ["run", "/var/lib/camwire/camwire.yaml"]

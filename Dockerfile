# docs/deploy.md shows how to build and run these images.
# `make image-check` runs every step in a bare Debian: keep to its statements and options.

FROM python:3.11-slim-bookworm AS build
WORKDIR /build
# With the exporters of traces, which cost nothing until OTEL_* variables switch them on.
COPY requirements-tracing.lock ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --quiet --disable-pip-version-check \
        --require-hashes --only-binary=:all: --requirement requirements-tracing.lock \
    && /opt/venv/bin/pip uninstall --quiet --yes pip setuptools

FROM python:3.11-slim-bookworm AS product
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin wagraph
WORKDIR /srv/wagraph
COPY --from=build /opt/venv /opt/venv
COPY app.py manage.py runtime.py version.py LICENSE ./
COPY graph ./graph
COPY models ./models
COPY operations ./operations
COPY serving ./serving
COPY telemetry ./telemetry
COPY web/dist ./web/dist
COPY webhooks ./webhooks
COPY whatsapp ./whatsapp
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=8000
# The root file system may be read-only.
RUN python -m compileall -q .
EXPOSE 8000
STOPSIGNAL SIGTERM
# The process serves; /readyz also says whether MongoDB does.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['PORT']), timeout=4); c.request('GET', '/healthz'); raise SystemExit(c.getresponse().status != 200)"]

# `docker build --target sandbox`: the server with a fake WhatsApp, for trying it out.
FROM product AS sandbox
COPY sandbox ./sandbox
RUN python -m compileall -q sandbox \
    && install --directory --owner=wagraph --group=wagraph /var/lib/wagraph
ENV SANDBOX_HOST=0.0.0.0 \
    SANDBOX_HOME=/var/lib/wagraph
EXPOSE 8001
USER 10001:10001
CMD ["python", "-m", "sandbox"]

FROM product AS server
ARG VERSION=development
LABEL org.opencontainers.image.title="wagraph" \
    org.opencontainers.image.description="A GraphQL API server for WhatsApp Business" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.licenses="MIT"
USER 10001:10001
CMD ["python", "manage.py", "serve"]

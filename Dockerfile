# The image of web, worker and beat: docker-compose.yml says which of them a container runs.

FROM node:22-bookworm-slim AS npm
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --silent

FROM python:3.12-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fonts-lxgw-wenkai fonts-noto-cjk gettext libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app

FROM base AS python
RUN pip install --no-cache-dir uv
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-default-groups --compile-bytecode

FROM base
RUN useradd --system --uid 10001 --create-home portal && install -d -o portal -g portal /data
COPY --from=python /app/.venv .venv
ENV PATH=/app/.venv/bin:$PATH PORTAL_DATA_DIR=/data PORTAL_STATIC_DIR=/app/collected PORTAL_BIND=0.0.0.0 PORT=8000
COPY --from=npm /app/node_modules node_modules
COPY . .
RUN for catalogue in locale/*/LC_MESSAGES/*.po; do \
        msgfmt --check-format --output-file "${catalogue%.po}.mo" "$catalogue" || exit 1; done \
    && python manage.py collectstatic --noinput
USER portal
VOLUME /data
EXPOSE 8000
CMD ["script/process", "web"]

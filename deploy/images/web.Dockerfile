# nginx with the built web UI. From the root of the project:
#   docker build -f deploy/images/web.Dockerfile -t tandem-web:dev .
ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG NGINX_IMAGE=nginx:1.30.6

FROM ${NODE_IMAGE} AS build
# As in Dockerfile, word by word: the layer is the same.
ARG NPM_CONFIG_REGISTRY=https://registry.npmjs.org/
WORKDIR /app
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts --no-audit --no-fund
COPY .swcrc ./
COPY tools/launcher tools/launcher
COPY libs/contracts libs/contracts
COPY apps/web apps/web
RUN node tools/launcher/build.mjs

FROM ${NGINX_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Tandem web" \
      org.opencontainers.image.description="nginx with TLS in front of Tandem's gateway, and the web UI" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# The start writes the filled template there, and nothing but /tmp can be written.
RUN rm -rf /etc/nginx/conf.d && ln -s /tmp /etc/nginx/conf.d
COPY deploy/nginx/nginx.conf /etc/nginx/nginx.conf
COPY deploy/nginx/templates /etc/nginx/templates
COPY deploy/nginx/errors /etc/nginx/tandem/errors
COPY --from=build /app/dist/web /srv/tandem/web
ENV NGINX_ENVSUBST_FILTER=^TANDEM_ \
    TANDEM_SERVER_NAME=_ \
    TANDEM_GATEWAYS="server api-gateway:8080;" \
    TANDEM_WEB_ROOT=/srv/tandem/web \
    TANDEM_TLS_CERT=/run/secrets/tls_certificate \
    TANDEM_TLS_KEY=/run/secrets/tls_key \
    TANDEM_ACME_ROOT=/var/www/acme \
    TANDEM_HTTP_PORT=8080 \
    TANDEM_HTTPS_PORT=8443 \
    TANDEM_NGINX_FILES=/etc/nginx/tandem
# As the official image has it; ports above 1024, so that no capability is needed.
USER 101:101
EXPOSE 8080 8443
HEALTHCHECK --interval=5s --timeout=4s --start-period=30s --retries=3 CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8080/"]

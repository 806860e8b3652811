# Muster as a small image: `docker build -t muster .`
# What it is built on is named by digest (docs/operations/install.md#images): Node 22.23.3 on Debian 12, for all platforms.
ARG NODE_IMAGE=node:22-bookworm-slim@sha256:43ac6c60b8f89723f746e8a92ce91abd5017e627ce1ddfe4238355d3a30b772c
FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
# its own script compiles what is not copied yet, and packages bring their binaries with them
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN npm run --silent build && npm prune --omit=dev --ignore-scripts

FROM ${NODE_IMAGE}
ENV NODE_ENV=production MUSTER_HOST=0.0.0.0 MUSTER_PORT=8080 MUSTER_DATA=/var/lib/muster
WORKDIR /opt/muster
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
RUN ln -s /opt/muster/dist/bin.cjs /usr/local/bin/muster \
  && mkdir -p /var/lib/muster && chown node:node /var/lib/muster
USER node
VOLUME /var/lib/muster
EXPOSE 8080
# Node has no curl to bring along; readiness is what a load balancer asks too
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+process.env.MUSTER_PORT+'/health/ready').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
# SIGTERM brings running executions to a safe point
STOPSIGNAL SIGTERM
ENTRYPOINT ["muster"]
CMD ["serve"]

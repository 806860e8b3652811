# Muster as a small image: `docker build -t muster .`
FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY . .
RUN npm run --silent build && npm prune --omit=dev

FROM node:22-bookworm-slim
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

# Sightline in a container: the server with its embedded stores; everything it keeps is in /data.
# Build: docker build -t sightline .     Run: docker run -p 4600:4600 -p 4317:4317 -p 4318:4318 -v sightline:/data sightline

FROM node:24-slim AS build
WORKDIR /sightline
COPY . .
RUN npm ci --ignore-scripts --include=dev --no-audit --no-fund \
 && npx --no-install vite build apps/ui --logLevel warn \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 # The embedded PostgreSQL's links and execute bits, which npm does not keep and a later user may not set.
 && node --input-type=module -e "import { packagedBinaries } from '/sightline/packages/control/src/database/embedded/binaries.ts'; const made = await packagedBinaries(); if (!made.ok) throw new Error(made.error)"

FROM node:24-slim
ENV NODE_ENV=production SIGHTLINE_DATA=/data UV_THREADPOOL_SIZE=8 \
    MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144 MALLOC_TRIM_THRESHOLD_=4194304
WORKDIR /sightline
COPY --from=build /sightline ./
RUN install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 4600 4317 4318
# Draining takes up to 10 s, which is what `docker stop` waits.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.SIGHTLINE_PORT || 4600) + '/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "--external-memory-accounted-in-global-limit", "--expose-gc", "apps/server/src/main.ts"]

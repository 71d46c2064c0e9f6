# A sim-worker: takes runs from the queue, simulates them, hands results in over HTTP. Scale by replicas.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
RUN node scripts/build.mjs && npm prune --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production DVFARM_LOG_FORMAT=json
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build /app/libs/duvisor/guest/prebuilt ./libs/duvisor/guest/prebuilt
USER node
CMD ["node", "--enable-source-maps", "dist/apps/sim-worker/src/main.js"]

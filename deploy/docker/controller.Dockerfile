# The controller: API, scheduler, reports; the single writer of the database.
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
COPY --from=build /app/prisma ./prisma
# The state directory belongs to the user that the process runs as; a named volume takes over its owner.
RUN mkdir -p /var/lib/dvfarm /run/dvfarm && chown node:node /var/lib/dvfarm /run/dvfarm
ENV DVFARM_HOME=/var/lib/dvfarm DVFARM_HOST=0.0.0.0 DVFARM_PORT=3000
USER node
EXPOSE 3000
CMD ["node", "--enable-source-maps", "dist/apps/controller/src/main.js"]

# The service as a container image: docker build -t voxbridge .
# Three stages: what is generated is built with the development tools, the packages of a running
# service are installed without them, and the image gets both and the sources that run, nothing else.
# tests/image/container-image.test.ts goes through these lines in a folder of its own and calls the
# service that comes out; .dockerignore lets in only what is copied here.
ARG BUN_VERSION=1.4.5

FROM oven/bun:${BUN_VERSION} AS build
WORKDIR /voxbridge
COPY package.json bun.lock bunfig.toml asconfig.json buf.yaml buf.gen.yaml ./
COPY scripts/build.ts scripts/build.ts
COPY dsp dsp
COPY proto proto
COPY service service
# The install's last step builds; what it had to leave out, the next line says aloud.
RUN bun install --frozen-lockfile
RUN bun scripts/build.ts

FROM oven/bun:${BUN_VERSION} AS packages
WORKDIR /voxbridge
COPY package.json bun.lock bunfig.toml ./
RUN bun install --frozen-lockfile --production --ignore-scripts

FROM oven/bun:${BUN_VERSION}-slim
WORKDIR /voxbridge
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 VOXBRIDGE_CONTEXT_FILE=/data/voxbridge.db
COPY --from=packages /voxbridge/node_modules node_modules
COPY --from=build /voxbridge/build/core.wasm build/core.wasm
COPY --from=build /voxbridge/gen gen
COPY package.json LICENSE THIRD_PARTY_NOTICES.md ./
COPY dsp dsp
COPY models models
COPY service service
# The one place it writes to; the sources stay root's.
RUN mkdir /data && chown bun:bun /data
VOLUME /data
USER bun
EXPOSE 8080
# Ready, not only alive: a service that drains or lost its core gets no new calls.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["bun", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# SIGTERM drains: open calls are told, waited for (drainSeconds), then ended.
STOPSIGNAL SIGTERM
ENTRYPOINT ["bun", "service/main.ts"]

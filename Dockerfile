# docker build -t wecom-agent .
# docker run -v ./config:/etc/wecom-agent:ro -v wecom-agent:/var/lib/wecom-agent \
#     -p 127.0.0.1:8080:8080 --read-only --cap-drop ALL --security-opt no-new-privileges wecom-agent
ARG BUILD=docker.io/library/rust:1.95-bookworm
# glibc, root certificates and time zones; no shell, no package manager.
ARG RUNTIME=gcr.io/distroless/cc-debian12:nonroot

FROM ${BUILD} AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package wecom-agent \
    && mkdir -p /empty/data

FROM ${RUNTIME}
COPY --from=build /src/target/release/wecom-agent /usr/local/bin/wecom-agent
# A new volume takes the owner of what it covers.
COPY --from=build --chown=65532:65532 --chmod=0700 /empty /var/lib/wecom-agent
USER 65532:65532
WORKDIR /var/lib/wecom-agent
VOLUME /var/lib/wecom-agent
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/wecom-agent"]
CMD ["serve", "--log-format", "json", "--config", "/etc/wecom-agent/agent.toml"]

# docker build -t hlsship --build-arg VERSION=$(git describe --tags --always) .
# docker run --read-only --stop-timeout 30 -v /var/www/hls:/hls -e AWS_ACCESS_KEY_ID -e AWS_SECRET_ACCESS_KEY \
#   hlsship run /hls s3://my-bucket/live
#
# It takes the limit of the container's memory (-m 256m) into account by itself, or GOMEMLIMIT if that is set.
#
# Nothing is written but the spool, .hlsship in the stream's directory: user 65532 must be able to read the stream, and
# to write there for what waits to outlive the container; else mount it with :ro and say --spool-dir off. A container
# has no home, so that a credentials file needs AWS_SHARED_CREDENTIALS_FILE. Stopping ships what is left, which may
# take the 20 s of --drain-timeout.
#
# docker buildx build --platform linux/amd64,linux/arm64 makes both without emulation.

FROM --platform=$BUILDPLATFORM golang:1.26.8-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
ARG COMMIT=unknown
ARG TARGETOS
ARG TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X main.version=${VERSION#v} -X main.commit=$COMMIT" -o /hlsship ./cmd/hlsship

FROM gcr.io/distroless/static-debian12:nonroot
ARG VERSION=dev
ARG COMMIT=unknown
LABEL org.opencontainers.image.title="hlsship" \
      org.opencontainers.image.description="Ships live HLS to S3-compatible storage, in playlist-safe order" \
      org.opencontainers.image.source="https://github.com/hlsship/hlsship" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$COMMIT"
COPY --from=build /hlsship /usr/bin/hlsship
USER 65532:65532
# Loopback inside a container is seen by nobody. It is a default: http_listen of a configuration file wins. The health check
# below does not know the arguments of the container: name that file in HLSSHIP_CONFIG, or say --no-healthcheck.
ENV HLSSHIP_DEFAULT_HTTP_LISTEN=:9810
EXPOSE 9810
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/bin/hlsship", "healthcheck"]
ENTRYPOINT ["/usr/bin/hlsship"]

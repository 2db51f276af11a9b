# syntax=docker/dockerfile:1
# The image of `make image`, for those who have a container engine: the same files and configuration.
#
#   docker build --build-arg VERSION="$(Tests/Tools/version)" --build-arg REVISION="$(git rev-parse HEAD)" .
#
# The digests are those of github.com/docker-library/repo-info, each for amd64 and arm64.
ARG BUILD_IMAGE=swift:6.3-bookworm@sha256:7060a792f4cd9eaa0d00826d941cec00ab8d252d33b8b28bc8e105f51f2dba73
ARG ROOT_IMAGE=debian:trixie-slim@sha256:3a39a0592364683e6bab97937b72cad5a8fa6dcbbee90edb3bb48c7f8e94f258

FROM ${BUILD_IMAGE} AS build
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        libcurl4-openssl-dev libmicrohttpd-dev libssl-dev libyaml-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# Swift's package manager needs the folders of all targets, including the tests.
COPY Package.swift ./
COPY Sources Sources
COPY Tests Tests
RUN swift build -c release --static-swift-stdlib --product secrets-distributor \
    && install -D "$(swift build -c release --static-swift-stdlib --show-bin-path)/secrets-distributor" \
        /out/usr/local/bin/secrets-distributor \
    && strip /out/usr/local/bin/secrets-distributor
COPY LICENSE /out/usr/share/doc/secrets-distributor/copyright

# Debian's packages, unpacked: see Tests/Tools/image-root.
FROM ${ROOT_IMAGE} AS root
COPY Tests/Tools/image-root Tests/Tools/debian.sh /tools/
RUN /tools/image-root /root-of-image /packages

FROM scratch
COPY --from=root /root-of-image /
COPY --from=build /out /
ARG VERSION
ARG REVISION
ARG SOURCE_URL
LABEL org.opencontainers.image.title="secrets-distributor" \
    org.opencontainers.image.description="Keeps Kubernetes Secrets in sync with the files of a mounted vault" \
    org.opencontainers.image.version="$VERSION" \
    org.opencontainers.image.revision="$REVISION" \
    org.opencontainers.image.source="$SOURCE_URL" \
    org.opencontainers.image.licenses="Apache-2.0"
ENV PATH=/usr/local/bin
# A number, so that the kubelet can verify runAsNonRoot.
USER 65532:65532
EXPOSE 9895
ENTRYPOINT ["/usr/local/bin/secrets-distributor"]

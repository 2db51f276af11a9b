# syntax=docker/dockerfile:1
ARG BUILD_IMAGE=swift:6.3-bookworm
ARG RUN_IMAGE=debian:bookworm-slim

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
        /out/secrets-distributor \
    && strip /out/secrets-distributor

# The same Debian release as the build image, so that the program finds the same libraries. libssl3 contains OpenSSL's
# legacy provider, which old PKCS#12 files need; from Debian 13 on it is the package openssl-provider-legacy.
FROM ${RUN_IMAGE}
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates libcurl4 libgcc-s1 libmicrohttpd12 libssl3 libstdc++6 libyaml-0-2 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/secrets-distributor /usr/local/bin/secrets-distributor
# A number, so that the kubelet can verify runAsNonRoot.
USER 65532:65532
EXPOSE 9895
ENTRYPOINT ["/usr/local/bin/secrets-distributor"]

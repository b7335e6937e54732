# The image `latest`: Debian, with a shell and apt for whoever debugs or builds on it.

# Any base with glibc 2.17 or newer.
ARG BASE=debian:trixie-slim

FROM ${BASE}
ARG TARGETARCH
COPY doc/ /usr/share/doc/nlb-sidecar/
COPY --chmod=0555 ${TARGETARCH}/nlb-sidecar-glibc /usr/local/bin/nlb-sidecar
# The JIT compiler costs 9 MiB and gains nothing at one round in 30 s; a fault of minified code would print all of it; the AWS SDK
# wants a home where there is no entry in /etc/passwd. docs/images.md has the figures.
ENV BUN_JSC_useJIT=0 BUN_DISABLE_SOURCE_CODE_PREVIEW=1 HOME=/
# Empty, and root's.
WORKDIR /var/empty
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/nlb-sidecar"]

# The image `distroless`: the executable and the five files of glibc that it needs, no shell, no package manager.

# Where the files of glibc come from: any Debian or Ubuntu.
ARG BASE=debian:trixie-slim

FROM ${BASE} AS glibc
ARG TARGETARCH
# The dynamic loader tells which files these are. The package's record is where scanners look for it, its licence where people do.
RUN --mount=type=bind,target=/context set -eu; \
    for file in $(ldd "/context/${TARGETARCH}/nlb-sidecar-glibc" | grep -o '/[^ ]*'); do \
      install -D -m 0755 "$(readlink -f "$file")" "/glibc$file"; \
    done; \
    install -D -m 0444 /usr/share/common-licenses/LGPL-2.1 /glibc/usr/share/doc/libc6/LGPL-2.1; \
    mkdir -p /glibc/var/lib/dpkg/status.d; \
    dpkg-query --status libc6 >/glibc/var/lib/dpkg/status.d/libc6 || rm /glibc/var/lib/dpkg/status.d/libc6; \
    install -D -m 0444 /etc/os-release /glibc/etc/os-release

FROM scratch
ARG TARGETARCH
COPY --from=glibc /glibc/ /
COPY doc/ /usr/share/doc/nlb-sidecar/
COPY --chmod=0555 ${TARGETARCH}/nlb-sidecar-glibc /usr/local/bin/nlb-sidecar
# As in debian.Dockerfile.
ENV BUN_JSC_useJIT=0 BUN_DISABLE_SOURCE_CODE_PREVIEW=1 HOME=/
WORKDIR /var/empty
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/nlb-sidecar"]

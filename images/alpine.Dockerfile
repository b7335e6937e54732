# The image `alpine`: Alpine, with a shell and apk.

# Any base with musl and apk.
ARG BASE=alpine:3.23

FROM ${BASE}
ARG TARGETARCH
RUN apk add --no-cache libstdc++
COPY doc/ /usr/share/doc/nlb-sidecar/
COPY --chmod=0555 ${TARGETARCH}/nlb-sidecar-musl /usr/local/bin/nlb-sidecar
# As in debian.Dockerfile.
ENV BUN_JSC_useJIT=0 BUN_DISABLE_SOURCE_CODE_PREVIEW=1 HOME=/
WORKDIR /var/empty
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/nlb-sidecar"]

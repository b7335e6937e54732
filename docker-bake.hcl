# The images, for all platforms and tags. `bun run images` builds them for this machine; a release builds and pushes them at once:
#   VERSION=1.2.3 REVISION=$(git rev-parse HEAD) DEBIAN_DIGEST=sha256:... ALPINE_DIGEST=sha256:... docker buildx bake --push
# The executables come first: bunx turbo run image:executables

variable "IMAGE" {
  default = "ghcr.io/nlb-sidecar/nlb-sidecar"
}

# Of the sidecar: 1.2.3, or 1.3.0-rc.1. Without one the tags are those of a trial: dev, dev-alpine, dev-distroless.
variable "VERSION" {
  default = ""
}

# The commit.
variable "REVISION" {
  default = ""
}

variable "DEBIAN" {
  default = "debian:trixie-slim"
}

variable "ALPINE" {
  default = "alpine:3.23"
}

# A release names the bases by digest: sha256:... of each's index, as `docker buildx imagetools inspect debian:trixie-slim` shows it.
variable "DEBIAN_DIGEST" {
  default = ""
}

variable "ALPINE_DIGEST" {
  default = ""
}

group "default" {
  targets = ["debian", "alpine", "distroless"]
}

# 1.2.3: latest, 1, 1.2 and 1.2.3, or alpine, 1-alpine, ...; 1.3.0-rc.1: that alone.
function "tags_of" {
  params = [variant]
  result = (
    VERSION == "" ? ["${IMAGE}:dev${suffix_of(variant)}"] :
    length(split("-", VERSION)) > 1 ? ["${IMAGE}:${VERSION}${suffix_of(variant)}"] :
    concat(["${IMAGE}:${variant}"], [
      for count in [1, 2, 3] :
      "${IMAGE}:${join(".", slice(split(".", VERSION), 0, count))}${suffix_of(variant)}"
    ])
  )
}

function "suffix_of" {
  params = [variant]
  result = variant == "latest" ? "" : "-${variant}"
}

function "reference_of" {
  params = [base, digest]
  result = digest == "" ? base : "${base}@${digest}"
}

function "labels_of" {
  params = [title, base, digest]
  result = merge({
    "org.opencontainers.image.title"       = title
    "org.opencontainers.image.description" = "Lets an Amazon ECS task behind a Network Load Balancer leave without cutting a connection."
    "org.opencontainers.image.source"      = "https://github.com/nlb-sidecar/nlb-sidecar"
    "org.opencontainers.image.url"         = "https://github.com/nlb-sidecar/nlb-sidecar/blob/main/docs/images.md"
    "org.opencontainers.image.licenses"    = "MIT AND Apache-2.0 AND LGPL-2.0-or-later"
    "org.opencontainers.image.version"     = VERSION
    "org.opencontainers.image.revision"    = REVISION
    "org.opencontainers.image.base.name"   = "docker.io/library/${base}"
    }, digest == "" ? {} : {
    "org.opencontainers.image.base.digest" = digest
  })
}

target "_image" {
  context   = "apps/sidecar/dist/image"
  platforms = ["linux/amd64", "linux/arm64"]
}

target "debian" {
  inherits   = ["_image"]
  dockerfile = "../../../../images/debian.Dockerfile"
  args       = { BASE = reference_of(DEBIAN, DEBIAN_DIGEST) }
  tags       = tags_of("latest")
  labels     = labels_of("nlb-sidecar", DEBIAN, DEBIAN_DIGEST)
}

target "alpine" {
  inherits   = ["_image"]
  dockerfile = "../../../../images/alpine.Dockerfile"
  args       = { BASE = reference_of(ALPINE, ALPINE_DIGEST) }
  tags       = tags_of("alpine")
  labels     = labels_of("nlb-sidecar (Alpine)", ALPINE, ALPINE_DIGEST)
}

# Its files of glibc come from Debian: a new Debian is a reason to build it anew.
target "distroless" {
  inherits   = ["_image"]
  dockerfile = "../../../../images/distroless.Dockerfile"
  args       = { BASE = reference_of(DEBIAN, DEBIAN_DIGEST) }
  tags       = tags_of("distroless")
  labels     = labels_of("nlb-sidecar (distroless)", DEBIAN, DEBIAN_DIGEST)
}

// What Bun's runtime, which is most of the executable, is made of.

/** One part of the runtime. */
export interface RuntimeComponent {
  readonly name: string;
  /** A version or a commit; undefined where the runtime does not tell it. */
  readonly version: string | undefined;
  /** An SPDX expression, or undefined for several licences that the page at `url` lists. */
  readonly licence: string | undefined;
  readonly url: string;
}

interface Known extends Omit<RuntimeComponent, "version"> {
  /** Its name in `process.versions`; undefined where it has none. */
  readonly key?: string;
}

const known: readonly Known[] = [
  { name: "bun", key: "bun", licence: "MIT", url: "https://github.com/oven-sh/bun" },
  {
    name: "JavaScriptCore",
    key: "webkit",
    licence: "LGPL-2.0-or-later",
    url: "https://github.com/oven-sh/WebKit",
  },
  { name: "base64", licence: "BSD-2-Clause", url: "https://github.com/aklomp/base64" },
  {
    name: "boringssl",
    key: "boringssl",
    licence: undefined,
    url: "https://boringssl.googlesource.com/boringssl/+/HEAD/LICENSE",
  },
  { name: "brotli", licence: "MIT", url: "https://github.com/google/brotli" },
  { name: "c-ares", key: "ares", licence: "MIT", url: "https://github.com/c-ares/c-ares" },
  { name: "highway", licence: "Apache-2.0", url: "https://github.com/google/highway" },
  { name: "icu", key: "icu", licence: "Unicode-3.0", url: "https://github.com/unicode-org/icu" },
  {
    name: "libarchive",
    key: "libarchive",
    licence: undefined,
    url: "https://github.com/libarchive/libarchive/blob/master/COPYING",
  },
  {
    name: "libdeflate",
    key: "libdeflate",
    licence: "MIT",
    url: "https://github.com/ebiggers/libdeflate",
  },
  {
    name: "libjpeg-turbo",
    licence: "IJG AND BSD-3-Clause AND Zlib",
    url: "https://github.com/libjpeg-turbo/libjpeg-turbo",
  },
  { name: "libspng", licence: "BSD-2-Clause", url: "https://github.com/randy408/libspng" },
  { name: "libwebp", licence: "BSD-3-Clause", url: "https://github.com/webmproject/libwebp" },
  {
    name: "lol-html",
    key: "lolhtml",
    licence: "BSD-3-Clause",
    url: "https://github.com/cloudflare/lol-html",
  },
  {
    name: "ls-hpack",
    key: "lshpack",
    licence: "MIT",
    url: "https://github.com/litespeedtech/ls-hpack",
  },
  { name: "ls-qpack", licence: "MIT", url: "https://github.com/litespeedtech/ls-qpack" },
  {
    name: "lsquic",
    licence: "MIT AND BSD-3-Clause",
    url: "https://github.com/litespeedtech/lsquic",
  },
  {
    name: "mimalloc",
    key: "mimalloc",
    licence: "MIT",
    url: "https://github.com/microsoft/mimalloc",
  },
  {
    name: "picohttpparser",
    key: "picohttpparser",
    licence: "MIT",
    url: "https://github.com/h2o/picohttpparser",
  },
  { name: "simdutf", licence: "Apache-2.0", url: "https://github.com/simdutf/simdutf" },
  {
    name: "sqlite",
    key: "sqlite",
    licence: "blessing",
    url: "https://www.sqlite.org/copyright.html",
  },
  {
    name: "tinycc",
    key: "tinycc",
    licence: "LGPL-2.1-only",
    url: "https://github.com/oven-sh/tinycc",
  },
  { name: "uSockets", licence: "Apache-2.0", url: "https://github.com/uNetworking/uSockets" },
  { name: "uucode", licence: "MIT", url: "https://github.com/jacobsandlund/uucode" },
  { name: "uWebSockets", licence: "Apache-2.0", url: "https://github.com/uNetworking/uWebSockets" },
  { name: "zlib-ng", key: "zlib", licence: "Zlib", url: "https://github.com/zlib-ng/zlib-ng" },
  { name: "zstd", key: "zstd", licence: "BSD-3-Clause", url: "https://github.com/facebook/zstd" },
];

/**
 * Bun and the libraries that it links statically, as its LICENSE.md lists them, with the versions that it tells itself.
 *
 * @param versions `process.versions` of the Bun that builds: what it compiles into an executable has its own version.
 * @see https://github.com/oven-sh/bun/blob/main/LICENSE.md
 */
export const bunComponents = (
  versions: Readonly<Record<string, string | undefined>>,
): readonly RuntimeComponent[] =>
  known.map(({ key, name, licence, url }) => ({
    name,
    version: key && versions[key],
    licence,
    url,
  }));

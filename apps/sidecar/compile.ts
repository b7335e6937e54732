// The recipe of the executables, of which bench/footprint.ts measures what comes out.

import { join } from "node:path";
import type { BunPlugin } from "bun";

// Only what the clients' own configuration imports: the credential providers that are loaded on demand keep theirs, but for the one
// that an ECS task uses.
const fetchByDefault: BunPlugin = {
  name: "fetch-by-default",
  setup(build) {
    const importers = /\/(client-[^/]+\/dist-es\/runtimeConfig|credential-provider-http\/.*)\.js$/;
    build.onResolve({ filter: /^@smithy\/node-http-handler$/ }, ({ importer }) =>
      importers.test(importer)
        ? { path: join(import.meta.dir, "node-http-handler.ts") }
        : undefined,
    );
  },
};

/**
 * Compiles a program that uses the AWS SDK into an executable.
 *
 * @param how.target one of Bun's, such as `bun-linux-arm64-musl`; left out: this machine.
 * @param how.bytecodeOrder a file in which an executable of the same program has written, by `BUN_BYTECODE_ORDER_OUT`, in which order
 *   its functions ran: they then lie together, which saves 1.5 MiB of pages.
 * @returns which files are in it.
 */
export async function compile(
  entry: string,
  outfile: string,
  how: { readonly target?: Bun.Build.CompileTarget; readonly bytecodeOrder?: string },
): Promise<Bun.BuildMetafile> {
  const { metafile } = await Bun.build({
    entrypoints: [entry],
    target: "bun",
    format: "esm",
    minify: true,
    splitting: true,
    bytecode: true,
    metafile: true,
    // The SDK's ES modules rather than its CommonJS ones: what is not used of them is left out.
    conditions: ["module"],
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [fetchByDefault],
    compile: {
      ...how,
      outfile,
      jitPolicy: 1000,
      // A file of the working directory must not run code, nor set a variable.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  if (metafile === undefined) throw new Error(`The build of ${outfile} gave no metafile`);
  return metafile;
}

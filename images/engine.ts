// The container engine of this machine: what it runs, and the images that come of it.

import { join } from "node:path";

/** The images, by their tag and by their target in docker-bake.hcl. */
export const variants = {
  latest: "debian",
  alpine: "alpine",
  distroless: "distroless",
} as const;

/** A variant's tag. */
export type Variant = keyof typeof variants;

/** As the engine names them. */
export type Architecture = "amd64" | "arm64";

const architectures: readonly Architecture[] = ["amd64", "arm64"];

/** The repository's root. */
export const root: string = join(import.meta.dir, "..");

/** How a command ended, and what it said. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `docker` to its end. */
export const docker = (...words: readonly string[]): Promise<Ended> => dockerWith({}, ...words);

/** Runs `docker` to its end, with these variables beside those of this process. */
export async function dockerWith(
  env: { readonly [variable: string]: string },
  ...words: readonly string[]
): Promise<Ended> {
  const child = Bun.spawn(["docker", ...words], {
    cwd: root,
    env: { ...process.env, ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, stdout: stdout.trim(), stderr: stderr.trim() };
}

/**
 * What `docker` says on its standard output.
 *
 * @throws Error with the command and what it said, where it fails.
 */
export async function dockerSays(...words: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await docker(...words);
  if (code !== 0) throw new Error(`docker ${words.join(" ")} ended with ${code}: ${stderr}`);
  return stdout;
}

/**
 * The engine's own architecture.
 *
 * @throws Error that says what to start, where no engine answers or it cannot build.
 */
export async function readNativeArchitecture(): Promise<Architecture> {
  const engine = await docker("version", "--format", "{{.Server.Arch}}");
  if (engine.code !== 0)
    throw new Error(
      `No container engine answers: start Docker, so that "docker info" answers. It said: ${engine.stderr}`,
    );
  const builder = await docker("buildx", "version");
  if (builder.code !== 0)
    throw new Error(
      `The container engine lacks buildx: install Docker's buildx plugin, so that "docker buildx version" answers. It said: ${builder.stderr}`,
    );
  const native = architectures.find((each) => each === engine.stdout);
  if (native === undefined) throw new Error(`There are no images for ${engine.stdout}`);
  return native;
}

/** A platform on which a variant can be built and run, with the base image to build it on; or why it cannot. */
export type Platform =
  | { readonly architecture: Architecture; readonly base: string; readonly native: boolean }
  | { readonly architecture: Architecture; readonly leftOut: string };

/**
 * The platforms of a variant. The engine's own is always there; another one wants emulation, and a base image for it. One tag of an
 * engine may hold one platform only: where there is an image `<base>-<architecture>`, it is taken for that platform.
 */
export async function readPlatforms(variant: Variant): Promise<readonly Platform[]> {
  const native = await readNativeArchitecture();
  const base = await readBase(variant);
  const runs = await readEmulated();
  const others = architectures.filter((each) => each !== native);
  return [
    { architecture: native, base, native: true },
    ...(await Promise.all(
      others.map(async (architecture): Promise<Platform> => {
        if (!runs.has(architecture))
          return {
            architecture,
            leftOut: `this machine runs no ${architecture} programs (docker run --privileged --rm tonistiigi/binfmt --install ${architecture})`,
          };
        const own = `${base}-${architecture}`;
        if ((await docker("image", "inspect", own)).code === 0)
          return { architecture, base: own, native: false };
        if ((await docker("buildx", "imagetools", "inspect", base)).code === 0)
          return { architecture, base, native: false };
        return { architecture, leftOut: `no registry answers for ${base}, and there is no ${own}` };
      }),
    )),
  ];
}

async function readEmulated(): Promise<ReadonlySet<string>> {
  const said = await dockerSays("buildx", "inspect", "--bootstrap");
  const platforms = /^Platforms:(.*)$/m.exec(said)?.[1] ?? "";
  return new Set([...platforms.matchAll(/linux\/(\w+)/g)].map(([, name = ""]) => name));
}

/** The base image that docker-bake.hcl names for a variant. */
export async function readBase(variant: Variant): Promise<string> {
  const plan = JSON.parse(await dockerSays("buildx", "bake", "--print", variants[variant]));
  return plan.target[variants[variant]].args.BASE;
}

/** The name under which `bun run images` leaves an image: `nlb-sidecar:alpine`, `nlb-sidecar:alpine-arm64`. */
export const imageOf = (
  variant: Variant,
  { architecture, native }: { readonly architecture: Architecture; readonly native: boolean },
): string => `nlb-sidecar:${variant}${native ? "" : `-${architecture}`}`;

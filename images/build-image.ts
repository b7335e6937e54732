// Builds a variant's image for every platform that this machine can run: `bun build-image.ts alpine`.

import sidecar from "@nlb-sidecar/sidecar/package.json" with { type: "json" };
import { dockerWith, imageOf, readPlatforms, root, type Variant, variants } from "./engine.ts";

async function build(variant: Variant): Promise<number> {
  const target = variants[variant];
  const revision = Bun.spawnSync(["git", "rev-parse", "HEAD"], { cwd: root, stderr: "ignore" });
  for (const platform of await readPlatforms(variant)) {
    const { architecture } = platform;
    if ("leftOut" in platform) {
      console.log(`${variant}: linux/${architecture} is left out: ${platform.leftOut}`);
      continue;
    }
    const image = imageOf(variant, platform);
    const { code, stdout, stderr } = await dockerWith(
      { VERSION: sidecar.version, REVISION: revision.stdout.toString().trim() },
      ...["buildx", "bake", "--load", "--progress=plain", target],
      ...["--set", `${target}.platform=linux/${architecture}`],
      ...["--set", `${target}.args.BASE=${platform.base}`],
      ...["--set", `${target}.tags=${image}`],
    );
    if (code !== 0) {
      console.error(`${stdout}\n${stderr}\n${image}: the build ended with ${code}`);
      return code;
    }
    console.log(`${image}: built for linux/${architecture} on ${platform.base}`);
  }
  return 0;
}

const [wanted] = process.argv.slice(2);
const variant = (Object.keys(variants) as Variant[]).find((each) => each === wanted);
if (variant === undefined) throw new Error(`Name one of ${Object.keys(variants).join(", ")}`);
try {
  process.exitCode = await build(variant);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

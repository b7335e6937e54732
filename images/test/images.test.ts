// The images, in a real engine: as ECS starts them, beside a real application, with a simulated AWS.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sidecar from "@nlb-sidecar/sidecar/package.json" with { type: "json" };
import {
  docker,
  dockerSays,
  imageOf,
  readBase,
  readNativeArchitecture,
  readPlatforms,
  type Variant,
  variants,
} from "../engine.ts";
import { remove, start, startTask } from "./task.ts";

// Emulated programs on a busy machine are slow; what hangs is found all the same.
const patienceMs = 120_000;
const { version } = sidecar;
const stage = "nlb-sidecar-stage";
const network = `nlb-sidecar-test-${process.pid}`;
const executable = "/usr/local/bin/nlb-sidecar";
const documents = "/usr/share/doc/nlb-sidecar";
const locked = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "nlb-sidecar-images-"));
  const built = await Bun.build({
    entrypoints: [join(import.meta.dir, "stage.ts")],
    compile: { outfile: join(folder, "stage") },
  });
  if (!built.success) throw new Error(built.logs.join("\n"));
  await writeFile(
    join(folder, "Dockerfile"),
    `FROM ${await readBase("latest")}\nCOPY --chmod=0555 stage /stage\nENTRYPOINT ["/stage"]\n`,
  );
  await dockerSays("buildx", "build", "--load", "--tag", stage, folder);
  await dockerSays("network", "create", network);
  await Promise.all(
    Object.entries({
      "drain.yaml": "deregistrationWait: 2s\ndrainTimeout: 10m\npollInterval: 1\n",
      "wait.json": '{ "deregistrationWait": "77s", "logLevel": "debug" }\n',
      "broken.yaml": "deregistrationWait: soon\ndrainWhere: all\nmode: on\n",
    }).map(([name, text]) => writeFile(join(folder, name), text)),
  );
}, patienceMs);

afterAll(async () => {
  await docker("network", "rm", network);
  await rm(folder, { recursive: true, force: true });
});

const mounted = (file: string): readonly string[] => [
  "--volume",
  `${join(folder, file)}:/etc/nlb-sidecar/config.${file.split(".")[1]}:ro`,
];

/** What the engine says of a container's state. */
const stateOf = async (id: string): Promise<{ OOMKilled: boolean; ExitCode: number }> =>
  JSON.parse(await dockerSays("inspect", "--format", "{{json .State}}", id));

/** The files of an image, as `tar` lists them: `-r-xr-xr-x 0/0 107394584 2026-11-22 18:00 usr/local/bin/nlb-sidecar`. */
async function filesOf(
  image: string,
): Promise<readonly { mode: string; owner: string; path: string }[]> {
  const id = await dockerSays("create", image);
  const archive = join(folder, `${id}.tar`);
  try {
    await dockerSays("export", "--output", archive, id);
    const listed = Bun.spawnSync(["tar", "--numeric-owner", "-tvf", archive]);
    return listed.stdout
      .toString()
      .trim()
      .split("\n")
      .map((line) => {
        const [mode = "", owner = "", , , , ...path] = line.split(/ +/);
        return {
          mode,
          owner,
          path: `/${path
            .join(" ")
            .replace(/^\.?\//, "")
            .replace(/ -> .*/, "")}`,
        };
      });
  } finally {
    await remove(id);
    await rm(archive, { force: true });
  }
}

async function fileOf(image: string, path: string): Promise<string> {
  const id = await dockerSays("create", image);
  const to = join(folder, id);
  await mkdir(to);
  try {
    await dockerSays("cp", `${id}:${path}`, to);
    return await Bun.file(join(to, path.split("/").at(-1) ?? "")).text();
  } finally {
    await remove(id);
  }
}

const native = await readNativeArchitecture();
for (const variant of Object.keys(variants) as Variant[])
  for (const platform of await readPlatforms(variant)) {
    const { architecture } = platform;
    if ("leftOut" in platform) {
      console.log(`${variant}: linux/${architecture} is not tested: ${platform.leftOut}`);
      continue;
    }
    // The emulator's own memory would be counted as the sidecar's.
    const memory = (limit: string): readonly string[] =>
      platform.native ? ["--memory", limit, "--memory-swap", limit] : [];
    const within = (limit: string): string => (platform.native ? `, within ${limit}` : "");
    if (!platform.native)
      console.log(`${variant}: linux/${architecture} is emulated: tested without a memory limit`);
    const platformOption = platform.native ? [] : ["--platform", `linux/${architecture}`];
    const image = imageOf(variant, platform);

    describe(image, () => {
      // Whoever reads a file first is charged with its pages: here it is the engine, as after a pull.
      beforeAll(async () => void (await fileOf(image, executable)), patienceMs);

      test(
        `${image} waits for the drain and for the open connections, and exits with 0${within("24 MiB")}`,
        async () => {
          await using task = await startTask(stage, network);
          const sidecar = await task.sidecar(image, [
            ...platformOption,
            "--read-only",
            ...memory("24m"),
            ...mounted("drain.yaml"),
          ]);
          await sidecar.line(({ event, state }) => event === "reading" && state === "healthy");
          const client = await task.connect();
          await task.ask("POST /_world/stop-task");
          await sidecar.line(({ event }) => event === "drain-began");
          const held = await sidecar.line(
            ({ event, openConnections }) => event === "draining" && openConnections === 1,
          );
          expect(held.event).toBe("draining");
          client.destroy();

          expect(await sidecar.exit()).toBe(0);
          const lines = await sidecar.lines();
          const started = lines.find(({ event }) => event === "started");
          expect(started).toMatchObject({
            version,
            file: "/etc/nlb-sidecar/config.yaml",
            settings: { deregistrationWaitMs: 2000, pollIntervalMs: 1000 },
          });
          const drained = lines.find(({ event }) => event === "drained");
          expect(drained).toMatchObject({ because: "drained", openConnections: 0 });
          expect(drained?.elapsedMs).toBeGreaterThanOrEqual(2000);
          expect(lines.filter(({ event }) => event === "fault" || event === "defect")).toEqual([]);
          expect((await stateOf(sidecar.id)).OOMKilled).toBe(false);
          // ECS sees the essential container's end, and signals the application while it still runs.
          await task.ask("POST /_world/container-exited", {
            task: lines.find(({ event }) => event === "task")?.task,
            container: "nlb-sidecar",
          });
          expect(await task.stopApplication()).toBe("0");
        },
        patienceMs,
      );

      // It takes half a minute, and the variants differ in nothing that it shows.
      if (platform.native && variant === "latest")
        test(
          `${image} counts one open connection among 101,000 sockets, within 24 MiB`,
          async () => {
            await using task = await startTask(stage, network);
            await task.crowd();
            const sidecar = await task.sidecar(image, [
              "--read-only",
              ...memory("24m"),
              ...mounted("drain.yaml"),
            ]);
            await sidecar.line(({ event, state }) => event === "reading" && state === "healthy");
            const client = await task.connect();
            await task.ask("POST /_world/stop-task");
            await sidecar.line(({ openConnections }) => openConnections === 1);
            client.destroy();
            expect(await sidecar.exit()).toBe(0);
            const lines = await sidecar.lines();
            expect(lines.at(-1)).toMatchObject({ because: "drained", openConnections: 0 });
            expect(lines.filter(({ event }) => event === "fault" || event === "defect")).toEqual(
              [],
            );
            expect((await stateOf(sidecar.id)).OOMKilled).toBe(false);
          },
          patienceMs,
        );

      test(
        `${image} ends at once and with 0 by SIGTERM as process 1, runs as 65532 and writes no file${within("32 MiB")}`,
        async () => {
          await using task = await startTask(stage, network);
          // Its root file system may be written here, so that a file would be seen.
          const sidecar = await task.sidecar(image, [...platformOption, ...memory("32m")]);
          await sidecar.line(({ event }) => event === "reading");
          const [, ...processes] = (await dockerSays("top", sidecar.id, "-o", "uid,gid,pid")).split(
            "\n",
          );
          expect(processes.map((line) => line.trim().split(/ +/).slice(0, 2))).toEqual([
            ["65532", "65532"],
          ]);

          const toldMs = performance.now();
          // The engine kills it after that time, and then the code is 137.
          await dockerSays("stop", "--time", "60", sidecar.id);
          expect(performance.now() - toldMs).toBeLessThan(15_000);
          const { ExitCode, OOMKilled } = await stateOf(sidecar.id);
          expect({ ExitCode, OOMKilled }).toEqual({ ExitCode: 0, OOMKilled: false });
          expect((await sidecar.lines()).at(-1)).toMatchObject({
            event: "stopped",
            signal: "SIGTERM",
          });
          expect(await dockerSays("diff", sidecar.id)).toBe("");
        },
        patienceMs,
      );

      test(
        `${image} takes its settings from a mounted JSON file`,
        async () => {
          const sidecar = await start(
            [...platformOption, ...locked, ...mounted("wait.json")],
            image,
          );
          try {
            const started = await sidecar.line(({ event }) => event === "started");
            expect(started).toMatchObject({
              file: "/etc/nlb-sidecar/config.json",
              settings: { deregistrationWaitMs: 77_000, logLevel: "debug" },
            });
          } finally {
            await remove(sidecar.id);
          }
        },
        patienceMs,
      );

      test(
        `${image} ends with 78 by a broken file, and tells every fault of it`,
        async () => {
          const sidecar = await start(
            [...platformOption, ...locked, ...mounted("broken.yaml")],
            image,
          );
          try {
            expect(await sidecar.exit()).toBe(78);
            const [line, ...others] = await sidecar.lines();
            expect(others).toEqual([]);
            const faults = (line?.faults ?? []) as readonly { message: string }[];
            const told = faults.map(({ message }) => message).join("\n");
            for (const key of ["deregistrationWait", "drainWhere", "mode"])
              expect(told).toContain(key);
            expect(faults).toHaveLength(3);
          } finally {
            await remove(sidecar.id);
          }
        },
        patienceMs,
      );

      test(
        `${image} has the executable and its documents, an empty working directory that is root's, and nothing else of ours`,
        async () => {
          const files = await filesOf(image);
          const of = (path: string) => files.filter((file) => file.path === path);
          expect(of(executable)).toEqual([{ mode: "-r-xr-xr-x", owner: "0/0", path: executable }]);
          expect(of("/var/empty/").map(({ mode, owner }) => `${mode} ${owner}`)).toEqual([
            expect.stringMatching(/^d[r-]?.x.-x.-x 0\/0$/),
          ]);
          const paths = files.map(({ path }) => path);
          expect(paths.filter((path) => path.startsWith("/var/empty/"))).toEqual(["/var/empty/"]);
          expect(paths.filter((path) => /node_modules|\.ts$|\.m?js$/.test(path))).toEqual([]);
          expect(paths.filter((path) => path.startsWith(`${documents}/`)).sort()).toEqual([
            `${documents}/`,
            `${documents}/LICENCES.txt`,
            `${documents}/sbom.cdx.json`,
          ]);
          if (variant === "distroless") {
            const programs = files.filter(
              ({ mode, path }) =>
                mode.startsWith("-") &&
                mode.includes("x") &&
                !/^\/(dev|etc|\.dockerenv)/.test(path),
            );
            expect(programs.map(({ path }) => path.split("/").at(-1)).sort()).toEqual([
              architecture === "amd64" ? "ld-linux-x86-64.so.2" : "ld-linux-aarch64.so.1",
              "libc.so.6",
              "libdl.so.2",
              "libm.so.6",
              "libpthread.so.0",
              "nlb-sidecar",
            ]);
          } else expect(paths.some((path) => /\/bin\/(da|ba)?sh$/.test(path))).toBe(true);
        },
        patienceMs,
      );

      test(
        `${image} says what it is, where it comes from, and as whom it runs`,
        async () => {
          const { Architecture, Config } = JSON.parse(
            await dockerSays("image", "inspect", "--format", "{{json .}}", image),
          );
          expect(Architecture).toBe(architecture);
          expect(Config).toMatchObject({
            User: "65532:65532",
            WorkingDir: "/var/empty",
            Entrypoint: [executable],
            Labels: {
              "org.opencontainers.image.source": "https://github.com/nlb-sidecar/nlb-sidecar",
              "org.opencontainers.image.version": version,
              "org.opencontainers.image.revision": expect.stringMatching(/^[0-9a-f]{40}$/),
              "org.opencontainers.image.licenses": expect.stringContaining("MIT"),
              "org.opencontainers.image.base.name": `docker.io/library/${(await readBase(variant)).split("@")[0]}`,
            },
          });
          expect(Config.Env).toEqual(
            expect.arrayContaining([
              "BUN_JSC_useJIT=0",
              "BUN_DISABLE_SOURCE_CODE_PREVIEW=1",
              "HOME=/",
            ]),
          );
          expect(Config.Cmd ?? []).toEqual([]);
        },
        patienceMs,
      );

      if (architecture === native)
        test(
          `${image} carries a bill of materials of what is bundled, and its licences`,
          async () => {
            const bill = JSON.parse(await fileOf(image, `${documents}/sbom.cdx.json`));
            expect(bill).toMatchObject({ bomFormat: "CycloneDX", specVersion: "1.6" });
            expect(bill.metadata.component).toMatchObject({ name: "nlb-sidecar", version });
            const names = bill.components.map(({ name }: { name: string }) => name);
            for (const name of ["@aws-sdk/client-ecs", "@smithy/core", "valibot", "js-yaml", "bun"])
              expect(names).toContain(name);
            const licences = await fileOf(image, `${documents}/LICENCES.txt`);
            for (const words of ["Apache License", "LESSER GENERAL PUBLIC", "Fabian Hiller"])
              expect(licences).toContain(words);
          },
          patienceMs,
        );
    });
  }

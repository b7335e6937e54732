// Tests the images that `bun run images` has left in the engine, and ends with one line: `N passed, N failed`.

import { readNativeArchitecture } from "./engine.ts";

async function test(): Promise<number> {
  try {
    await readNativeArchitecture();
  } catch (error) {
    console.log(error instanceof Error ? error.message : error);
    console.log("0 passed, 1 failed");
    return 1;
  }
  const child = Bun.spawn([process.execPath, "test", "--randomize", ...process.argv.slice(2)], {
    cwd: import.meta.dir,
    stdin: "ignore",
    stdout: "inherit",
    stderr: "pipe",
  });
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of child.stderr) {
    const text = decoder.decode(chunk, { stream: true });
    process.stderr.write(text);
    said += text;
  }
  const code = await child.exited;
  const passed = Number(/^ *(\d+) pass$/m.exec(said)?.[1] ?? 0);
  const counted = Number(/^ *(\d+) fail$/m.exec(said)?.[1] ?? 0);
  // A run that broke off has counted too few.
  const failed = counted === 0 && (code !== 0 || passed === 0) ? 1 : counted;
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await test();

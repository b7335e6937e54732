// Runs a program to its end and gives back all that it wrote.

/** How a program ended. */
export interface Ended {
  readonly code: number;
  readonly stdout: string;
  /** Both streams, for the message of a failed check. */
  readonly output: string;
}

/** What a program finds around itself. */
export interface Surroundings {
  /** Folders to look for programs in before the usual ones. */
  readonly path?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

// No program of these checks takes half as long; one that hangs ends its check, not the run.
const timeoutMs = 180_000;

/**
 * Runs `command` in the folder `cwd`, for three minutes at most. The settings that a surrounding npm or bun run hands to its
 * children are taken out: a consumer has none of them.
 */
export async function runProgram(
  command: readonly string[],
  cwd: string,
  { path = [], env = {} }: Surroundings = {},
): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|bun_|node_options$|init_cwd$|force_color$|aws_)/i.test(name),
  );
  const child = Bun.spawn([...command], {
    cwd,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: timeoutMs,
    killSignal: "SIGKILL",
    env: {
      ...Object.fromEntries(inherited),
      PATH: [...path, process.env.PATH].join(":"),
      NO_COLOR: "1",
      ...env,
    },
  });
  const [stdout, stderr, code] = await Promise.all([
    child.stdout.text(),
    child.stderr.text(),
    child.exited,
  ]);
  return { code, stdout, output: `$ ${command.join(" ")}\n${stdout}${stderr}exit code ${code}` };
}

/**
 * The same for a program that has to succeed; resolves with what it wrote to stdout.
 *
 * @throws Error with the whole output where it exits with another code than 0.
 */
export async function runToSuccess(
  command: readonly string[],
  cwd: string,
  surroundings?: Surroundings,
): Promise<string> {
  const { code, stdout, output } = await runProgram(command, cwd, surroundings);
  if (code !== 0) throw new Error(output);
  return stdout;
}

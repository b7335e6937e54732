// The credentials of the task role, asked for so that one hung answer costs one call.

import { fromHttp } from "@aws-sdk/credential-provider-http";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import type { Clock } from "@nlb-sidecar/health";
import { within } from "./time-out.ts";
import type { World } from "./world.ts";

// The clients ask one after another, and each keeps what it got until that expires: one answer does for all of them.
const sharedMs = 30_000;

// Below the time-out of a call, so that the fault that is told is this one.
const credentialsMs = 4_000;

/** Where ECS tells a container the credentials of its task role. */
const containerSources = [
  "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
  "AWS_CONTAINER_CREDENTIALS_FULL_URI",
] as const;

/** Where else the SDK's own chain would find credentials without asking an instance, and before it asks the container's. */
const otherSources = ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_PROFILE"] as const;

type Credentials = Awaited<ReturnType<ReturnType<typeof defaultProvider>>>;

/**
 * The SDK's own chain, or the last provider of it where a task has a role, raced against a time-out. The chain shares one pending
 * answer among all later calls: after a time-out a new chain is made, so that the next call asks anew. An answer is shared for
 * half a minute.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
 */
export function credentialProvider(
  clock: Clock,
  env: World["env"],
  newChain: () => () => Promise<Credentials> = () => chainOf(env),
): () => Promise<Credentials> {
  const never = new AbortController().signal;
  let chain = newChain();
  let shared: { readonly atMs: number; readonly answer: Promise<Credentials> } | undefined;
  const ask = async (): Promise<Credentials> => {
    try {
      return await within(clock, credentialsMs, () => chain(), never);
    } catch (error) {
      chain = newChain();
      shared = undefined;
      const none = !isSet(env, containerSources) && !isSet(env, otherSources);
      throw Object.assign(
        new Error(
          none
            ? "no credentials: the task has no task role, and nothing else offers any"
            : `no credentials: ${error instanceof Error ? error.message : String(error)}`,
          { cause: error },
        ),
        // On Fargate nobody else has any either: it will not pass. Elsewhere the chain may yet find an instance's role.
        {
          name:
            none && env.AWS_EXECUTION_ENV === "AWS_ECS_FARGATE"
              ? "NoCredentials"
              : "CredentialsProviderError",
        },
      );
    }
  };
  return () => {
    const nowMs = clock.now();
    if (shared === undefined || nowMs - shared.atMs >= sharedMs)
      shared = { atMs: nowMs, answer: ask() };
    return shared.answer;
  };
}

const isSet = (env: World["env"], names: readonly string[]): boolean =>
  names.some((name) => env[name]);

// In a task the SDK's chain ends at the same provider; on its way there it loads two others, 2 MiB of them. It throws where the
// address is none: as a rejection that is a fault like any other.
const chainOf = (env: World["env"]): (() => Promise<Credentials>) =>
  isSet(env, containerSources) && !isSet(env, otherSources)
    ? async () => fromHttp()()
    : defaultProvider();

// No secret ever appears in what the process writes, whatever fails.

import { describe, expect, test } from "bun:test";
import type { FaultKind } from "@nlb-sidecar/simulator";
import { beginLife, describeTargetHealth, testMs } from "./life.ts";
import { startSidecar } from "./sidecar-process.ts";

// What the simulator's credentials endpoint hands out.
const handedOut = ["SESSIONTOKENEXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"];

const secrets = {
  authorization: "Bearer-pw-4d1f9a",
  accessKey: "AKIAQUITESECRET12345",
  secretKey: "secret-key-77c1a0",
  session: "session-token-b83e55",
  user: "user-0c95d2",
  password: "password-1e6f07",
  query: "query-token-5a2b9c",
  path: "path-token-f40d81",
} as const;

const url = (scheme: string, host: string): string =>
  `${scheme}://${secrets.user}:${secrets.password}@${host}/${secrets.path}?token=${secrets.query}#${secrets.query}`;

function hidden(output: string): void {
  expect(output).not.toBe("");
  for (const secret of [...Object.values(secrets), ...handedOut]) {
    expect(output).not.toContain(secret);
    expect(output).not.toContain(encodeURIComponent(secret));
    expect(output).not.toContain(Buffer.from(secret).toString("base64").replace(/=+$/, ""));
  }
}

// As AWS refuses a signature: with the canonical request, and the session token in it.
const quoting = `The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nhost:127.0.0.1\nx-amz-security-token:${handedOut[0]} ${secrets.session}\n'`;

const kinds: Readonly<Record<string, FaultKind>> = {
  "a status of 500": { kind: "error" },
  "a refused signature": {
    kind: "error",
    status: 403,
    code: "SignatureDoesNotMatch",
    message: quoting,
  },
  "a refusal": { kind: "deny" },
  "an expired session": { kind: "expired-token" },
  garbage: { kind: "garbage" },
  "a body cut in half": { kind: "cut" },
  "a connection that is reset": { kind: "reset" },
};

const given = {
  AWS_CONTAINER_AUTHORIZATION_TOKEN: secrets.authorization,
  NLB_SIDECAR_LOG_LEVEL: "debug",
  NLB_SIDECAR_ON_DRAIN_URL: `http://127.0.0.1:9/${secrets.path}?token=${secrets.query}`,
  NLB_SIDECAR_ON_RETURN_URL: `https://localhost:9/${secrets.path}#${secrets.query}`,
};

const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "of the task role": given,
  "of the environment": {
    ...given,
    AWS_ACCESS_KEY_ID: secrets.accessKey,
    AWS_SECRET_ACCESS_KEY: secrets.secretKey,
    AWS_SESSION_TOKEN: secrets.session,
  },
};

describe.concurrent("with credentials", () => {
  for (const [whose, env] of Object.entries(environments))
    for (const [what, kind] of Object.entries(kinds))
      test(
        `${whose}, and ${what} from every endpoint in turn, none is logged`,
        async () => {
          await using life = await beginLife({
            env,
            // Asked for anew with each call.
            description: { credentialsLifetimeMs: 1 },
            settings: { DEREGISTRATION_WAIT: "3" },
            faults: [
              "metadata:*",
              "credentials:*",
              "ecs:DescribeTasks",
              "ecs:DescribeServices",
            ].map((action) => ({ action, count: 1, ...kind })),
          });
          const { sidecar, world } = life;
          await life.healthy();
          const ends = ["credentials:*", "elasticloadbalancing:*", "ecs:*"].map((action) =>
            world.fault({ action, ...kind }),
          );
          if (whose === "of the task role") await life.calledAgain("credentials:read");
          ends.shift()?.();
          await life.calledAgain(describeTargetHealth);
          await sidecar.line("fault", ({ source }) => source === "target-health");
          for (const end of ends) end();
          life.drain();
          await sidecar.line("fault", ({ source }) => source === "application");
          expect((await sidecar.exit()).code).toBe(0);
          hidden(sidecar.output());
        },
        testMs,
      );
});

describe.concurrent("where the fault is in what holds a secret", () => {
  const nowhere = "127.0.0.1:9";
  const faulty: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "a proxy that does not listen": {
      HTTP_PROXY: url("http", nowhere),
      HTTPS_PROXY: url("http", nowhere),
      AWS_ENDPOINT_URL: "http://aws.invalid",
    },
    "a proxy for TLS that does not listen": {
      HTTPS_PROXY: url("http", nowhere),
      AWS_ENDPOINT_URL: "https://aws.invalid",
    },
    "an endpoint of AWS that does not listen": { AWS_ENDPOINT_URL: url("http", nowhere) },
    "an endpoint of AWS that is no URL": { AWS_ENDPOINT_URL: url("http//", nowhere) },
    "a credentials endpoint that does not listen": {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url("http", nowhere),
    },
    "a credentials endpoint that the client does not allow": {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: url("http", "192.0.2.1"),
    },
    "a token that no header can hold": {
      AWS_CONTAINER_AUTHORIZATION_TOKEN: `${secrets.authorization}\r\n`,
    },
    ...Object.fromEntries(
      Object.entries({
        "a line break": "\n",
        "a control character": "\u0001",
        "a letter": "\u0416",
      }).flatMap(([name, character]) => [
        [
          `a session token with ${name} in it`,
          {
            AWS_ACCESS_KEY_ID: secrets.accessKey,
            AWS_SECRET_ACCESS_KEY: secrets.secretKey,
            AWS_SESSION_TOKEN: `${secrets.session}${character}${secrets.session}`,
          },
        ],
        [
          `an authorization token with ${name} in it`,
          {
            AWS_CONTAINER_AUTHORIZATION_TOKEN: `${secrets.authorization}${character}${secrets.authorization}`,
          },
        ],
      ]),
    ),
  };
  for (const [what, env] of Object.entries(faulty))
    test(
      `${what}: it is not in the log`,
      async () => {
        await using life = await beginLife({ env });
        await life.sidecar.line("fault");
        hidden(life.sidecar.output());
      },
      testMs,
    );

  const malformed: readonly string[] = [
    url("ftp", nowhere),
    url("http//", nowhere),
    `127.0.0.1:9/${secrets.path}?token=${secrets.query}`,
    `http:/${secrets.path}?token=${secrets.query}`,
    `http://user name:${secrets.password}@127.0.0.1/`,
    `http://127.0.0.1:99999/?token=${secrets.query}`,
  ];
  for (const value of malformed)
    test(
      `a URL that is refused, such as ${value.slice(0, 8)}..., is not in the log (${malformed.indexOf(value) + 1})`,
      async () => {
        await using sidecar = startSidecar({
          env: { HOME: "/", NLB_SIDECAR_ON_DRAIN_URL: value },
        });
        expect((await sidecar.exit()).code).toBe(78);
        expect(await sidecar.line("faulty-settings")).toBeDefined();
        hidden(sidecar.output());
      },
      testMs,
    );
});

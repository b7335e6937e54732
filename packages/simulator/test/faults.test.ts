// Scripted faults and the account's request rates: which calls they meet, and what a client then sees.

import { describe, expect, test } from "bun:test";
import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import { DescribeTasksCommand } from "@aws-sdk/client-ecs";
import { DescribeTargetHealthCommand } from "@aws-sdk/client-elastic-load-balancing-v2";
import {
  environmentOf,
  type Fault,
  type FaultKind,
  fetchOf,
  type World,
  type WorldDescription,
} from "../src/index.ts";
import { clientsInProcess, refusalOf } from "./aws-clients.ts";
import { firstTask, metadataUriOf, simulatedWorld } from "./simulated-world.ts";

const described = (description: WorldDescription = {}) => {
  // The clients read an answer's body through streams: more turns than one.
  const { world, clock } = simulatedWorld(description, 10);
  const { ecs, elb, ec2 } = clientsInProcess(world);
  const { arn, targets } = firstTask(world);
  const TargetGroupArn = targets[0]?.targetGroupArn;
  return {
    world,
    clock,
    ecs: (abortSignal?: AbortSignal) =>
      refusalOf(
        ecs.send(new DescribeTasksCommand({ tasks: [arn] }), {
          ...(abortSignal && { abortSignal }),
        }),
      ),
    elb: (abortSignal?: AbortSignal) =>
      refusalOf(
        elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }), {
          ...(abortSignal && { abortSignal }),
        }),
      ),
    ec2: () => refusalOf(ec2.send(new DescribeInstancesCommand({}))),
  };
};

describe("a fault refuses with each service's own code", () => {
  const rows: readonly (readonly [FaultKind, ecs: string, elb: string, ec2: string])[] = [
    [{ kind: "throttle" }, "ThrottlingException 400", "Throttling 400", "RequestLimitExceeded 503"],
    [
      { kind: "deny" },
      "AccessDeniedException 400",
      "AccessDenied 403",
      "UnauthorizedOperation 403",
    ],
    [
      { kind: "expired-token" },
      "ExpiredTokenException 400",
      "ExpiredToken 403",
      "RequestExpired 400",
    ],
    [{ kind: "error" }, "ServerException 500", "InternalFailure 500", "InternalError 500"],
    [
      { kind: "error", status: 503 },
      "ServiceUnavailableException 503",
      "ServiceUnavailable 503",
      "Unavailable 503",
    ],
    [
      { kind: "error", status: 500, code: "HealthUnavailable" },
      "HealthUnavailable 500",
      "HealthUnavailableException 500",
      "HealthUnavailable 500",
    ],
  ];
  test.each(rows)("%o", async (kind, ecsCode, elbCode, ec2Code) => {
    const { world, ecs, elb, ec2 } = described();
    world.fault({ action: "*", ...kind });
    const seen = [await ecs(), await elb(), await ec2()];
    expect(seen.map((refusal) => refusal.split(":")[0])).toEqual([ecsCode, elbCode, ec2Code]);
    expect(world.calls.map(({ outcome }) => outcome)).not.toContain("answered");
  });
});

describe("a fault bends the answer:", () => {
  test.each([
    [{ kind: "reset" }, "ECONNRESET"],
    [{ kind: "cut" }, "ECONNRESET"],
    [{ kind: "garbage" }, "200"],
    [{ kind: "garbage", body: "<html>proxy" }, "200"],
  ] as const)("%o rejects the call", async (kind, expected) => {
    const { world, clock, elb, ecs } = described();
    world.fault({ action: "*", ...kind });
    expect(await clock.run(elb())).toContain(expected);
    expect(await clock.run(ecs())).toContain(expected);
    expect(world.calls.map(({ outcome }) => outcome)).toEqual([kind.kind, kind.kind]);
  });

  test("empty is an answer without content", async () => {
    const { world, clock } = described();
    world.fault({ action: "metadata:*", kind: "empty" });
    const uri = metadataUriOf(world);
    const response = await clock.run(fetchOf(world)(`${uri}/task`));
    expect([response.status, await response.text()]).toEqual([200, ""]);
  });

  test.each([
    ["late", 7_000],
    ["slow", 7_000],
  ] as const)("%s gives the right answer after its time", async (kind, ms) => {
    const { world, clock, elb } = described();
    world.fault({ action: "*", kind, ms });
    expect(await clock.run(elb())).toBe("answered");
    expect(clock.now()).toBe(7_000);
  });

  test.each(["hang", "stall"] as const)(
    "%s never answers, until the caller gives up",
    async (kind) => {
      const { world, clock, elb } = described();
      world.fault({ action: "*", kind });
      const stop = new AbortController();
      const never = new AbortController().signal;
      const call = elb(stop.signal);
      void clock.sleep(3_600_000, never).then(() => stop.abort());
      expect(await clock.run(call)).toContain("abort");
      expect(clock.now()).toBe(3_600_000);
    },
  );
});

describe("a fault meets", () => {
  const metadata = (world: World) => async (): Promise<number> => {
    const uri = metadataUriOf(world);
    return (await fetchOf(world)(`${uri}/task`)).status;
  };
  const throttled = async (fault: Partial<Fault>): Promise<string> => {
    const { world, clock, elb, ecs } = described();
    world.fault({ action: "*", kind: "throttle", ...fault } as Fault);
    let seen = "";
    for (let second = 0; second < 6; second += 1) {
      seen += (await elb()) === "answered" ? "e" : "E";
      seen += (await ecs()) === "answered" ? "c" : "C";
      seen += (await metadata(world)()) === 200 ? "m " : "M ";
      await clock.advance(1_000);
    }
    return seen.trim();
  };

  test.each([
    [{}, "ECM ECM ECM ECM ECM ECM"],
    [{ action: "elasticloadbalancing:*" }, "Ecm Ecm Ecm Ecm Ecm Ecm"],
    [{ action: "ecs:DescribeTasks" }, "eCm eCm eCm eCm eCm eCm"],
    [{ action: "ecs:DescribeServices" }, "ecm ecm ecm ecm ecm ecm"],
    [{ action: "metadata:task" }, "ecM ecM ecM ecM ecM ecM"],
    [{ action: "metadata:container" }, "ecm ecm ecm ecm ecm ecm"],
    [{ fromMs: 2_000, toMs: 4_000 }, "ecm ecm ECM ECM ecm ecm"],
    [{ count: 4 }, "ECM Ecm ecm ecm ecm ecm"],
    [{ share: 0 }, "ecm ecm ecm ecm ecm ecm"],
    [{ taskArn: "another" }, "ecm ecm ecm ecm ecm ecm"],
  ])("the calls of %o", async (fault, expected) => {
    expect(await throttled(fault)).toBe(expected);
  });

  test("a share of the calls", async () => {
    const { world, ecs } = described();
    world.fault({ action: "*", kind: "throttle", share: 0.25 });
    for (let time = 0; time < 400; time += 1) await ecs();
    const share = world.calls.filter(({ outcome }) => outcome !== "answered").length / 400;
    expect(share).toBeGreaterThan(0.18);
    expect(share).toBeLessThan(0.32);
  });

  test("one task's calls, known by its metadata path", async () => {
    const { world } = described({ tasks: 2 });
    const [first, second] = world.tasks();
    world.fault({ action: "*", kind: "deny", taskArn: second?.arn ?? "" });
    const statuses = [first, second].map(async (task) => {
      const uri = metadataUriOf(world, "http://x", task?.arn ?? "");
      return (await fetchOf(world)(`${uri}/task`)).status;
    });
    expect(await Promise.all(statuses)).toEqual([200, 403]);
    expect(world.calls.map(({ taskArn }) => taskArn)).toEqual([first?.arn, second?.arn]);
  });

  test("nothing any more once it is ended, and the first that was set strikes", async () => {
    const { world, elb } = described();
    const end = world.fault({ action: "*", kind: "deny" });
    world.fault({ action: "*", kind: "throttle" });
    expect(await elb()).toStartWith("AccessDenied");
    end();
    expect(await elb()).toStartWith("Throttling");
  });

  test.each([
    [{ kind: "throttle" }, 429],
    [{ kind: "error" }, 500],
    [{ kind: "error", status: 502 }, 502],
    [{ kind: "deny" }, 403],
  ] as const)("the credentials endpoint with %o", async (kind, status) => {
    const { world } = described();
    world.fault({ action: "credentials:read", ...kind } as Fault);
    const uri = environmentOf(
      world,
      firstTask(world).arn,
      "app",
      "http://x",
    ).AWS_CONTAINER_CREDENTIALS_FULL_URI;
    expect((await fetchOf(world)(uri ?? "")).status).toBe(status);
  });
});

describe("the documented request rates", () => {
  const answeredAtOnce = async (
    description: WorldDescription,
    api: "elb" | "ecs" | "ec2",
    waitMs = 0,
  ): Promise<number> => {
    const world = described({ throttling: "documented", ...description });
    if (waitMs > 0) {
      for (let time = 0; time < 150; time += 1) await world[api]();
      await world.clock.advance(waitMs);
    }
    let answered = 0;
    while ((await world[api]()) === "answered") answered += 1;
    return answered;
  };

  test.each([
    ["elb", 40, 10],
    ["ecs", 100, 20],
    ["ec2", 100, 20],
  ] as const)("%s: %d at once, then %d a second", async (api, burst, perSecond) => {
    expect(await answeredAtOnce({}, api)).toBe(burst);
    expect(await answeredAtOnce({}, api, 1_000)).toBe(perSecond);
    expect(await answeredAtOnce({}, api, 3_600_000)).toBe(burst);
  });

  test("leave less where others in the account call too, for reads or for anything", async () => {
    for (const bucket of ["elasticloadbalancing:read", "elasticloadbalancing:all"]) {
      const alone = await answeredAtOnce({ otherCallsPerSecond: { [bucket]: 5 } }, "elb", 4_000);
      expect(alone).toBeGreaterThan(8);
      expect(alone).toBeLessThan(35);
    }
    const crowded = described({
      throttling: "documented",
      otherCallsPerSecond: { "elasticloadbalancing:all": 40 },
    });
    // Ten tokens a second for forty callers: one in four gets one, at a regular pace too.
    let answered = 0;
    for (let second = 0; second < 400; second += 1) {
      await crowded.clock.advance(1_000);
      if ((await crowded.elb()) === "answered") answered += 1;
    }
    expect(answered).toBeGreaterThan(60);
    expect(answered).toBeLessThan(140);
    expect(await crowded.ecs()).toBe("answered");
  });

  test("are off by default", async () => {
    const { elb } = described();
    const seen = new Set<string>();
    for (let time = 0; time < 60; time += 1) seen.add(await elb());
    expect([...seen]).toEqual(["answered"]);
  });
});

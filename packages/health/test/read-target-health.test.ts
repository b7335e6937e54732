// Which answer gives which reading, and what each reading costs, on the real client and the real wire format.

import { describe, expect, test } from "bun:test";
import {
  TargetHealthReasonEnum,
  TargetHealthStateEnum,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { readTargetHealth } from "../src/read-target-health.ts";
import type { Target } from "../src/target.ts";
import { TargetHealthError } from "../src/target-health-error.ts";
import {
  answered,
  page,
  refused,
  rejectionOf,
  type WireAnswer,
  wireClient,
} from "./wire-client.ts";

const targetGroupArn =
  "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/1a2b3c4d5e6f7a8b";
const target: Target = { targetGroupArn, id: "10.0.0.1", port: 80 };
const other: Target = { targetGroupArn, id: "10.0.0.2", port: 80 };
const never = new AbortController().signal;

const member = (id: string, port: number, state: string, reason?: string): string =>
  `<member><Target><Id>${id}</Id><Port>${port}</Port></Target><HealthCheckPort>${port}</HealthCheckPort><TargetHealth><State>${state}</State>${
    reason === undefined ? "" : `<Reason>${reason}</Reason><Description>${reason}</Description>`
  }</TargetHealth></member>`;

const healthAnswer = (...members: readonly string[]): WireAnswer =>
  answered(
    "DescribeTargetHealth",
    `<TargetHealthDescriptions>${members.join("")}</TargetHealthDescriptions>`,
  );

const asked = (parameters: URLSearchParams): readonly string[] =>
  [...parameters].flatMap(([name, value]) => (/^Targets.*\.Id$/.test(name) ? [value] : []));

describe("every state with every reason of the API model is a reading", () => {
  const states = Object.values(TargetHealthStateEnum);
  const reasons = [undefined, ...Object.values(TargetHealthReasonEnum)];
  test("the model has the seven states and twelve reasons that this package knows", () => {
    expect(states.toSorted()).toEqual([
      "draining",
      "healthy",
      "initial",
      "unavailable",
      "unhealthy",
      "unhealthy.draining",
      "unused",
    ]);
    expect(reasons.length).toBe(13);
  });
  test.each(states.flatMap((state) => reasons.map((reason) => ({ state, reason }))))(
    "$state, $reason",
    async ({ state, reason }) => {
      const { client } = wireClient(() => healthAnswer(member("10.0.0.1", 80, state, reason)));
      const gone = state === "unused" && reason === "Target.NotRegistered";
      expect(await readTargetHealth(client, [target], never)).toEqual([
        { target, state: gone ? "gone" : state, reason },
      ]);
    },
  );
});

describe("what is asked", () => {
  test("one call for all targets of a target group, each by id and port", async () => {
    const { client, calls } = wireClient(() =>
      healthAnswer(member("10.0.0.2", 80, "draining"), member("10.0.0.1", 80, "healthy")),
    );
    const readings = await readTargetHealth(client, [target, other], never);
    expect(readings.map(({ target: { id }, state }) => [id, state])).toEqual([
      ["10.0.0.1", "healthy"],
      ["10.0.0.2", "draining"],
    ]);
    expect(calls.map((call) => Object.fromEntries(call))).toEqual([
      {
        Action: "DescribeTargetHealth",
        Version: "2015-12-01",
        TargetGroupArn: targetGroupArn,
        "Targets.member.1.Id": "10.0.0.1",
        "Targets.member.1.Port": "80",
        "Targets.member.2.Id": "10.0.0.2",
        "Targets.member.2.Port": "80",
      },
    ]);
  });
  test("nothing, for no targets", async () => {
    const { client, calls } = wireClient(() => healthAnswer());
    expect(await readTargetHealth(client, [], never)).toEqual([]);
    expect(calls).toEqual([]);
  });
  test("nothing, for targets of two target groups: that is a mistake of the caller", async () => {
    const { client, calls } = wireClient(() => healthAnswer());
    const elsewhere = { ...other, targetGroupArn: `${targetGroupArn}9` };
    expect(await rejectionOf(readTargetHealth(client, [target, elsewhere], never))).toBeInstanceOf(
      TypeError,
    );
    expect(calls).toEqual([]);
  });
  test("the signal reaches the connection", async () => {
    const seen: unknown[] = [];
    const { client } = wireClient((_, abortSignal) => {
      seen.push(abortSignal);
      return healthAnswer(member("10.0.0.1", 80, "healthy"));
    });
    await readTargetHealth(client, [target], never);
    expect(seen).toEqual([never]);
  });
});

describe("a target that is not registered is gone, and no error", () => {
  test.each(["InvalidTarget", "TargetGroupNotFound"])(
    "%s for one target, in one call",
    async (code) => {
      const { client, calls } = wireClient(() => refused(400, code));
      expect(await readTargetHealth(client, [target], never)).toEqual([
        { target, state: "gone", reason: undefined },
      ]);
      expect(calls.length).toBe(1);
    },
  );
  test("TargetGroupNotFound is said of all targets, in one call", async () => {
    const { client, calls } = wireClient(() => refused(400, "TargetGroupNotFound"));
    const readings = await readTargetHealth(client, [target, other], never);
    expect(readings.map(({ state }) => state)).toEqual(["gone", "gone"]);
    expect(calls.length).toBe(1);
  });
  test("InvalidTarget names none of several targets, so that each is asked alone", async () => {
    const { client, calls } = wireClient((parameters) =>
      asked(parameters).includes("10.0.0.1")
        ? refused(400, "InvalidTarget")
        : healthAnswer(member("10.0.0.2", 80, "healthy")),
    );
    expect(await readTargetHealth(client, [target, other], never)).toEqual([
      { target, state: "gone", reason: undefined },
      { target: other, state: "healthy", reason: undefined },
    ]);
    expect(calls.map(asked)).toEqual([["10.0.0.1", "10.0.0.2"], ["10.0.0.1"], ["10.0.0.2"]]);
  });
  test("a throttled call among those keeps what the others answered", async () => {
    const { client } = wireClient((parameters) =>
      asked(parameters).length > 1
        ? refused(400, "InvalidTarget")
        : asked(parameters).includes("10.0.0.1")
          ? refused(400, "Throttling", "Rate exceeded")
          : healthAnswer(member("10.0.0.2", 80, "draining")),
    );
    const error = await rejectionOf(readTargetHealth(client, [target, other], never));
    expect(error).toMatchObject({
      code: "throttled",
      readings: [{ target: other, state: "draining", reason: undefined }],
    });
  });
  test("a call among those that tells nothing is no error where another tells something", async () => {
    const { client } = wireClient((parameters) =>
      asked(parameters).length > 1
        ? refused(400, "InvalidTarget")
        : asked(parameters).includes("10.0.0.1")
          ? healthAnswer()
          : healthAnswer(member("10.0.0.2", 80, "draining")),
    );
    expect(await readTargetHealth(client, [target, other], never)).toEqual([
      { target: other, state: "draining", reason: undefined },
    ]);
  });
});

describe("nothing is read into an answer that does not hold the target", () => {
  test.each<[string, WireAnswer]>([
    ["an empty list", healthAnswer()],
    ["another address", healthAnswer(member("10.0.0.9", 80, "draining"))],
    ["another port of the same address", healthAnswer(member("10.0.0.1", 81, "draining"))],
    ["a state that the API model lacks", healthAnswer(member("10.0.0.1", 80, "retired"))],
    ["the state in another case", healthAnswer(member("10.0.0.1", 80, "Draining"))],
    [
      "no health",
      healthAnswer("<member><Target><Id>10.0.0.1</Id><Port>80</Port></Target></member>"),
    ],
    ["no list", answered("DescribeTargetHealth", "")],
    ["an empty body", { ...page(200), body: "" }],
    ["a proxy's page with status 200", page(200)],
  ])("%s", async (_, answer) => {
    const { client } = wireClient(() => answer);
    const error = await rejectionOf(readTargetHealth(client, [target], never));
    expect(error).toBeInstanceOf(TargetHealthError);
    expect(error).toMatchObject({
      code: "no-answer",
      transient: true,
      message:
        "elasticloadbalancing:DescribeTargetHealth answered without a known state of targetgroup/web/1a2b3c4d5e6f7a8b 10.0.0.1:80",
      readings: [],
    });
  });
  test("the other targets of the answer are readings all the same", async () => {
    const { client } = wireClient(() =>
      healthAnswer(member("10.0.0.1", 80, "retired"), member("10.0.0.2", 80, "healthy")),
    );
    expect(await readTargetHealth(client, [target, other], never)).toEqual([
      { target: other, state: "healthy", reason: undefined },
    ]);
  });
});

describe("an IPv6 target is found in whatever form either side writes it", () => {
  test.each([
    ["2001:db8::1", "2001:db8::1"],
    ["2001:db8::1", "2001:0db8:0000:0000:0000:0000:0000:0001"],
    ["2001:0DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["2001:db8:0:1::", "2001:DB8:0:1:0:0:0:0"],
  ])("asked %s, answered %s", async (id, answeredId) => {
    const { client, calls } = wireClient(() => healthAnswer(member(answeredId, 80, "draining")));
    const asIpv6 = { ...target, id };
    expect(await readTargetHealth(client, [asIpv6], never)).toEqual([
      { target: asIpv6, state: "draining", reason: undefined },
    ]);
    expect(calls.map(asked)).toEqual([[id]]);
  });
  test("and another IPv6 address is not", async () => {
    const { client } = wireClient(() => healthAnswer(member("2001:db8::11", 80, "draining")));
    const call = readTargetHealth(client, [{ ...target, id: "2001:db8::1" }], never);
    expect(await rejectionOf(call)).toMatchObject({ code: "no-answer" });
  });
});

test("an error of the call is a TargetHealthError that names action, target group and what to change", async () => {
  const { client } = wireClient(() => refused(403, "AccessDenied", "User: x is not authorized"));
  const error = await rejectionOf(readTargetHealth(client, [target], never));
  expect(error).toBeInstanceOf(TargetHealthError);
  expect(error).toMatchObject({
    name: "TargetHealthError",
    code: "denied",
    transient: false,
    message:
      "elasticloadbalancing:DescribeTargetHealth for targetgroup/web/1a2b3c4d5e6f7a8b failed: AccessDenied: User: x is not authorized",
    readings: [],
    cause: { name: "AccessDenied" },
  });
  expect((error as TargetHealthError).fix).toContain("elasticloadbalancing:DescribeTargetHealth");
});

// Target groups, their deregistration delay and deregistering, on the real client and the real wire format.

import { describe, expect, test } from "bun:test";
import { deregisterTargets } from "../src/deregister-targets.ts";
import { readDeregistrationDelay } from "../src/read-deregistration-delay.ts";
import { readTargetGroups } from "../src/target-group.ts";
import { answered, page, refused, rejectionOf, wireClient } from "./wire-client.ts";

const arnOf = (name: string): string =>
  `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/${name}/1a2b3c4d5e6f7a8b`;
const web = arnOf("web");
const dns = arnOf("dns");
const never = new AbortController().signal;

describe("readTargetGroups", () => {
  const groupsAnswer = (...members: readonly string[]) =>
    answered(
      "DescribeTargetGroups",
      `<TargetGroups>${members.map((each) => `<member>${each}</member>`).join("")}</TargetGroups>`,
    );
  const webGroup = `<TargetGroupArn>${web}</TargetGroupArn><TargetType>ip</TargetType><IpAddressType>ipv6</IpAddressType><Protocol>TCP</Protocol>`;

  test("reads target type, address type and protocol of all in one call", async () => {
    const { client, calls } = wireClient(() =>
      groupsAnswer(
        webGroup,
        `<TargetGroupArn>${dns}</TargetGroupArn><TargetType>instance</TargetType><IpAddressType>ipv4</IpAddressType><Protocol>TCP_UDP</Protocol>`,
      ),
    );
    expect(await readTargetGroups(client, [web, dns], never)).toEqual([
      { arn: web, targetType: "ip", ipAddressType: "ipv6", protocol: "TCP" },
      { arn: dns, targetType: "instance", ipAddressType: "ipv4", protocol: "TCP_UDP" },
    ]);
    expect(calls.map((call) => Object.fromEntries(call))).toEqual([
      {
        Action: "DescribeTargetGroups",
        Version: "2015-12-01",
        "TargetGroupArns.member.1": web,
        "TargetGroupArns.member.2": dns,
      },
    ]);
  });
  test("takes the API's defaults where the answer is silent", async () => {
    const { client } = wireClient(() => groupsAnswer(`<TargetGroupArn>${web}</TargetGroupArn>`));
    expect(await readTargetGroups(client, [web], never)).toEqual([
      { arn: web, targetType: "instance", ipAddressType: "ipv4", protocol: undefined },
    ]);
  });
  test("makes no call for none", async () => {
    const { client, calls } = wireClient(() => groupsAnswer());
    expect(await readTargetGroups(client, [], never)).toEqual([]);
    expect(calls).toEqual([]);
  });
  test("leaves out one that is deleted, and asks for the others one by one", async () => {
    const { client, calls } = wireClient((parameters) =>
      [...parameters.values()].includes(dns)
        ? refused(400, "TargetGroupNotFound")
        : groupsAnswer(webGroup),
    );
    const groups = await readTargetGroups(client, [web, dns], never);
    expect(groups.map(({ arn }) => arn)).toEqual([web]);
    expect(calls.length).toBe(3);
  });
  test("the only one deleted is none left, in one call", async () => {
    const { client, calls } = wireClient(() => refused(400, "TargetGroupNotFound"));
    expect(await readTargetGroups(client, [web], never)).toEqual([]);
    expect(calls.length).toBe(1);
  });
  test.each([
    ["a proxy's page", page(200)],
    ["an empty list", groupsAnswer()],
    ["an entry without an ARN", groupsAnswer("<TargetType>ip</TargetType>")],
  ])("%s does not say that they are deleted", async (_, answer) => {
    const { client } = wireClient(() => answer);
    expect(await rejectionOf(readTargetGroups(client, [web, dns], never))).toMatchObject({
      name: "TargetHealthError",
      code: "no-answer",
      transient: true,
      message:
        "elasticloadbalancing:DescribeTargetGroups answered without any of targetgroup/web/1a2b3c4d5e6f7a8b, targetgroup/dns/1a2b3c4d5e6f7a8b",
    });
  });
  test("a refusal names the action and the target groups", async () => {
    const { client } = wireClient(() => refused(403, "AccessDenied", "no"));
    expect(await rejectionOf(readTargetGroups(client, [web, dns], never))).toMatchObject({
      code: "denied",
      message:
        "elasticloadbalancing:DescribeTargetGroups for targetgroup/web/1a2b3c4d5e6f7a8b, targetgroup/dns/1a2b3c4d5e6f7a8b failed: AccessDenied: no",
    });
  });
});

describe("readDeregistrationDelay", () => {
  const attributesAnswer = (...attributes: readonly (readonly [string, string])[]) =>
    answered(
      "DescribeTargetGroupAttributes",
      `<Attributes>${attributes.map(([key, value]) => `<member><Key>${key}</Key><Value>${value}</Value></member>`).join("")}</Attributes>`,
    );
  const key = "deregistration_delay.timeout_seconds";

  test.each<[string, number | undefined]>([
    ["0", 0],
    ["120", 120_000],
    ["3600", 3_600_000],
    ["", undefined],
    ["-1", undefined],
    ["5m", undefined],
  ])("the attribute %p is %p ms", async (value, delayMs) => {
    const { client, calls } = wireClient(() =>
      attributesAnswer(["stickiness.enabled", "false"], [key, value]),
    );
    expect(await readDeregistrationDelay(client, web, never)).toBe(delayMs);
    expect(calls.map((call) => Object.fromEntries(call))).toEqual([
      { Action: "DescribeTargetGroupAttributes", Version: "2015-12-01", TargetGroupArn: web },
    ]);
  });
  test("is undefined where the target group has no such attribute", async () => {
    const { client } = wireClient(() => attributesAnswer(["stickiness.enabled", "false"]));
    expect(await readDeregistrationDelay(client, web, never)).toBeUndefined();
  });
  test("a proxy's page is no answer", async () => {
    const { client } = wireClient(() => page(200));
    expect(await rejectionOf(readDeregistrationDelay(client, web, never))).toMatchObject({
      code: "no-answer",
      message:
        "elasticloadbalancing:DescribeTargetGroupAttributes answered without the attributes of targetgroup/web/1a2b3c4d5e6f7a8b",
    });
  });
  test("a deleted target group is an error here", async () => {
    const { client } = wireClient(() => refused(400, "TargetGroupNotFound", "gone"));
    expect(await rejectionOf(readDeregistrationDelay(client, web, never))).toMatchObject({
      code: "rejected",
      message:
        "elasticloadbalancing:DescribeTargetGroupAttributes for targetgroup/web/1a2b3c4d5e6f7a8b failed: TargetGroupNotFoundException: gone",
    });
  });
});

describe("deregisterTargets", () => {
  const accepted = answered("DeregisterTargets", "");
  const targets = [
    { targetGroupArn: web, id: "i-0abc", port: 32768 },
    { targetGroupArn: web, id: "i-0abc", port: 32769 },
  ];

  test("asks once, for each target by id and port", async () => {
    const { client, calls } = wireClient(() => accepted);
    await deregisterTargets(client, targets, never);
    expect(calls.map((call) => Object.fromEntries(call))).toEqual([
      {
        Action: "DeregisterTargets",
        Version: "2015-12-01",
        TargetGroupArn: web,
        "Targets.member.1.Id": "i-0abc",
        "Targets.member.1.Port": "32768",
        "Targets.member.2.Id": "i-0abc",
        "Targets.member.2.Port": "32769",
      },
    ]);
  });
  test("makes no call for none", async () => {
    const { client, calls } = wireClient(() => accepted);
    await deregisterTargets(client, [], never);
    expect(calls).toEqual([]);
  });
  test("makes no call for targets of two target groups", async () => {
    const { client, calls } = wireClient(() => accepted);
    const mixed = [...targets, { targetGroupArn: dns, id: "i-0abc", port: 53 }];
    expect(await rejectionOf(deregisterTargets(client, mixed, never))).toBeInstanceOf(TypeError);
    expect(calls).toEqual([]);
  });
  test("a refusal names the action and the target group", async () => {
    const { client } = wireClient(() => refused(403, "AccessDenied", "no"));
    expect(await rejectionOf(deregisterTargets(client, targets, never))).toMatchObject({
      code: "denied",
      transient: false,
      message:
        "elasticloadbalancing:DeregisterTargets for targetgroup/web/1a2b3c4d5e6f7a8b failed: AccessDenied: no",
    });
  });
});

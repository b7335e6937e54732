// Labels of targets, and when two values name the same one.

import { describe, expect, test } from "bun:test";
import { canonicalIdOf, groupLabelOf, labelOf, sameTarget } from "../src/target.ts";

const targetGroupArn = "arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:targetgroup/web/1a";

test.each([
  ["10.0.0.1", "targetgroup/web/1a 10.0.0.1:80"],
  ["i-0abc", "targetgroup/web/1a i-0abc:80"],
  ["2001:db8::1", "targetgroup/web/1a [2001:db8::1]:80"],
])("the label of %s is %s", (id, label) => {
  expect(labelOf({ targetGroupArn, id, port: 80 })).toBe(label);
});

test("what is no ARN labels itself", () => {
  expect(groupLabelOf("web")).toBe("web");
});

test.each([
  ["10.0.0.1", "10.0.0.1"],
  ["i-0abc", "i-0abc"],
  ["2001:db8::1", "2001:db8::1"],
  ["2001:0DB8:0:0::0001", "2001:db8::1"],
  ["::ffff:10.0.0.1", "::ffff:a00:1"],
  ["fe80::1%eth0", "fe80::1%eth0"],
  ["not:an:address", "not:an:address"],
])("%s is written %s", (id, canonical) => {
  expect(canonicalIdOf(id)).toBe(canonical);
});

describe("the same target", () => {
  const target = { targetGroupArn, id: "2001:db8::1", port: 80 };
  test.each([
    { what: "the very same", change: {}, same: true },
    { what: "the address written otherwise", change: { id: "2001:DB8:0::1" }, same: true },
    { what: "another address", change: { id: "2001:db8::2" }, same: false },
    { what: "another port", change: { port: 81 }, same: false },
    { what: "another group", change: { targetGroupArn: `${targetGroupArn}b` }, same: false },
  ])("$what: $same", ({ change, same }) => {
    expect(sameTarget(target, { ...target, ...change })).toBe(same);
  });
});

// Which error of a call is which fault: the errors are those that the real client makes of real answers.

import { afterEach, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { callFaultOf } from "../src/call-fault.ts";
import { readTargetHealth } from "../src/read-target-health.ts";
import { TargetHealthError } from "../src/target-health-error.ts";
import { page, refused, rejectionOf, secrets, type WireAnswer, wireClient } from "./wire-client.ts";

const target = {
  targetGroupArn: "arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/1a2b",
  id: "10.0.0.1",
  port: 80,
};
const never = new AbortController().signal;

const errorFrom = (
  answer: WireAnswer | Error,
  credentials?: () => Promise<typeof secrets>,
): Promise<unknown> =>
  rejectionOf(readTargetHealth(wireClient(() => answer, credentials).client, [target], never));

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });
const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code });

describe("an answer of the service", () => {
  test.each<[string, WireAnswer, string, boolean, string]>([
    [
      "Throttling 400",
      refused(400, "Throttling", "Rate exceeded"),
      "throttled",
      true,
      "Throttling: Rate exceeded",
    ],
    [
      "ThrottlingException 400",
      refused(400, "ThrottlingException", "Rate exceeded"),
      "throttled",
      true,
      "ThrottlingException: Rate exceeded",
    ],
    [
      "RequestLimitExceeded 503",
      refused(503, "RequestLimitExceeded", "x"),
      "throttled",
      true,
      "RequestLimitExceeded: x",
    ],
    [
      "429 without a body",
      page(429, ""),
      "throttled",
      true,
      "Unknown: HTTP 429 without an error of the service",
    ],
    [
      "AccessDenied 403",
      refused(403, "AccessDenied", "not authorized"),
      "denied",
      false,
      "AccessDenied: not authorized",
    ],
    [
      "InvalidClientTokenId 403",
      refused(403, "InvalidClientTokenId", "x"),
      "denied",
      false,
      "InvalidClientTokenId: x",
    ],
    [
      "SignatureDoesNotMatch 403",
      refused(403, "SignatureDoesNotMatch", "x"),
      "denied",
      false,
      "SignatureDoesNotMatch: x",
    ],
    ["OptInRequired 403", refused(403, "OptInRequired", "x"), "denied", false, "OptInRequired: x"],
    [
      "IncompleteSignature 400",
      refused(400, "IncompleteSignature", "x"),
      "denied",
      false,
      "IncompleteSignature: x",
    ],
    [
      "a 403 of the service by a new name",
      refused(403, "OrganizationSaysNo", "x"),
      "denied",
      false,
      "OrganizationSaysNo: x",
    ],
    ["ExpiredToken 403", refused(403, "ExpiredToken", "x"), "unavailable", true, "ExpiredToken: x"],
    [
      "RequestExpired 400",
      refused(400, "RequestExpired", "x"),
      "unavailable",
      true,
      "RequestExpired: x",
    ],
    [
      "InternalFailure 500",
      refused(500, "InternalFailure", "x"),
      "unavailable",
      true,
      "InternalFailure: x",
    ],
    [
      "HealthUnavailable 500",
      refused(500, "HealthUnavailable", "x"),
      "unavailable",
      true,
      "HealthUnavailableException: x",
    ],
    [
      "ServiceUnavailable 503",
      refused(503, "ServiceUnavailable", "x"),
      "unavailable",
      true,
      "ServiceUnavailable: x",
    ],
    ["an unheard-of 5xx", refused(599, "Strange", "x"), "unavailable", true, "Strange: x"],
    [
      "ValidationError 400",
      refused(400, "ValidationError", "x"),
      "rejected",
      false,
      "ValidationError: x",
    ],
  ])("%s", async (_, answer, code, transient, said) => {
    const error = await errorFrom(answer);
    expect(error).toMatchObject({ code, transient });
    expect((error as Error).message).toEndWith(` failed: ${said}`);
  });
  test("a signature refused for a skewed clock passes, as the client has corrected its clock", async () => {
    const answer = {
      ...refused(403, "SignatureDoesNotMatch", "Signature expired"),
      headers: { "content-type": "text/xml", date: "Fri, 01 Jan 2027 00:00:00 GMT" },
    };
    expect(await errorFrom(answer)).toMatchObject({ code: "unavailable", transient: true });
  });
});

describe("something else in the service's place", () => {
  const crooked = "<!DOCTYPE html><html><body><br>Go away</body></html>";
  test.each<[string, WireAnswer, string]>([
    ["garbled XML with status 200", page(200, "<a><b></a>"), "no-answer"],
    ["bytes that are no XML with status 200", page(200, "\u0001\u0002"), "no-answer"],
    ["JSON with status 200", page(200, "{}"), "no-answer"],
    ["a page that is no XML with status 200", page(200, crooked), "no-answer"],
    ["a redirection", { ...page(302, ""), headers: { location: "http://portal/" } }, "no-answer"],
    ["garbled XML with status 400", page(400, "<a><b></a>"), "no-answer"],
    ["an empty body with status 400", page(400, ""), "no-answer"],
    ["a proxy's page with status 403", page(403), "no-answer"],
    ["a proxy's page that is no XML with status 403", page(403, crooked), "no-answer"],
    ["a proxy's page with status 404", page(404), "no-answer"],
    ["a proxy that wants a password", page(407), "no-answer"],
    ["a proxy's page with status 502", page(502), "unavailable"],
    ["an empty body with status 503", page(503, ""), "unavailable"],
    ["garbled XML with status 500", page(500, "<a><b></a>"), "unavailable"],
  ])("%s", async (_, answer, code) => {
    expect(await errorFrom(answer)).toMatchObject({ code, transient: true });
  });
});

describe("no answer", () => {
  test.each<[string, Error]>([
    ["connection reset", coded("ECONNRESET", "read ECONNRESET")],
    ["no route", coded("EHOSTUNREACH", "connect EHOSTUNREACH 10.0.0.9:443")],
    ["no such name", coded("ENOTFOUND", "getaddrinfo ENOTFOUND elasticloadbalancing")],
    ["the client's time-out", named("TimeoutError", "Connection timed out after 5000 ms")],
    ["fetch gives up", new TypeError("fetch failed", { cause: coded("ECONNREFUSED", "refused") })],
    ["aborted", named("AbortError", "Request aborted")],
  ])("%s", async (_, failure) => {
    const error = await errorFrom(failure);
    expect(error).toMatchObject({ code: "unavailable", transient: true, cause: failure });
    expect((error as Error).message).toContain(failure.message);
  });
  test("credentials that cannot be had", async () => {
    const error = await errorFrom(page(200), async () => {
      throw named("CredentialsProviderError", "Could not load credentials from any providers");
    });
    expect(error).toMatchObject({ code: "unavailable", transient: true });
    expect((error as Error).message).toContain("Could not load credentials from any providers");
  });

  const servers: Server[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
  });
  const portOf = async (server: Server): Promise<number> => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return address.port;
  };
  const errorAt = (port: number): Promise<unknown> => {
    const endpoint = `http://127.0.0.1:${port}`;
    const client = new ElasticLoadBalancingV2Client({
      region: "eu-west-1",
      credentials: { ...secrets },
      maxAttempts: 1,
      endpoint,
    });
    return rejectionOf(readTargetHealth(client, [target], never)).finally(() => client.destroy());
  };
  test("a real connection that is reset", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.resetAndDestroy()));
    servers.push(server);
    expect(await errorAt(await portOf(server))).toMatchObject({
      code: "unavailable",
      transient: true,
    });
  });
  test("a real connection that is closed in the middle of an answer", async () => {
    const server = createServer((socket) =>
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n<Descr")),
    );
    servers.push(server);
    expect(await errorAt(await portOf(server))).toMatchObject({ transient: true });
  });
  test("a real connection that is refused", async () => {
    const server = createServer();
    const port = await portOf(server);
    await new Promise((resolve) => server.close(resolve));
    const error = await errorAt(port);
    expect(error).toMatchObject({ code: "unavailable", transient: true });
    expect((error as Error).message).toContain("ECONNREFUSED");
  });
});

describe("callFaultOf takes whatever is thrown", () => {
  test.each<[string, unknown, ReturnType<typeof callFaultOf>]>([
    [
      "undefined",
      undefined,
      { code: "unavailable", transient: true, name: "Error", message: "undefined" },
    ],
    ["null", null, { code: "unavailable", transient: true, name: "Error", message: "null" }],
    [
      "a string",
      "no way",
      { code: "unavailable", transient: true, name: "Error", message: "no way" },
    ],
    [
      "an error without a message",
      new RangeError(),
      { code: "unavailable", transient: true, name: "RangeError", message: "RangeError" },
    ],
    [
      "JSON that breaks off",
      new SyntaxError("Unexpected end"),
      { code: "no-answer", transient: true, name: "SyntaxError", message: "Unexpected end" },
    ],
    [
      "a system error: by its code",
      coded("EPIPE", "write EPIPE"),
      { code: "unavailable", transient: true, name: "EPIPE", message: "write EPIPE" },
    ],
    [
      "ECS's throttling",
      Object.assign(named("ThrottlingException", "Rate exceeded"), {
        $fault: "client",
        $metadata: { httpStatusCode: 400 },
      }),
      { code: "throttled", transient: true, name: "ThrottlingException", message: "Rate exceeded" },
    ],
    [
      "ECS's refusal",
      Object.assign(named("AccessDeniedException", "no"), {
        $fault: "client",
        $metadata: { httpStatusCode: 400 },
      }),
      { code: "denied", transient: false, name: "AccessDeniedException", message: "no" },
    ],
  ])("%s", (_, thrown, fault) => {
    expect(callFaultOf(thrown)).toEqual(fault);
  });
});

test("no message holds a credential, not even where the service quotes the request", async () => {
  // The shape of the documented answer to a wrong signature.
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
  const quoted = `The request signature we calculated does not match the signature you provided.\n\nThe Canonical String for this request should have been\n'POST\n/\n\nx-amz-security-token:${secrets.sessionToken}\n'\n\nThe String-to-Sign should have been\n'AWS4-HMAC-SHA256\nCredential=${secrets.accessKeyId}'`;
  const error = await errorFrom(refused(403, "SignatureDoesNotMatch", quoted));
  if (!(error instanceof TargetHealthError)) throw error;
  expect(error.message).toEndWith("does not match the signature you provided.");
  for (const secret of Object.values(secrets))
    expect(`${error.message} ${error.fix} ${error.stack}`).not.toContain(secret);
});

test("each code says what to change", async () => {
  const answers: Readonly<Record<string, WireAnswer>> = {
    throttled: refused(400, "Throttling"),
    denied: refused(403, "AccessDenied"),
    unavailable: refused(500, "InternalFailure"),
    rejected: refused(400, "ValidationError"),
    "no-answer": page(403),
  };
  const words: Readonly<Record<string, string>> = {
    throttled: "poll interval",
    denied: "Allow elasticloadbalancing:DescribeTargetHealth",
    unavailable: "regional endpoint",
    rejected: "target group's ARN",
    "no-answer": "AWS_ENDPOINT_URL",
  };
  for (const [code, answer] of Object.entries(answers)) {
    const error = await errorFrom(answer);
    expect(error).toMatchObject({ code });
    expect((error as TargetHealthError).fix).toContain(words[code] ?? "?");
  }
});

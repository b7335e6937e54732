// The real AWS clients before a wire in memory, which counts what is asked.

import { EC2Client } from "@aws-sdk/client-ec2";
import { ECSClient } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";

/** An answer of the wire: JSON, XML, either with a status, or a connection that fails. */
export type WireAnswer =
  | object
  | string
  | { readonly status: number; readonly body: object | string };

interface WireRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** One request as it was sent. */
export interface Call {
  /** `ecs:DescribeTasks` */
  readonly action: string;
  /** The request's fields: of its JSON, or of its form. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** Real clients that are answered by action, without retries, and the calls in their order. */
export interface Aws {
  readonly clients: {
    readonly ecs: ECSClient;
    readonly elb: ElasticLoadBalancingV2Client;
    readonly ec2: EC2Client;
  };
  readonly calls: Call[];
}

/** Clients before a wire that gives `answers`, by action; an action that is not in it fails like a broken connection. */
export function awsOf(answers: Readonly<Record<string, WireAnswer>>): Aws {
  const calls: Call[] = [];
  const configOf = (service: string) => ({
    region: "us-west-2",
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" },
    maxAttempts: 1,
    requestHandler: {
      handle: async (request: WireRequest, options?: { readonly abortSignal?: unknown }) => {
        const call = callOf(service, request);
        calls.push(call);
        const { abortSignal } = options ?? {};
        if (abortSignal instanceof AbortSignal && abortSignal.aborted)
          throw Object.assign(new Error("Request aborted"), { name: "AbortError" });
        const answer = answers[call.action];
        if (answer === undefined)
          throw Object.assign(new Error(`${call.action} is not answered`), { code: "ECONNRESET" });
        const { status, body } = isWithStatus(answer) ? answer : { status: 200, body: answer };
        const text = typeof body === "string" ? body : JSON.stringify(body);
        return { response: { statusCode: status, headers: {}, body: new Blob([text]).stream() } };
      },
    },
  });
  return {
    calls,
    clients: {
      ecs: new ECSClient(configOf("ecs")),
      elb: new ElasticLoadBalancingV2Client(configOf("elasticloadbalancing")),
      ec2: new EC2Client(configOf("ec2")),
    },
  };
}

const isWithStatus = (
  answer: WireAnswer,
): answer is { readonly status: number; readonly body: object | string } =>
  typeof answer === "object" && "status" in answer && "body" in answer;

function callOf(service: string, { headers, body }: WireRequest): Call {
  const text = typeof body === "string" ? body : new TextDecoder().decode(body as Uint8Array);
  const target = headers["x-amz-target"];
  if (target !== undefined)
    return { action: `${service}:${target.split(".")[1]}`, input: JSON.parse(text) };
  const form = Object.fromEntries(new URLSearchParams(text));
  return { action: `${service}:${form.Action}`, input: form };
}

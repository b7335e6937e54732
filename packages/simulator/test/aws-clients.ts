// The real AWS clients, talking to a world in process or over a socket.

import { DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { DescribeTasksCommand, ECSClient } from "@aws-sdk/client-ecs";
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { createWorld, realClock, requestHandlerOf, type World } from "../src/index.ts";

const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" };

/** One client of each service. */
export interface AwsClients {
  readonly ecs: ECSClient;
  readonly elb: ElasticLoadBalancingV2Client;
  readonly ec2: EC2Client;
}

/** Clients without sockets and without retries. */
export function clientsInProcess(world: World): AwsClients {
  const config = {
    region: "eu-west-1",
    credentials,
    maxAttempts: 1,
    requestHandler: requestHandlerOf(world),
  };
  return {
    ecs: new ECSClient(config),
    elb: new ElasticLoadBalancingV2Client(config),
    ec2: new EC2Client(config),
  };
}

/** Clients over HTTP, without retries. */
export function clientsOf(endpoint: string): AwsClients {
  const config = { region: "eu-west-1", credentials, maxAttempts: 1, endpoint };
  return {
    ecs: new ECSClient(config),
    elb: new ElasticLoadBalancingV2Client(config),
    ec2: new EC2Client(config),
  };
}

/** `Throttling 400: Rate exceeded`: what a call rejected with; `answered` where it did not. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "answered";
  } catch (error) {
    const { name, message, $metadata } = error as {
      readonly name: string;
      readonly message: string;
      readonly $metadata?: { readonly httpStatusCode?: number };
    };
    return `${name} ${$metadata?.httpStatusCode}: ${message}`;
  }
}

// A client's first call loads code, in real time; no simulated clock waits for that. So the first calls are made here.
const { ecs, elb, ec2 } = clientsInProcess(
  createWorld({ clock: realClock, random: () => 0.5, epochMs: 0 }),
);
await Promise.allSettled([
  ecs.send(new DescribeTasksCommand({ tasks: ["none"] })),
  elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: "none" })),
  ec2.send(new DescribeInstancesCommand({})),
]);

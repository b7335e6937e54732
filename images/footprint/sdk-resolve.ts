// The least that finds its own target group and polls, through the SDK clients that the sidecar uses.

import { DescribeServicesCommand, DescribeTasksCommand, ECSClient } from "@aws-sdk/client-ecs";
import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";

const config = {
  credentials: defaultProvider(),
  requestHandler: new FetchHttpHandler(),
  maxAttempts: 1,
};
const ecs = new ECSClient(config);
const elb = new ElasticLoadBalancingV2Client(config);

process.on("SIGTERM", () => process.exit(0));

async function findTargetGroup(): Promise<string | undefined> {
  const metadata = await fetch(`${process.env.ECS_CONTAINER_METADATA_URI_V4}/task`);
  const { Cluster: cluster, TaskARN } = (await metadata.json()) as Record<string, string>;
  const described = await ecs.send(new DescribeTasksCommand({ cluster, tasks: [TaskARN ?? ""] }));
  const service = described.tasks?.[0]?.group?.replace("service:", "") ?? "";
  const answer = await ecs.send(new DescribeServicesCommand({ cluster, services: [service] }));
  return answer.services?.[0]?.loadBalancers?.[0]?.targetGroupArn;
}

async function poll(TargetGroupArn: string | undefined): Promise<void> {
  const answer = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  const states = answer.TargetHealthDescriptions?.map(({ TargetHealth }) => TargetHealth?.State);
  console.log(JSON.stringify({ event: "reading", states }));
}

void findTargetGroup().then((arn) => {
  void poll(arn);
  setInterval(poll, 1_000, arn);
});

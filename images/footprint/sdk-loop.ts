// The least that polls through the AWS SDK's client: one client, one command, the credentials of the task role.

import {
  DescribeTargetHealthCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";

const client = new ElasticLoadBalancingV2Client({
  credentials: defaultProvider(),
  requestHandler: new FetchHttpHandler(),
  maxAttempts: 1,
});

process.on("SIGTERM", () => process.exit(0));

async function poll(): Promise<void> {
  const { TARGET_GROUP: TargetGroupArn } = process.env;
  const answer = await client.send(new DescribeTargetHealthCommand({ TargetGroupArn }));
  const states = answer.TargetHealthDescriptions?.map(({ TargetHealth }) => TargetHealth?.State);
  console.log(JSON.stringify({ event: "reading", states }));
}

void poll();
setInterval(poll, 1_000);

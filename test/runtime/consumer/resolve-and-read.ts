// What a consumer does with the packages and the real SDK clients: finds its task's targets, and reads their health.

import { EC2Client } from "@aws-sdk/client-ec2";
import { ECSClient } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { labelOf, readTargetHealth } from "@nlb-sidecar/health";
import { readTask, resolveTargets } from "@nlb-sidecar/resolver";

const signal = AbortSignal.timeout(20_000);
const clients = {
  ecs: new ECSClient({}),
  elb: new ElasticLoadBalancingV2Client({}),
  ec2: new EC2Client({}),
};
const task = await readTask(fetch, process.env.ECS_CONTAINER_METADATA_URI_V4, signal);
const { targets } = await resolveTargets(clients, task, {}, signal);
const readings = await readTargetHealth(clients.elb, targets, signal);
for (const { target, state } of readings) console.log(`${labelOf(target)} ${state}`);

// The real clients of AWS: small, and with credentials that cannot hang.

import { ECSClient } from "@aws-sdk/client-ecs";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Clock } from "@nlb-sidecar/health";
import { StandardRetryStrategy } from "@smithy/core/retry";
import { FetchHttpHandler } from "@smithy/fetch-http-handler";
import { credentialProvider } from "./credentials.ts";
import type { AwsClients, World } from "./world.ts";

/** Makes clients for a region; all of them share their credentials. */
export function awsClients(clock: Clock, env: World["env"]): World["aws"] {
  const credentials = credentialProvider(clock, env);
  return (region, attempts) => {
    const config = {
      region,
      credentials,
      retryStrategy: new StandardRetryStrategy(async () => attempts()),
      // Half the memory of the one on node:http, and Bun's own.
      requestHandler: new FetchHttpHandler(),
    };
    let ec2: Promise<NonNullable<AwsClients["ec2"]>> | undefined;
    return {
      ecs: new ECSClient(config),
      elb: new ElasticLoadBalancingV2Client(config),
      // Few tasks need it: neither loaded nor made before it is asked.
      ec2: {
        send: async (command, options) => {
          ec2 ??= import("./aws-ec2.ts").then(({ ec2Client }) => ec2Client(config));
          return (await ec2).send(command, options);
        },
      },
    };
  };
}

// The EC2 client, in a module of its own that is loaded only where a target group of type `ip` wants an instance's address.

import { EC2Client, type EC2ClientConfig } from "@aws-sdk/client-ec2";
import type { InstanceClient } from "@nlb-sidecar/resolver";

/** The part of EC2's client that resolving needs. */
export const ec2Client = (config: EC2ClientConfig): InstanceClient => new EC2Client(config);

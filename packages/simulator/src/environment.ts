// The environment variables that ECS gives a container, pointed at a served world.

import { modelOf } from "./model.ts";
import type { World } from "./world.ts";

/**
 * The environment of one container of a task. The credentials' address is given in full, which the AWS clients accept for a
 * loopback address; ECS itself gives only a path on its own.
 *
 * @param taskArn its ARN or id.
 * @param container its name in the task definition.
 * @param origin a served world's, such as `http://127.0.0.1:43210`.
 * @throws RangeError where the world has no such task, or the task no such container.
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-environment-variables.html
 */
export function environmentOf(
  world: World,
  taskArn: string,
  container: string,
  origin: string,
): { readonly [name: string]: string } {
  const { scheduler, description } = modelOf(world);
  const task = scheduler.tasks.find(({ arn, id }) => arn === taskArn || id === taskArn);
  const run = task?.containers.find(({ described }) => described.name === container);
  if (task === undefined || run === undefined)
    throw new RangeError(`This world has no container ${container} in a task ${taskArn}`);
  const { region, launchType } = description;
  return {
    ECS_CONTAINER_METADATA_URI_V4: `${origin}/v4/${run.endpointId}`,
    ECS_AGENT_URI: `${origin}/api/${run.endpointId}`,
    AWS_CONTAINER_CREDENTIALS_FULL_URI: `${origin}/v2/credentials/${task.credentialsId}`,
    AWS_EXECUTION_ENV: launchType === "FARGATE" ? "AWS_ECS_FARGATE" : "AWS_ECS_EC2",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ENDPOINT_URL: origin,
  };
}

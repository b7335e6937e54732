// One request in, one answer out: the wire formats of all the endpoints, without a socket.

import { ApiError, type ApiService, refusalOf } from "./api-error.ts";
import { controlAnswer } from "./control-routes.ts";
import { bent, refusalByFault } from "./delivery.ts";
import { ec2Actions } from "./ec2-api.ts";
import { ecsActions } from "./ecs-api.ts";
import { elbActions } from "./elb-api.ts";
import type { Fault } from "./fault.ts";
import { containerByEndpoint, containerMetadata, taskMetadata } from "./metadata-endpoint.ts";
import { type Model, modelOf } from "./model.ts";
import { parseQueryParameters, type QueryParameters } from "./query-parameters.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";
import type { World } from "./world.ts";
import { xmlOf } from "./xml.ts";

const ecsTarget = "AmazonEC2ContainerServiceV20141113.";
const elbNamespace = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";
const ec2Namespace = "http://ec2.amazonaws.com/doc/2016-11-15/";

/**
 * Answers a request as the endpoint that it means would: the task metadata endpoint, the credentials endpoint, ECS, Elastic
 * Load Balancing, EC2, or the world's own control routes under `/_world/`. Records the call, control routes apart. Never throws
 * for what a request holds.
 */
export function answer(world: World, request: WireRequest): WireAnswer {
  const model = modelOf(world);
  const path = request.path.split("?")[0] ?? "/";
  if (path === "/_world" || path.startsWith("/_world/")) return controlAnswer(world, request);
  model.settle();
  if (request.method === "GET" && path.includes("//"))
    return plain(301, "", { location: path.replace(/\/{2,}/g, "/") });
  if (path.startsWith("/v4/")) return metadataAnswer(world, model, path);
  if (path.startsWith("/v2/credentials/")) return credentialsAnswer(world, model, path);
  if (request.method !== "POST") return plain(404, "404 page not found\n");
  return apiAnswer(world, model, request);
}

const plain = (
  status: number,
  body: string,
  headers: { readonly [name: string]: string } = {},
): WireAnswer => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8", ...headers },
  body,
  delivery: { kind: "at-once" },
});

const json = (status: number, body: unknown): WireAnswer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
  delivery: { kind: "at-once" },
});

function record(
  model: Model,
  action: string,
  taskArn: string | undefined,
  about: readonly string[],
  answered: WireAnswer,
  code: string | undefined,
  fault: Fault | undefined,
): WireAnswer {
  const { kind } = answered.delivery;
  const lost = kind === "hang" || kind === "reset";
  model.record({
    atMs: model.nowMs(),
    action,
    taskArn,
    outcome: code ?? fault?.kind ?? "answered",
    status: lost ? undefined : answered.status,
    about,
  });
  return answered;
}

function metadataAnswer(world: World, model: Model, path: string): WireAnswer {
  const [, , endpointId = "", ...rest] = path.split("/");
  const route = rest.join("/");
  const action =
    { "": "metadata:container", task: "metadata:task", taskWithTags: "metadata:task" }[route] ??
    "unknown";
  const asked = containerByEndpoint(model, endpointId);
  const fault = action === "unknown" ? undefined : model.strike(action, asked?.task.arn);
  const done = (answered: WireAnswer, code?: string): WireAnswer =>
    record(model, action, asked?.task.arn, [endpointId], answered, code, fault);

  // A trailing slash is no route either.
  if (action === "unknown" || path.endsWith("/"))
    return done(plain(404, "404 page not found\n"), "404");
  if (fault?.kind === "throttle" || !model.admitsMetadata(path))
    return done(plain(429, "You have reached maximum request limit."), "429");
  if (fault?.kind === "error")
    return done(
      json(
        fault.status ?? 500,
        fault.message ?? `unable to generate metadata for task '${asked?.task.arn}'`,
      ),
      String(fault.status ?? 500),
    );
  if (fault?.kind === "deny" || fault?.kind === "expired-token")
    return done(json(403, "access denied"), "403");
  if (asked === undefined) {
    const message = `V4 ${route === "" ? "container" : "task"} metadata handler: unable to get ${route === "" ? "container" : "task"} ID from request: unable to get docker ID using the v3 endpoint ID: ${endpointId}`;
    return done(bent(json(404, message), fault), "404");
  }
  const { status, body } =
    route === ""
      ? containerMetadata(world, model, asked.task, asked.container)
      : taskMetadata(world, model, asked.task);
  return done(bent(json(status, body), fault), status === 200 ? undefined : String(status));
}

function credentialsAnswer(world: World, model: Model, path: string): WireAnswer {
  const action = "credentials:read";
  const id = path.slice("/v2/credentials/".length);
  const task = model.scheduler.tasks.find(({ credentialsId }) => credentialsId === id);
  const fault = model.strike(action, task?.arn);
  const done = (answered: WireAnswer, code?: string): WireAnswer =>
    record(model, action, task?.arn, [], answered, code, fault);
  const refuse = (status: number, code: string, message: string): WireAnswer =>
    done(bent(json(status, { code, message, HTTPErrorCode: status }), fault), code);

  if (fault?.kind === "throttle")
    return done(plain(429, "You have reached maximum request limit."), "429");
  if (fault?.kind === "error")
    return refuse(
      fault.status ?? 500,
      fault.code ?? "InternalServerError",
      fault.message ?? "Internal server error",
    );
  if (fault?.kind === "deny" || fault?.kind === "expired-token")
    return refuse(403, "AccessDenied", "CredentialsV2Request: Access denied");
  if (task === undefined)
    return refuse(400, "InvalidIdInRequest", "CredentialsV2Request: Credentials not found");
  const { partition, account, credentialsLifetimeMs } = model.description;
  const expires = world.wallMs(model.nowMs() + credentialsLifetimeMs);
  return done(
    bent(
      json(200, {
        RoleArn: `arn:${partition}:iam::${account}:role/nlb-sidecar-task`,
        AccessKeyId: task.accessKeyId,
        SecretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        Token: `${task.id}SESSIONTOKENEXAMPLE`,
        Expiration: new Date(expires).toISOString(),
      }),
      fault,
    ),
  );
}

interface ApiRequest {
  readonly service: ApiService;
  /** Without the service: `DescribeTasks`. */
  readonly action: string;
  readonly input: { readonly [member: string]: unknown };
  readonly parameters: QueryParameters;
}

function parseApiRequest({ headers, body }: WireRequest): ApiRequest | undefined {
  const target = headers["x-amz-target"];
  if (target?.startsWith(ecsTarget)) {
    const input = parseJson(body);
    return { service: "ecs", action: target.slice(ecsTarget.length), input, parameters: new Map() };
  }
  const parameters = parseQueryParameters(body);
  const action = parameters.get("Action");
  const version = parameters.get("Version");
  if (action === undefined) return undefined;
  // The two query APIs are told apart by their versions alone.
  if (version === "2016-11-15") return { service: "ec2", action, input: {}, parameters };
  if (version === "2015-12-01")
    return { service: "elasticloadbalancing", action, input: {}, parameters };
  return undefined;
}

function parseJson(body: string): { readonly [member: string]: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const aboutOf = ({ input, parameters }: ApiRequest): readonly string[] => [
  ...Object.values(input).flat().map(String),
  ...[...parameters]
    .filter(([name]) => !["Action", "Version"].includes(name))
    .map(([, value]) => value),
];

function apiAnswer(world: World, model: Model, request: WireRequest): WireAnswer {
  const authorization = request.headers.authorization;
  const accessKeyId = /Credential=([^/]+)\//.exec(authorization ?? "")?.[1];
  const task = model.scheduler.tasks.find((each) => each.accessKeyId === accessKeyId);
  const api = parseApiRequest(request);
  if (api === undefined)
    return record(
      model,
      "unknown",
      task?.arn,
      [],
      {
        ...plain(404, "<UnknownOperationException/>\n"),
        headers: { "content-type": "application/xml" },
      },
      "UnknownOperationException",
      undefined,
    );

  const action = `${api.service}:${api.action}`;
  const requestId = `${model.hex(8)}-${model.hex(4)}-4${model.hex(3)}-8${model.hex(3)}-${model.hex(12)}`;
  const fault = model.strike(action, task?.arn);
  const done = (answered: WireAnswer, code?: string): WireAnswer =>
    record(model, action, task?.arn, aboutOf(api), answered, code, fault);
  try {
    const refusal = refusalByFault(fault, api.service, action);
    if (refusal !== undefined) throw refusal;
    if (authorization === undefined) throw refusalOf(api.service, "unsigned", action);
    if (!model.throttle(action, model.nowMs())) throw refusalOf(api.service, "throttled", action);
    const body = bodyOf(world, model, api, requestId);
    return done(bent(apiWire(api.service, 200, body, requestId), fault));
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const body = errorBodyOf(api.service, error, requestId);
    return done(bent(apiWire(api.service, error.status, body, requestId), fault), error.code);
  }
}

function apiWire(service: ApiService, status: number, body: string, requestId: string): WireAnswer {
  const type = {
    ecs: "application/x-amz-json-1.1",
    elasticloadbalancing: "text/xml",
    ec2: "text/xml;charset=UTF-8",
  }[service];
  return {
    status,
    headers: { "content-type": type, "x-amzn-requestid": requestId },
    body,
    delivery: { kind: "at-once" },
  };
}

function bodyOf(
  world: World,
  model: Model,
  { service, action, input, parameters }: ApiRequest,
  requestId: string,
): string {
  const unknown = (): ApiError => refusalOf(service, "unknown-action", `${service}:${action}`);
  if (service === "ecs") {
    const perform = ecsActions.get(action);
    if (perform === undefined) throw unknown();
    return JSON.stringify(perform(world, model, input));
  }
  if (service === "ec2") {
    const perform = ec2Actions.get(action);
    if (perform === undefined) throw unknown();
    const tree = { requestId, ...Object(perform(model, parameters)) };
    return `<?xml version="1.0" encoding="UTF-8"?>\n<${action}Response xmlns="${ec2Namespace}">${xmlOf(tree, "item")}</${action}Response>`;
  }
  const perform = elbActions.get(action);
  if (perform === undefined) throw unknown();
  const tree = {
    [`${action}Result`]: perform(model, parameters),
    ResponseMetadata: { RequestId: requestId },
  };
  return `<${action}Response xmlns="${elbNamespace}">${xmlOf(tree, "member")}</${action}Response>`;
}

function errorBodyOf(service: ApiService, error: ApiError, requestId: string): string {
  const { code: Code, message: Message, status } = error;
  if (service === "ecs") return JSON.stringify({ __type: Code, message: Message });
  if (service === "ec2")
    return `<?xml version="1.0" encoding="UTF-8"?>\n<Response>${xmlOf({ Errors: { Error: { Code, Message } }, RequestID: requestId }, "item")}</Response>`;
  const Type = status >= 500 ? "Receiver" : "Sender";
  return `<ErrorResponse xmlns="${elbNamespace}">${xmlOf({ Error: { Type, Code, Message }, RequestId: requestId }, "member")}</ErrorResponse>`;
}

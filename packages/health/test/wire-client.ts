// A real Elastic Load Balancing client whose connection is a function: what goes out and what comes back is the wire's.

import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";

/** What comes back: status, body, headers. An Error instead is thrown by the connection. */
export interface WireAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The credentials that each client signs with: none of them may turn up in a message. */
export const secrets = {
  accessKeyId: "AKIAEXAMPLE0KEY0ID00",
  secretAccessKey: "example-secret-access-key",
  sessionToken: "example-session-token",
} as const;

/** A client whose calls are answered by `answerOf`, and the form parameters of each call so far. */
export function wireClient(
  answerOf: (parameters: URLSearchParams, abortSignal: unknown) => WireAnswer | Error,
  credentials: () => Promise<typeof secrets> = async () => ({ ...secrets }),
): { readonly client: ElasticLoadBalancingV2Client; readonly calls: readonly URLSearchParams[] } {
  const calls: URLSearchParams[] = [];
  const client = new ElasticLoadBalancingV2Client({
    region: "eu-west-1",
    credentials,
    maxAttempts: 1,
    requestHandler: {
      async handle(request: { body?: unknown }, options?: { abortSignal?: unknown }) {
        const parameters = new URLSearchParams(String(request.body));
        calls.push(parameters);
        const answer = answerOf(parameters, options?.abortSignal);
        if (answer instanceof Error) throw answer;
        const { status, body, headers } = answer;
        return {
          // The client's own HttpResponse class stands in none of our dependencies; its shape is enough.
          // biome-ignore lint/suspicious/noExplicitAny: see above
          response: { statusCode: status, headers, body: new TextEncoder().encode(body) } as any,
        };
      },
      destroy() {},
      updateHttpClientConfig() {},
      httpHandlerConfigs: () => ({}),
    },
  });
  return { client, calls };
}

const namespace = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/";
const xml = { "content-type": "text/xml" };

/** The answer of `action`, with `inner` as its result. */
export const answered = (action: string, inner: string): WireAnswer => ({
  status: 200,
  headers: xml,
  body: `<${action}Response xmlns="${namespace}"><${action}Result>${inner}</${action}Result><ResponseMetadata><RequestId>f1e0</RequestId></ResponseMetadata></${action}Response>`,
});

/** A refusal as Elastic Load Balancing sends it. */
export const refused = (status: number, code: string, message = "no reason given"): WireAnswer => ({
  status,
  headers: xml,
  body: `<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error><RequestId>f1e0</RequestId></ErrorResponse>`,
});

/** An answer that is not of Elastic Load Balancing: a proxy's page. */
export const page = (status: number, body = "<html><body>Sign in</body></html>"): WireAnswer => ({
  status,
  headers: { "content-type": "text/html" },
  body,
});

/** What a call rejects with; an answer is a failure of the test. */
export async function rejectionOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error("the call was answered");
}

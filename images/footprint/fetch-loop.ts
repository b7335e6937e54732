// The floor of a poller: asks the same question as the sidecar, once a second, by `fetch` alone.

const { AWS_ENDPOINT_URL: endpoint = "", TARGET_GROUP: targetGroupArn = "" } = process.env;
const body = new URLSearchParams({
  Action: "DescribeTargetHealth",
  Version: "2015-12-01",
  TargetGroupArn: targetGroupArn,
}).toString();

process.on("SIGTERM", () => process.exit(0));

async function poll(): Promise<void> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const answer = await fetch(endpoint, { method: "POST", headers, body });
  console.log(JSON.stringify({ event: "reading", bytes: (await answer.text()).length }));
}

void poll();
setInterval(poll, 1_000);

// Keeps link-local and loopback addresses from being asked through a proxy.

// The task metadata and credentials endpoints of ECS (IPv4, and EKS-style IPv6), an instance's, and the task itself.
const hosts = [
  "169.254.170.2",
  "169.254.170.23",
  "169.254.169.254",
  "[fd00:ec2::23]",
  "[fd00:ec2::254]",
  "127.0.0.0/8",
  "[::1]",
  "localhost",
] as const;

/**
 * Adds those hosts to what the environment already excludes from its proxies, under both names. Without it, Bun's `fetch`
 * sends `http://169.254.170.2/...` to `HTTP_PROXY`, and with it the credentials of the task role.
 */
export function askDirectly(env: Record<string, string | undefined>): void {
  const given = [env.no_proxy, env.NO_PROXY].flatMap((list) => (list ? list.split(",") : []));
  const list = [...new Set([...given.map((host) => host.trim()), ...hosts])].join(",");
  env.NO_PROXY = list;
  env.no_proxy = list;
}

// A target: one address and port that a target group routes to.

/** One registration that Elastic Load Balancing can be asked about: a target, in one target group. */
export interface Target {
  /** `arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/web/1a2b3c4d5e6f7a8b` */
  readonly targetGroupArn: string;
  /** An IPv4 or IPv6 address, or an EC2 instance id: `10.0.0.1`, `2001:db8::1`, `i-0abc`. */
  readonly id: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** For people and logs: `targetgroup/web/1a2b3c4d5e6f7a8b 10.0.0.1:80`; an IPv6 address in brackets. */
export const labelOf = ({ targetGroupArn, id, port }: Target): string =>
  `${groupLabelOf(targetGroupArn)} ${id.includes(":") ? `[${id}]` : id}:${port}`;

/** The last part of a target group's ARN: `targetgroup/web/1a2b3c4d5e6f7a8b`. */
export const groupLabelOf = (targetGroupArn: string): string =>
  targetGroupArn.split(":").slice(5).join(":") || targetGroupArn;

/** The one textual form of a target's id: `2001:db8::1` for `2001:0DB8:0:0::0001`; what is no IPv6 address stays as it is. */
export const canonicalIdOf = (id: string): string =>
  (id.includes(":") ? URL.parse(`http://[${id}]/`)?.hostname.slice(1, -1) : undefined) ?? id;

/** Whether two values name the same registration, in whatever form an IPv6 address was written. */
export const sameTarget = (a: Target, b: Target): boolean =>
  a.targetGroupArn === b.targetGroupArn &&
  a.port === b.port &&
  canonicalIdOf(a.id) === canonicalIdOf(b.id);

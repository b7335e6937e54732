// Tells addresses from other text, and writes IPv6 ones in one way.

import { isIPv6 } from "node:net";

/**
 * The short form of RFC 5952, under which Elastic Load Balancing lists a target: `2001:db8::1` for `2001:DB8:0:0:0:0:0:1`. What
 * is no IPv6 address, or has a zone, is undefined.
 */
export const canonicalIpv6Of = (text: string): string | undefined =>
  isIPv6(text) && !text.includes("%")
    ? new URL(`http://[${text}]`).hostname.slice(1, -1)
    : undefined;

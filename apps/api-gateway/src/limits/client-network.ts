import { isIPv6 } from 'node:net';

/** Half of an IPv6 address, in groups of 16 bits: what a provider gives to one customer at least (RFC 6177). */
const NETWORK_GROUPS = 4;

/**
 * Who counts as one client where there is no account: an IPv4 address, or the /64 of an IPv6 address, of which one machine has
 * 2^64 to try passwords from.
 */
export function clientNetwork(address: string): string {
  // `::ffff:192.0.2.1` is an IPv4 client on a socket for both.
  if (!isIPv6(address) || address.includes('.')) return address;
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::', 2);
  const [first, last] = [head, tail].map((part) => (part === '' ? [] : part.split(':'))) as [string[], string[]];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  const network = [...first, ...zeros, ...last].slice(0, NETWORK_GROUPS);
  return `${network.map((group) => parseInt(group, 16).toString(16)).join(':')}::/64`;
}

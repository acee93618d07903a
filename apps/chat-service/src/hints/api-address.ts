import { lookup as resolve, type LookupAddress } from 'node:dns';
import { BlockList, isIP, isIPv6, type LookupFunction } from 'node:net';
import { CodedError } from '#contracts/errors';

/** Networks that are not the internet (IANA's special-purpose registries): a machine of the installation may answer there. */
const PRIVATE = listOf(
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['::1', 128],
  ['fc00::', 7],
);
/** Of these nobody is another server: metadata of clouds (169.254.169.254), this host, groups, test nets, tunnels to the above. */
const NEVER = listOf(
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.2.0', 24],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
  ['::', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
);

/** Another server that an admin may name. */
export interface ApiAddress {
  /** Without `/v1`: the origin, to which its key belongs. */
  url: string;
  lookup: LookupFunction;
}

/**
 * An admin of Tandem is not the one who runs the machine, so a URL of theirs leads to the internet by TLS, and into the
 * installation's own networks (or in the clear) only where the operator's list names the host. Names are looked at again at each
 * connection, since where they lead may change. Paths are ours, redirects are not followed.
 * @param allowed hosts, or hosts with port, in lower case.
 * @throws CodedError `invalid_value` for the parameter `api.url`.
 */
export function apiAddress(given: string, allowed: readonly string[]): ApiAddress {
  const url = URL.canParse(given) ? new URL(given) : refuse('it is no URL');
  const { protocol, pathname, hostname } = url;
  if (protocol !== 'https:' && protocol !== 'http:') refuse('it is neither https nor http');
  if (url.username !== '' || url.password !== '') refuse('it holds a user or a password; give the key by itself');
  if (url.search !== '' || url.hash !== '') refuse('it holds a query or a fragment');
  if (!/^\/(?:v1\/?)?$/.test(pathname)) refuse('it has a path other than /v1');
  const isListed = allowed.includes(hostname) || allowed.includes(url.host);
  if (protocol === 'http:' && !isListed)
    refuse('http is taken for hosts in HINT_API_ALLOWED_HOSTS only, since the key would be sent in the clear');
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !mayConnect(host, isListed)) refuse(NOT_THERE);
  if (!isListed && (host === 'localhost' || /\.(?:localhost|local|internal|lan|home\.arpa)\.?$/.test(host)))
    refuse(NOT_THERE);
  return { url: url.origin, lookup: guardedLookup(isListed) };
}

const NOT_THERE =
  'it leads into a network of this installation; the operator may list the host in HINT_API_ALLOWED_HOSTS';

/** Whether an address may be connected to; `isListed`: the operator names its host. */
export function mayConnect(address: string, isListed: boolean): boolean {
  const plain = mappedV4(address) ?? address;
  const family = isIPv6(plain) ? 'ipv6' : 'ipv4';
  if (NEVER.check(plain, family)) return false;
  return isListed || !PRIVATE.check(plain, family);
}

/** As `dns.lookup`, and an error where a name leads to what may not be connected to. */
function guardedLookup(isListed: boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, []);
      const [first] = addresses;
      if (first === undefined || !addresses.every(({ address }) => mayConnect(address, isListed)))
        return callback(new Error(`${hostname} leads to an address that is not allowed`), []);
      if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** `::ffff:10.0.0.1` is 10.0.0.1. */
function mappedV4(address: string): string | null {
  if (!isIPv6(address)) return null;
  const { hostname } = new URL(`http://[${address.replace(/%.*$/, '')}]/`);
  const [, high = '', low = ''] = /^\[::(?:ffff:)?([0-9a-f]{1,4}):([0-9a-f]{1,4})\]$/.exec(hostname) ?? [];
  if (high === '') return null;
  const [a, b] = [parseInt(high, 16), parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
}

function listOf(...networks: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [network, bits] of networks) list.addSubnet(network, bits, isIPv6(network) ? 'ipv6' : 'ipv4');
  return list;
}

function refuse(problem: string): never {
  throw new CodedError('invalid_value', `Invalid value for 'api.url': ${problem}.`, { param: 'api.url' });
}

import { BlockList, isIP } from 'node:net';

/** Whether `no_proxy` names the host of `url`: `*`, `name`, `.domain`, an address or a range, each with a port where one is meant. */
export function isDirect(url: URL, names: readonly string[]): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return names.some((name) => {
    if (name === '*') return true;
    const [, bare = name, named = ''] = /^(\[[^\]]+\]|[^:]+):(\d+)$/.exec(name) ?? [];
    if (named !== '' && named !== port) return false;
    const plain = bare.replace(/^\[|\]$/g, '');
    if (isIP(host) > 0) return inRange(host, plain);
    if (plain.startsWith('.')) return host.endsWith(plain);
    return host === plain || host.endsWith(`.${plain}`);
  });
}

function inRange(address: string, range: string): boolean {
  const [net = '', bits] = range.split('/');
  const family = isIP(net);
  if (family === 0 || family !== isIP(address)) return false;
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  const most = family === 6 ? 128 : 32;
  const prefix = bits === undefined ? most : Number(bits);
  if (!(Number.isInteger(prefix) && prefix >= 0 && prefix <= most)) return false;
  list.addSubnet(net, prefix, kind);
  return list.check(address, kind);
}

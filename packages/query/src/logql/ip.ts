/** Addresses from `from` to `to`, both included, as 128-bit numbers; IPv4 as `::ffff:a.b.c.d`. */
export interface IpRange {
  readonly from: bigint;
  readonly to: bigint;
}

const v4Base = 0xffffn << 32n;
const mask128 = (1n << 128n) - 1n;
const candidate =
  /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:\.\d{1,3}){0,3})(?![\w])/g;

/** An address as a number; undefined when the text is none. */
export function parseIp(text: string): bigint | undefined {
  const v4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (v4) {
    const bytes = v4.slice(1).map(Number);
    return bytes.every((byte) => byte < 256)
      ? v4Base | bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
      : undefined;
  }
  const [head = '', tail, ...more] = text.split('::');
  if (!text.includes(':') || more.length > 0) return undefined;
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [left, right] = [groups(head), groups(tail ?? '')];
  const missing = 8 - left.length - right.length;
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const all = [...left, ...Array.from({ length: Math.max(0, missing) }, () => '0'), ...right];
  if (!all.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined;
  return all.reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n);
}

/** One address, a CIDR or a range `a-b`; undefined when it is none of them. */
export function parseIpPattern(text: string): IpRange | undefined {
  const [first = '', last, ...rest] = text.split('-');
  if (last !== undefined) {
    const [from, to] = [parseIp(first), parseIp(last)];
    return from === undefined || to === undefined || rest.length > 0 || from > to ? undefined : { from, to };
  }
  const [address = '', prefix, ...more] = text.split('/');
  const ip = parseIp(address);
  if (ip === undefined || more.length > 0) return undefined;
  if (prefix === undefined) return { from: ip, to: ip };
  const width = address.includes(':') ? 128 : 32;
  const length = /^\d{1,3}$/.test(prefix) ? Number(prefix) : 999;
  if (length > width) return undefined;
  const host = (1n << BigInt(width - length)) - 1n;
  const from = ip & (mask128 ^ host);
  return { from, to: from | host };
}

/** Whether the text holds an address of the range. */
export function holdsIp(text: string, { from, to }: IpRange): boolean {
  for (const [found] of text.matchAll(candidate)) {
    const ip = parseIp(found);
    if (ip !== undefined && ip >= from && ip <= to) return true;
  }
  return false;
}

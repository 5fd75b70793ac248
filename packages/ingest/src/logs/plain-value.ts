const maxDepth = 32;

/**
 * A MessagePack value in JSON's terms: times as ISO 8601 text, bytes as text, integers of 64 bits as they are read. What nests deeper than 32
 * levels and extensions that nobody knows are left out.
 */
export function plainValue(value: unknown, depth = 0): unknown {
  if (value === null || typeof value !== 'object') return typeof value === 'bigint' ? String(value) : value;
  if (value instanceof Date) return Number.isFinite(value.getTime()) ? value.toISOString() : undefined;
  if (value instanceof Uint8Array)
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
  if (depth >= maxDepth) return undefined;
  if (Array.isArray(value)) return value.map((item) => plainValue(item, depth + 1));
  if (isExtension(value)) return undefined;
  const plain: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) plain[name] = plainValue(item, depth + 1);
  return plain;
}

/** `ExtData` of the decoder: neither our time nor anything else with a meaning. */
function isExtension(value: object): boolean {
  return Object.getPrototypeOf(value) !== Object.prototype && Object.getPrototypeOf(value) !== null;
}

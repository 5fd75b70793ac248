import type { Span } from '@sightline/contract';

const originNs = 1_760_000_000_000_000_000n;

/** A span for tests: `from` and `to` in milliseconds of the trace. */
export function spanAt(id: string, parent: string, from: number, to: number, more: Partial<Span> = {}): Span {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: id,
    parentId: parent,
    name: id,
    service: 'orders',
    site: 'STORE_047',
    device: '',
    kind: 'internal',
    status: 'unset',
    statusMessage: '',
    startNs: String(originNs + BigInt(Math.round(from * 1e6))),
    at: Number(originNs / 1_000_000n) + from,
    durationNs: Math.round((to - from) * 1e6),
    correlationId: '',
    release: '',
    environment: '',
    scopeName: '',
    attributes: {},
    resource: {},
    events: [],
    links: [],
    ...more,
  };
}

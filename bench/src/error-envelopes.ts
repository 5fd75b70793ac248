const templates = ['charge', 'refund', 'capture', 'reserve', 'print', 'scan', 'sync', 'settle'];

/**
 * Sentry envelopes as a browser's till sends them: one error each, some 9 kB, with a cause, 24 frames with code around, twelve
 * breadcrumbs, tags and contexts. `kinds` bugs, each thrown with other ids from bundles of two releases.
 */
export function makeErrorEnvelopes(count: number, kinds: number): (request: number, nowMs: number) => Buffer {
  const parts = Array.from({ length: count }, (_, i) => envelopeParts(i, i % kinds));
  return (request, nowMs) => {
    const part = parts[request % count] ?? ['', ''];
    const id = (BigInt(request) + (BigInt(nowMs) << 64n)).toString(16).padStart(32, '0').slice(-32);
    return Buffer.from(`${part[0]}${id}${part[1]}`.replaceAll('"@now"', String(nowMs / 1000)));
  };
}

function envelopeParts(i: number, kind: number): readonly [string, string] {
  const name = templates[kind % templates.length] ?? '';
  const hash = i % 2 === 0 ? '8f3a2b1c' : '77aa01ff';
  const frame = (depth: number): object => ({
    function: depth % 5 === 4 ? 'asyncGeneratorStep' : `${name}Step${depth}of${kind}`,
    filename: depth < 8 ? 'node_modules/react-dom/client.js' : `https://till.example/assets/${name}-${hash}.js`,
    abs_path: `https://till.example/assets/${name}-${hash}.js`,
    lineno: 100 + depth,
    colno: 17,
    in_app: depth >= 8,
    pre_context: [
      '  const order = basket.order;',
      '  if (!order) return;',
      '  const reply = await gateway.send(order);',
    ],
    context_line: `  throw new PaymentError(\`${name} failed for \${order.id}\`); // ${kind}`,
    post_context: ['}', '', 'export function next() {'],
    vars: { order: `ord_${i}`, attempts: 3 },
  });
  const event = {
    event_id: '@id',
    timestamp: '@now',
    platform: 'javascript',
    level: 'error',
    release: `till@1.4.${i % 2}`,
    environment: 'production',
    transaction: `/${name}`,
    sdk: { name: 'sentry.javascript.react', version: '9.1.0' },
    user: { id: `cashier-${i % 40}` },
    tags: { site: `STORE_${String(1 + (i % 100)).padStart(3, '0')}`, terminal: `TERM_${i % 4}`, processor: 'Suncard' },
    contexts: { order: { id: `ord_${i}`, amount: 12.5, method: 'card' }, browser: { name: 'Chrome', version: '140' } },
    request: { url: `https://till.example/${name}`, headers: { 'User-Agent': 'Mozilla/5.0' } },
    breadcrumbs: Array.from({ length: 12 }, (_, n) => ({
      timestamp: '@now',
      category: n % 2 === 0 ? 'fetch' : 'ui.click',
      message: `step ${n} of order ord_${i}`,
      data: { url: '/api/pay', status_code: 200 },
    })),
    exception: {
      values: [
        {
          type: 'HttpError',
          value: `gateway answered 502 for request ${i}`,
          stacktrace: { frames: [frame(12), frame(13)] },
        },
        {
          type: 'PaymentError',
          value: `${name} failed for order ${i} of ann@example.com`,
          mechanism: { type: 'onunhandledrejection', handled: false },
          stacktrace: { frames: Array.from({ length: 22 }, (_, depth) => frame(depth)) },
        },
      ],
    },
  };
  const body = JSON.stringify(event).split('@id');
  return [`{}\n{"type":"event"}\n${body[0] ?? ''}`, `${body[1] ?? ''}\n`];
}

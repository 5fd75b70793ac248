import { createHash } from 'node:crypto';
import { canaryService } from '@sightline/query';
import type { OptionalDetector, ScrubRules } from '@sightline/record';

/** A request as a client would send it. */
export interface CanaryRequest {
  readonly protocol: 'otlp' | 'sentry';
  readonly path: string;
  readonly contentType: string;
  readonly body: string;
}

export interface Canary {
  /** 32 hexadecimal digits: by it the stored rows are found, whatever was scrubbed of them. */
  readonly traceId: string;
  /** What must not be found again, by the detector or rule that has to remove it. */
  readonly values: readonly { readonly kind: string; readonly value: string }[];
  readonly requests: readonly CanaryRequest[];
}

/** Texts of records that are fields by themselves: of a log, a span twice, an error. */
const textFields = ['body', 'name', 'status_message', 'message'] as const;
type Texts = Readonly<Record<(typeof textFields)[number], string>>;
/** Fields in which the sentence stands: a detector that one of them is excused from is not tried. */
const sentenceFields: readonly string[] = [...textFields, 'canary.note'];

const bytesOf = (id: string, kind: string): Buffer => createHash('sha256').update(`${id} ${kind}`).digest();
const digitsOf = (id: string, kind: string, count: number): string =>
  Array.from(bytesOf(id, kind).subarray(0, count), (byte) => byte % 10).join('');
const lettersOf = (id: string, kind: string, count: number): string =>
  Array.from(bytesOf(id, kind).subarray(0, count), (byte) => String.fromCharCode(97 + (byte % 26))).join('');

/** A number that passes Luhn's test, of an issuer's range that tests use. */
function cardOf(id: string): string {
  const digits = `4${digitsOf(id, 'pan', 14)}`;
  const sum = Array.from(digits, Number).reduce((total, digit, i) => {
    const doubled = i % 2 === 0 ? digit * 2 : digit;
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return `${digits}${(10 - (sum % 10)) % 10}`;
}

/** The trace id of a canary. */
export const canaryTraceId = (id: string): string => bytesOf(id, 'trace').toString('hex').slice(0, 32);

/**
 * Made-up personal data under the organisation's rules, the same for the same id, and the requests that carry it.
 * `samples` is what a rule finds in its own sample, by the rule's name.
 */
export function canaryOf(id: string, rules: ScrubRules, samples: ReadonlyMap<string, string>, nowMs: number): Canary {
  const excused = (detector: OptionalDetector): boolean =>
    rules.off.includes(detector) ||
    rules.allow.some((one) => one.detectors.includes(detector) && sentenceFields.includes(one.field.toLowerCase()));
  const made = {
    pan: cardOf(id),
    token: `sk_live_${lettersOf(id, 'token', 24)}`,
    password: lettersOf(id, 'password', 12),
    secret: lettersOf(id, 'secret', 16),
    email: `canary.${lettersOf(id, 'email', 10)}@canary.example`,
    ip: `203.0.113.${1 + ((bytesOf(id, 'ip')[0] ?? 0) % 254)}`,
    user: `canary-${lettersOf(id, 'user', 12)}`,
  };
  const hashed = rules.userIds.hash && rules.userIds.fields.some((field) => field.toLowerCase() === 'user.id');
  const custom = rules.custom.filter((rule) => samples.has(rule.name));
  const values = [
    ...(['pan', 'token', 'password', 'secret'] as const).map((kind) => ({ kind, value: made[kind] })),
    ...(['email', 'ip'] as const).filter((kind) => !excused(kind)).map((kind) => ({ kind, value: made[kind] })),
    ...(hashed ? [{ kind: 'user', value: made.user }] : []),
    ...custom.map(({ name }) => ({ kind: name, value: samples.get(name) ?? '' })),
  ];
  const sentence = `canary of the scrubber, made up: card ${made.pan}, ${made.email} from ${made.ip}, Bearer ${made.token}, https://canary:${made.password}@canary.example/`;
  const fields: Record<string, string> = { 'canary.note': sentence, 'canary.password': made.secret };
  const texts = { body: sentence, name: sentence, status_message: sentence, message: sentence };
  for (const rule of custom) {
    const named = rule.fields.map((field) => field.toLowerCase());
    // A rule for the text of logs looks at no span: its sample stands where it has to find it, and nowhere else.
    const within = textFields.filter((field) => named.includes(field));
    for (const field of within) texts[field] += `; ${rule.sample ?? ''}`;
    const field = rule.fields[0] ?? `canary.sample.${rule.name}`;
    if (within.length === 0) fields[field] = [fields[field], rule.sample].filter(Boolean).join(' ');
  }
  fields['user.id'] = [made.user, fields['user.id']].filter(Boolean).join(' ');
  return {
    traceId: canaryTraceId(id),
    values,
    requests: requestsOf(id, sentence, texts, fields, nowMs),
  };
}

function requestsOf(
  id: string,
  sentence: string,
  texts: Texts,
  fields: Readonly<Record<string, string>>,
  nowMs: number,
): CanaryRequest[] {
  const [traceId, spanId] = [canaryTraceId(id), bytesOf(id, 'span').toString('hex').slice(0, 16)];
  const attributes = (of: Readonly<Record<string, string>>) =>
    Object.entries(of).map(([key, stringValue]) => ({ key, value: { stringValue } }));
  const resource = { attributes: attributes({ 'service.name': canaryService }) };
  const at = `${nowMs}000000`;
  const log = {
    timeUnixNano: at,
    severityNumber: 5,
    body: { stringValue: texts.body },
    attributes: attributes(fields),
    traceId,
    spanId,
  };
  const span = {
    traceId,
    spanId,
    name: texts.name,
    kind: 1,
    startTimeUnixNano: at,
    endTimeUnixNano: at,
    attributes: attributes(fields),
    status: { message: texts.status_message },
    events: [{ timeUnixNano: at, name: sentence, attributes: attributes(fields) }],
  };
  const { 'user.id': user, ...extra } = fields;
  const event = {
    event_id: bytesOf(id, 'event').toString('hex').slice(0, 32),
    timestamp: nowMs / 1000,
    platform: 'other',
    level: 'debug',
    message: texts.message,
    fingerprint: [canaryService],
    tags: { service: canaryService },
    user: { id: user },
    extra,
    contexts: { trace: { trace_id: traceId, span_id: spanId } },
  };
  const json = 'application/json';
  return [
    {
      protocol: 'otlp',
      path: '/v1/logs',
      contentType: json,
      body: JSON.stringify({ resourceLogs: [{ resource, scopeLogs: [{ logRecords: [log] }] }] }),
    },
    {
      protocol: 'otlp',
      path: '/v1/traces',
      contentType: json,
      body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }),
    },
    {
      protocol: 'sentry',
      path: '/api/:project/envelope/',
      contentType: 'application/x-sentry-envelope',
      body: `${JSON.stringify({ event_id: event.event_id })}\n{"type":"event"}\n${JSON.stringify(event)}\n`,
    },
  ];
}

import { isObject, objectOf, positionOf, textOf, type JsonObject } from './json-reader.ts';
import { keepObject } from './secrets.ts';

/** What became of a report: an error event, or why it is none. */
export type BrowserReport =
  | { readonly kind: 'event'; readonly event: JsonObject }
  | { readonly kind: 'refused'; readonly reason: 'malformed' | 'unsupported-type'; readonly message: string };

/** More of a request are refused: browsers send some hundred at once. */
const mostReports = 1000;
/** Reports wait in the browser until it has a network again. */
const oldestMs = 90 * 86_400_000;

type Query = { get(name: string): string | null };

/**
 * Reports of a browser as error events: of a broken security policy (https://www.w3.org/TR/CSP3/#reporting), of failed requests
 * (https://www.w3.org/TR/network-error-logging/), of deprecated features, interventions, crashes and other policies
 * (https://www.w3.org/TR/reporting-1/). One by itself, or a list of them; each is judged by itself.
 */
export function browserReports(
  body: unknown,
  query: Query = new URLSearchParams(),
  receivedAtMs?: number,
): readonly BrowserReport[] {
  if (!Array.isArray(body)) return [reportOf(body, query, receivedAtMs)];
  const reports = body.slice(0, mostReports).map((one: unknown) => reportOf(one, query, receivedAtMs));
  const left = body.length - mostReports;
  return left <= 0
    ? reports
    : [...reports, refused('malformed', `${left} reports more than ${mostReports} in a request`)];
}

const refused = (reason: 'malformed' | 'unsupported-type', message: string): BrowserReport => ({
  kind: 'refused',
  reason,
  message,
});

function reportOf(value: unknown, query: Query, receivedAtMs: number | undefined): BrowserReport {
  const report = objectOf(value);
  // Before the Reporting API a policy's report came by itself, and some senders leave out its type.
  const body = objectOf(report['csp-report'] ?? report['body']);
  const type = 'csp-report' in report ? 'csp-violation' : textOf(report['type'], 64) || 'csp-violation';
  const address = textOf(report['url'], 1024);
  const event =
    type === 'csp-violation'
      ? policyEvent(body)
      : type === 'network-error'
        ? networkEvent(body, address)
        : otherEvent(type, body, address);
  if (event === 'success') return refused('unsupported-type', 'reports of requests that went well are not kept');
  if (!event)
    return refused(
      'malformed',
      'expected a report: {"csp-report": {"effective-directive": …}} or {"type": "network-error", "url": …, "body": {"type": …}}',
    );
  const agent = textOf(report['user_agent'], 500);
  const age = report['age'];
  const happened =
    receivedAtMs !== undefined && typeof age === 'number' && age > 0 && age < oldestMs ? receivedAtMs - age : undefined;
  return {
    kind: 'event',
    event: {
      platform: 'javascript',
      ...event,
      ...(happened !== undefined && { timestamp: happened / 1000 }),
      release: query.get('sentry_release') ?? '',
      environment: query.get('sentry_environment') ?? '',
      request: { ...objectOf(event['request']), ...(agent !== '' && { headers: { 'User-Agent': agent } }) },
      extra: keepObject(body),
    },
  };
}

function policyEvent(body: JsonObject): JsonObject | undefined {
  const directive = textOf(
    body['effective-directive'] ?? body['effectiveDirective'] ?? body['violated-directive'],
    200,
  );
  if (directive === '') return undefined;
  const blocked = textOf(body['blocked-uri'] ?? body['blockedURL'], 1024) || 'inline code';
  const page = textOf(body['document-uri'] ?? body['documentURL'], 1024);
  const kind = directive.split(' ')[0] ?? directive;
  return {
    logger: 'csp',
    level: 'warning',
    type: 'csp',
    culprit: kind,
    logentry: { message: `Blocked by ${kind}: %s`, params: [blocked] },
    fingerprint: ['csp', kind, originOf(blocked)],
    request: { url: page },
  };
}

/** Issues are of a kind of failure and an origin; of answers that are errors also of their status. */
function networkEvent(body: JsonObject, address: string): JsonObject | 'success' | undefined {
  const kind = textOf(body['type'], 64);
  if (kind === '' || address === '') return undefined;
  if (kind === 'ok') return 'success';
  const status = positionOf(body['status_code']) ?? 0;
  const said = status >= 400 ? `${kind} ${status}` : kind;
  const method = textOf(body['method'], 16);
  const phase = textOf(body['phase'], 32);
  return {
    logger: 'nel',
    level: 'error',
    type: 'nel',
    culprit: kind,
    logentry: { message: `${said}: %s`, params: [address] },
    fingerprint: ['nel', said, originOf(address)],
    tags: { 'nel.type': kind, ...(phase !== '' && { 'nel.phase': phase }) },
    request: { url: address, ...(method !== '' && { method }) },
    ...(status > 0 && { contexts: { response: { status_code: String(status) } } }),
  };
}

/** Types of reports that browsers send beside those two, and what they are called in the list. */
const others: ReadonlySet<string> = new Set([
  'deprecation',
  'intervention',
  'crash',
  'permissions-policy-violation',
  'document-policy-violation',
  'integrity-violation',
  'coep',
  'coop',
]);

function otherEvent(type: string, body: JsonObject, address: string): JsonObject | undefined {
  if (!others.has(type) || !isObject(body)) return undefined;
  const what = textOf(
    body['id'] ?? body['policyId'] ?? body['featureId'] ?? body['reason'] ?? body['disposition'],
    200,
  );
  const message = textOf(body['message'], 2000) || [type, what].filter((part) => part !== '').join(': ');
  return {
    logger: type,
    level: type === 'crash' ? 'fatal' : 'warning',
    type,
    culprit: what,
    logentry: { message },
    fingerprint: [type, what, originOf(address)],
    request: { url: address },
  };
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

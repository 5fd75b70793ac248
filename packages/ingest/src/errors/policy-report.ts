import { keepObject } from './secrets.ts';
import { objectOf, textOf, type JsonObject } from './json-reader.ts';

/**
 * A browser's report that a page broke its security policy (https://www.w3.org/TR/CSP3/#reporting), as an error event: what
 * was blocked, by which directive, on which page. Undefined for what is no such report.
 */
export function policyReportEvent(
  body: unknown,
  query: { get(name: string): string | null } = new URLSearchParams(),
): JsonObject | undefined {
  const first: unknown = Array.isArray(body) ? body[0] : body;
  const report = objectOf(objectOf(first)['csp-report'] ?? objectOf(first)['body']);
  const directive = textOf(
    report['effective-directive'] ?? report['effectiveDirective'] ?? report['violated-directive'],
    200,
  );
  if (directive === '') return undefined;
  const blocked = textOf(report['blocked-uri'] ?? report['blockedURL'], 1024) || 'inline code';
  const page = textOf(report['document-uri'] ?? report['documentURL'], 1024);
  const kind = directive.split(' ')[0] ?? directive;
  return {
    platform: 'javascript',
    logger: 'csp',
    level: 'warning',
    type: 'csp',
    culprit: kind,
    logentry: { message: `Blocked by ${kind}: %s`, params: [blocked] },
    fingerprint: ['csp', kind, originOf(blocked)],
    release: query.get('sentry_release') ?? '',
    environment: query.get('sentry_environment') ?? '',
    request: { url: page },
    extra: keepObject(report),
  };
}

function originOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : url;
}

import { identityOf, packageOfRelease, type Identity } from '../../errors/identity.ts';
import { firstText, isObject, objectOf, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { isSecretName, redacted, withoutSecrets } from '../../errors/secrets.ts';
import type { KeyScope } from '@sightline/record';

const maxAttributes = 256;
const maxText = 8192;

/** Sentry's attributes (`{name: {value, type}}`) or plain data (`{name: value}`) as flat texts; lists and objects as JSON. */
export function sentryAttributes(value: unknown): Record<string, string> {
  const kept = Object.entries(objectOf(value))
    .slice(0, maxAttributes)
    .map(([name, attribute]) => [textOf(name, 200), attributeText(name, attribute)] as const);
  return Object.fromEntries(kept.filter(([name, text]) => name !== '' && text !== ''));
}

function attributeText(name: string, attribute: unknown): string {
  const value = isObject(attribute) && 'value' in attribute ? attribute['value'] : attribute;
  if (value === null || value === undefined || value === '') return '';
  if (isSecretName(name)) return redacted;
  const text = typeof value === 'object' ? textOf(jsonOf(value), maxText) : textOf(value, maxText);
  return withoutSecrets(text);
}

/** JSON text; '' for what nests too deep to be written. */
function jsonOf(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '';
  }
}

/** Identity of records that carry attributes only (logs, spans): the key's own site and device stay for the loader to fill. */
export function contextlessIdentity(
  attributes: Readonly<Record<string, string>>,
  origin: { readonly scope: KeyScope; readonly project: number; readonly serverName: string },
): Identity {
  const release = firstText(attributes['sentry.release'] ?? '', attributes['service.version'] ?? '');
  return identityOf(attributes, origin.scope, {
    device: origin.serverName,
    service: firstText(packageOfRelease(release), origin.scope.service, `project-${origin.project}`),
    environment: firstText(attributes['sentry.environment'] ?? '', origin.scope.environment, 'production'),
    release,
  });
}

/** The project's number in the address; 0 where there is none. */
export function projectOf(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** An identity as OTLP resource attributes. */
export function resourceOf(identity: Identity, sdk: JsonObject): Record<string, string> {
  const resource = {
    'service.name': identity.service,
    'deployment.environment.name': identity.environment,
    'service.version': identity.release,
    'store.id': identity.site,
    'device.id': identity.device,
    'telemetry.sdk.name': textOf(sdk['name'], 100),
  };
  return Object.fromEntries(Object.entries(resource).filter(([, value]) => value !== ''));
}

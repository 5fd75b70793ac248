import { clientAgentOf, type Named } from './client-agent.ts';
import type { NamedTexts } from './identity.ts';
import { isObject, objectOf, textOf, type JsonObject } from './json-reader.ts';

/** A header of the event's request, whatever its case and however the client lists them; '' where there is none. `wanted` is in lower case. */
export function headerOf(event: JsonObject, wanted: string): string {
  const headers = objectOf(event['request'])['headers'];
  const pairs: unknown[] = Array.isArray(headers) ? headers : Object.entries(objectOf(headers));
  const found = pairs.find((pair) => Array.isArray(pair) && textOf(pair[0]).toLowerCase() === wanted);
  return Array.isArray(found) ? textOf(found[1], 500) : '';
}

/**
 * The event with the contexts that its `User-Agent` tells: browsers send nothing else of themselves. What the client told stays; where `os` is
 * the server's, that of the caller is `client_os` (https://develop.sentry.dev/sdk/data-model/event-payloads/contexts/).
 */
export function withClientContexts(event: JsonObject): JsonObject {
  const { browser, os, model } = clientAgentOf(headerOf(event, 'user-agent'));
  if (!browser && !os) return event;
  const given = objectOf(event['contexts']);
  const device = objectOf(given['device']);
  const contexts = {
    ...given,
    ...(browser && !isObject(given['browser']) && { browser }),
    ...(os && (isObject(given['os']) ? { client_os: given['client_os'] ?? os } : { os })),
    ...(model !== undefined && !isObject(given['os']) && { device: { model, ...device } }),
  };
  return { ...event, contexts };
}

/** Tags that Sentry makes of contexts and request: `browser`, `browser.name`, `os`, `os.name`, `client_os`, `runtime`, `runtime.name`, and `url` without its query. */
export function derivedTags(event: JsonObject): NamedTexts {
  const tags: Record<string, string> = {};
  const contexts = objectOf(event['contexts']);
  for (const name of ['browser', 'os', 'client_os', 'runtime']) {
    const context = named(contexts[name]);
    if (context.name === '') continue;
    tags[`${name}.name`] = context.name;
    tags[name] = `${context.name} ${context.version}`.trim();
  }
  const url = textOf(objectOf(event['request'])['url'], 200).replace(/[?#].*$/s, '');
  if (url !== '') tags['url'] = url;
  return tags;
}

function named(value: unknown): Named {
  const context = objectOf(value);
  return { name: textOf(context['name'], 100), version: textOf(context['version'], 100) };
}

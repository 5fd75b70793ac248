import type { AsOwner } from './owner.ts';
import { headless, type Product } from './product.ts';

/** An incident as lists show it, as far as tests care. */
export interface ShownIncident {
  readonly number: number;
  readonly title: string;
  readonly summary: string;
  readonly status: string;
  readonly site: string;
  readonly openedAt: number;
  readonly resolvedAt: number | null;
  readonly resolvedHow: string;
}

/** All incidents there ever were, by number. */
export async function allIncidents(owner: AsOwner, search = ''): Promise<ShownIncident[]> {
  const incidents: ShownIncident[] = [];
  let cursor = '';
  do {
    const reply = await owner<{ incidents: ShownIncident[]; next: string }>(
      'GET',
      `/api/v1/incidents?status=all${search}&cursor=${encodeURIComponent(cursor)}`,
    );
    incidents.push(...reply.incidents);
    cursor = reply.next;
  } while (cursor !== '');
  return incidents.sort((a, b) => a.number - b.number);
}

/** Switches the ready rules off, so that a test's own load is not what they find. */
export async function switchReadyRulesOff(owner: AsOwner): Promise<void> {
  const { rules } = await owner<{ rules: { id: string; ready: string }[] }>('GET', '/api/v1/rules');
  for (const { id, ready } of rules)
    if (ready !== '') await owner('PUT', `/api/v1/rules/${id}/enabled`, { enabled: false });
}

/** Changes the default policy, which the first channel brought. */
export async function changeDefaultPolicy(
  owner: AsOwner,
  steps: readonly { readonly waitMs: number; readonly channels: readonly string[] }[],
): Promise<void> {
  const { policies } = await owner<{ policies: { id: string; name: string; isDefault: boolean }[] }>(
    'GET',
    '/api/v1/policies',
  );
  const found = policies.find(({ isDefault }) => isDefault);
  if (!found) throw new Error('there is no default policy');
  await owner('PUT', `/api/v1/policies/${found.id}`, { name: found.name, steps, repeats: 0, isDefault: true });
}

/** Posts an alert as Prometheus does, or that it is over. */
export function postAlert(
  product: Pick<Product, 'url'>,
  labels: Readonly<Record<string, string>>,
  over = false,
): Promise<Response> {
  return fetch(`${product.url}/alertmanager/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
    body: JSON.stringify([{ labels, ...(over ? { endsAt: new Date().toISOString() } : {}) }]),
    signal: AbortSignal.timeout(10_000),
  });
}

/** Names of what fires at a site while something else holds it back, by Alertmanager's API, and what that is. */
export async function heldBack(product: Pick<Product, 'url'>, site: string): Promise<Record<string, string>> {
  const reply = await fetch(
    `${product.url}/alertmanager/api/v2/alerts?active=false&filter=${encodeURIComponent(`site="${site}"`)}`,
    {
      headers: { authorization: `Bearer ${headless.SIGHTLINE_SETUP_KEY}` },
      signal: AbortSignal.timeout(10_000),
    },
  );
  if (!reply.ok) throw new Error(`listing alerts answered ${reply.status}: ${await reply.text()}`);
  const alerts = (await reply.json()) as {
    labels: Record<string, string>;
    status: { inhibitedBy: string[]; silencedBy: string[] };
  }[];
  return Object.fromEntries(
    alerts.map(({ labels, status }) => [
      labels['alertname'] ?? '',
      [...status.inhibitedBy, ...status.silencedBy].join(),
    ]),
  );
}

import type { ErrorContextGroup } from '@sightline/record';
import { plainName, pick, type Identity, type NamedTexts } from './identity.ts';
import { firstText, isObject, listOf, numberOf, objectOf, textOf, type JsonObject } from './json-reader.ts';
import { withoutSecrets } from './secrets.ts';

/** What of an event tells which sale was hit. */
export interface SaleFacts {
  readonly orderId: string;
  /** In the currency's own unit as the client sent it; 0 when unknown. */
  readonly amount: number;
  readonly currency: string;
  readonly method: string;
}

const saleContexts = ['transaction', 'order', 'payment', 'sale', 'cart', 'checkout', 'transaction_info'];

/** Flat texts of the contexts and extras that speak of the sale; `contexts.order.id` becomes `order.id`. */
function saleTexts(event: JsonObject, tags: NamedTexts): NamedTexts {
  const contexts = objectOf(event['contexts']);
  const extra = objectOf(event['extra']);
  const texts: Record<string, string> = { ...tags };
  for (const [field, value] of Object.entries(extra)) texts[field] ??= textOf(value, 300);
  for (const source of [contexts, extra]) {
    for (const name of saleContexts) {
      for (const [field, value] of Object.entries(objectOf(source[name])).slice(0, 50)) {
        const flat = plainName(field) === 'id' || plainName(field) === 'number' ? `${name}.${field}` : field;
        texts[flat] ??= textOf(value, 300);
      }
    }
  }
  return texts;
}

/** Order, amount and method of payment, from tags, contexts (`order`, `payment`, `transaction`, …) and extras. */
export function saleFactsOf(event: JsonObject, tags: NamedTexts): SaleFacts {
  const texts = saleTexts(event, tags);
  const amount = pick(texts, [
    'amount',
    'order.amount',
    'total',
    'order.total',
    'payment.amount',
    'transaction.amount',
    'total.amount',
    'amount.due',
  ]);
  return {
    orderId: pick(texts, [
      'order.id',
      'order.number',
      'order',
      'sale.id',
      'transaction.number',
      'cart.id',
      'checkout.id',
      'transaction.id',
    ]),
    amount: numberOf(amount.replace(/[^\d.+-]/g, '')) ?? 0,
    currency: pick(texts, ['currency', 'currency.code', 'order.currency']),
    method: notOfHttp(
      pick(texts, ['payment.method', 'method', 'tender', 'tender.type', 'payment.type', 'payment.provider']),
    ),
  };
}

/** Extras often hold a request: its method is no way to pay. */
const notOfHttp = (method: string): string =>
  /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|CONNECT|TRACE)$/i.test(method) ? '' : method;

export interface GroupSources {
  readonly event: JsonObject;
  readonly tags: NamedTexts;
  readonly identity: Identity;
  readonly sale: SaleFacts;
}

type Fields = readonly (readonly [label: string, value: string])[];

/** The six groups of what a person asks first; empty fields and empty groups are left out. */
export function contextGroupsOf(sources: GroupSources): ErrorContextGroup[] {
  const groups: readonly (readonly [ErrorContextGroup['name'], Fields])[] = [
    ['site', siteFields(sources)],
    ['terminal', terminalFields(sources)],
    ['user', userFields(sources.event)],
    ['transaction', saleFields(sources.sale)],
    ['system', systemFields(sources)],
    ['request', requestFields(sources)],
  ];
  return groups.map(([name, fields]) => ({ name, fields: shown(fields) })).filter((group) => group.fields.length > 0);
}

function shown(fields: Fields): { label: string; value: string }[] {
  return fields.filter(([, value]) => value !== '').map(([label, value]) => ({ label, value: withoutSecrets(value) }));
}

/** A field of the named context, or of any context or tag that carries the full name. */
function field(event: JsonObject, context: string, ...names: string[]): string {
  const given = objectOf(objectOf(event['contexts'])[context]);
  return firstText(...names.map((name) => textOf(given[name], 300)));
}

function siteFields({ event, tags, identity }: GroupSources): Fields {
  const of = (...names: string[]): string => firstText(field(event, 'store', ...names), field(event, 'site', ...names));
  return [
    ['Site', identity.site],
    ['Name', of('name', 'label')],
    ['Region', firstText(of('region', 'state'), pick(tags, ['region', 'store.region', 'site.region']))],
    ['Address', of('address', 'city')],
    ['Time zone', firstText(of('timezone', 'time_zone'), field(event, 'culture', 'timezone'))],
    ['Environment', identity.environment],
  ];
}

function terminalFields({ event, tags, identity }: GroupSources): Fields {
  const of = (...names: string[]): string =>
    firstText(field(event, 'terminal', ...names), field(event, 'pos', ...names));
  return [
    ['Terminal', identity.device],
    ['Type', firstText(of('type', 'kind'), pick(tags, ['terminal.type', 'device.type']))],
    ['Model', firstText(of('model'), field(event, 'device', 'model', 'name'))],
    ['Lane', firstText(of('lane'), pick(tags, ['lane', 'register', 'till']))],
    ['Software', of('version', 'software', 'firmware')],
    ['Host', textOf(event['server_name'], 300)],
  ];
}

function userFields(event: JsonObject): Fields {
  const user = objectOf(event['user']);
  const data = objectOf(user['data']);
  const roles = listOf(user['roles'])
    .map((role) => textOf(role, 100))
    .join(', ');
  return [
    ['Id', textOf(user['id'], 300)],
    ['Name', textOf(user['username'], 300) || textOf(user['name'], 300)],
    ['Role', firstText(textOf(user['role'], 300), textOf(data['role'], 300), roles)],
    ['E-mail', textOf(user['email'], 300)],
    ['Segment', textOf(user['segment'], 300)],
    ['Address', textOf(user['ip_address'], 100) === '{{auto}}' ? '' : textOf(user['ip_address'], 100)],
    ['Place', geoText(objectOf(user['geo']))],
  ];
}

function geoText(geo: JsonObject): string {
  return [geo['city'], geo['region'], geo['country_code']]
    .map((part) => textOf(part, 100))
    .filter((part) => part !== '')
    .join(', ');
}

function saleFields(sale: SaleFacts): Fields {
  return [
    ['Order', sale.orderId],
    ['Amount', sale.amount === 0 ? '' : `${amountText(sale.amount)}${sale.currency === '' ? '' : ` ${sale.currency}`}`],
    ['Method', sale.method],
  ];
}

function systemFields({ event, tags, identity }: GroupSources): Fields {
  const named = (context: string): string =>
    [field(event, context, 'name'), field(event, context, 'version', 'kernel_version')]
      .filter((part) => part !== '')
      .join(' ');
  const online = objectOf(objectOf(event['contexts'])['device'])['online'];
  return [
    ['Release', identity.release],
    ['Service', identity.service],
    ['Platform', textOf(event['platform'], 64)],
    ['Runtime', named('runtime')],
    ['Browser', named('browser')],
    ['System', named('os')],
    ['Architecture', field(event, 'device', 'arch')],
    ['Memory', memoryText(objectOf(objectOf(event['contexts'])['device']))],
    [
      'Network',
      firstText(
        networkText(event),
        pick(tags, ['network', 'network.type', 'connection.type']),
        online === false ? 'offline' : '',
      ),
    ],
  ];
}

function memoryText(device: JsonObject): string {
  const [free, total] = [numberOf(device['free_memory']), numberOf(device['memory_size'])];
  if (free === undefined || total === undefined || total <= 0) return '';
  return `${Math.round(free / 1_048_576)} of ${Math.round(total / 1_048_576)} MiB free`;
}

function networkText(event: JsonObject): string {
  const network = objectOf(event['contexts'])['network'];
  if (!isObject(network)) return field(event, 'device', 'connection_type');
  return ['type', 'effective_type', 'status', 'latency_ms']
    .map((name) => textOf(network[name], 100))
    .filter((part) => part !== '')
    .join(', ');
}

function requestFields({ event, tags, identity }: GroupSources): Fields {
  const request = objectOf(event['request']);
  const trace = objectOf(objectOf(event['contexts'])['trace']);
  return [
    ['Correlation id', identity.correlationId],
    [
      'Attempt',
      firstText(
        field(event, 'request', 'attempt', 'retry'),
        field(event, 'payment', 'attempt'),
        pick(tags, ['attempt', 'retry.count', 'retry.attempt']),
      ),
    ],
    ['Method', firstText(textOf(request['method'], 32), field(event, 'request', 'method'))],
    ['URL', firstText(textOf(request['url'], 2048), field(event, 'request', 'url'), pick(tags, ['url']))],
    ['Query', queryText(request['query_string'])],
    ['Status', field(event, 'response', 'status_code')],
    ['Transaction', textOf(event['transaction'], 300)],
    ['Operation', textOf(trace['op'], 128)],
  ];
}

/** Query as text, list of pairs or object; secret-looking parameters are replaced by `withoutSecrets` when shown. */
function queryText(query: unknown): string {
  if (typeof query === 'string') return textOf(query, 1024);
  const pairs = Array.isArray(query) ? query.filter(Array.isArray) : Object.entries(objectOf(query));
  return pairs
    .slice(0, 50)
    .map((pair: unknown[]) => `${textOf(pair[0], 100)}=${textOf(pair[1], 300)}`)
    .join('&');
}

/** An amount as it stands on a receipt: `40`, `40.50`, `129.95`. */
const amountText = (amount: number): string => (/\.\d$/.test(String(amount)) ? amount.toFixed(2) : String(amount));

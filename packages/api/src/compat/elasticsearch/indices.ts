import { elasticMetaAttributes, globTest, knownElasticFields, listAttributes, listIndices } from '@sightline/query';
import type { ApiDeps } from '../../route.ts';
import { Plain, Refusal } from './answers.ts';
import { type Body, bodyOf, type Call } from './call.ts';

/** What indices and fields there are, in the forms in which clients ask for them. */
export class Indices {
  readonly #deps: ApiDeps;

  constructor(deps: ApiDeps) {
    this.#deps = deps;
  }

  /** `_mapping`. */
  async mapping(call: Call): Promise<object> {
    const [attributes, indices] = await Promise.all([this.#attributes(call), this.#indices(call)]);
    const mappings = { properties: properties(attributes) };
    return Object.fromEntries(indices.map(({ name }) => [name, { mappings }]));
  }

  /** `_field_caps`. */
  async capabilities(call: Call): Promise<Refusal | object> {
    const [attributes, indices] = await Promise.all([this.#attributes(call), this.#indices(call)]);
    const body = bodyOf(call.text);
    if (body instanceof Refusal) return body;
    const asked =
      call.query.get('fields') ?? (Array.isArray(body['fields']) ? body['fields'].map(String).join(',') : '*');
    const wanted = globTest(
      asked.split(',').map((glob) => glob.trim()),
      false,
    );
    const fields = allFields(attributes).filter(([name]) => wanted(name));
    const caps = fields.map(([name, type]) => [
      name,
      { [type]: { type, metadata_field: false, searchable: true, aggregatable: type !== 'text' } },
    ]);
    return { indices: indices.map(({ name }) => name), fields: Object.fromEntries(caps) };
  }

  /** `_cat/indices`, as lines or as JSON. */
  async list(call: Call): Promise<Plain | object> {
    const rows = (await this.#indices(call)).map(({ name, documents, bytes }) => ({
      health: 'green',
      status: 'open',
      index: name,
      uuid: name,
      pri: '1',
      rep: '0',
      'docs.count': String(documents),
      'docs.deleted': '0',
      'store.size': `${bytes}b`,
      'pri.store.size': `${bytes}b`,
    }));
    if (call.query.get('format') === 'json') return rows;
    return new Plain(rows.map((row) => `${Object.values(row).join(' ')}\n`).join(''));
  }

  /** `_resolve/index`. */
  async resolve(call: Call): Promise<object> {
    const indices = (await this.#indices(call)).map(({ name }) => ({ name, attributes: ['open'] }));
    return { indices, aliases: [], data_streams: [] };
  }

  #attributes({ scope, signal }: Call): Promise<string[]> {
    return listAttributes(this.#deps.store, scope, { signal });
  }

  #indices({ scope, signal }: Call): ReturnType<typeof listIndices> {
    return listIndices(this.#deps.store, scope, { signal });
  }
}

function allFields(attributes: readonly string[]): [string, string][] {
  const known = knownElasticFields.map(([name, type]): [string, string] => [name, type]);
  const names = new Set(known.map(([name]) => name));
  const more = attributes.filter((name) => !names.has(name) && !elasticMetaAttributes.has(name));
  return [...known, ['message.keyword', 'keyword'], ...more.map((name): [string, string] => [name, 'keyword'])];
}

/** A mapping's tree of properties. */
function properties(attributes: readonly string[]): object {
  const root: Body = {};
  for (const [name, type] of allFields(attributes)) {
    if (name === 'message.keyword') continue;
    let place = root;
    const path = name.split('.');
    const last = path.pop() ?? name;
    for (const step of path) {
      const node = (place[step] ??= {}) as Body;
      place = (node['properties'] ??= {}) as Body;
    }
    const node = (place[last] ??= {}) as Body;
    node['type'] = type;
    if (name === 'message') node['fields'] = { keyword: { type: 'keyword' } };
  }
  return root;
}

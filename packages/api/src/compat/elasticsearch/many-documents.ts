import { errorJson, Refusal, refuse } from './answers.ts';
import { type Body, bodyOf, type Call } from './call.ts';
import type { Hit, Searches } from './searches.ts';

const mostDocuments = 100;
const mostIdLength = 512;

interface AskedDocument {
  readonly index: string;
  readonly id: string;
  readonly source: { readonly _source?: unknown };
}

const invalid = (reason: string): Refusal =>
  refuse(400, 'action_request_validation_exception', `Validation Failed: 1: ${reason};`);

/** A document as Elasticsearch answers one by its id. */
export const foundDocument = (hit: Hit): object => ({
  _index: hit._index,
  _id: hit._id,
  _version: 1,
  _seq_no: 0,
  _primary_term: 1,
  found: true,
  _source: hit._source,
});

/**
 * `_mget`: documents by `ids` of one index or by `docs`, each with an index and fields of its own, in the order asked. One that is missing is
 * `found: false`, and the fault of one is its own. Refuses more than 100 (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-mget).
 */
export async function answerDocuments(searches: Searches, call: Call): Promise<Refusal | object> {
  const body = bodyOf(call.text);
  if (body instanceof Refusal) return body;
  const asked = askedDocuments(body, call.scope.index);
  if (asked instanceof Refusal) return asked;
  const docs: object[] = [];
  for (const { index, id, source } of asked) {
    const one = { ...call, params: { index, id }, scope: { ...call.scope, index: index.slice(0, 2000) } };
    const hit = await searches.document(one, source);
    const named = { _index: index, _id: id };
    if (hit instanceof Refusal) docs.push({ ...named, error: errorJson(hit.error) });
    else docs.push(hit ? foundDocument(hit) : { ...named, found: false });
  }
  return { docs };
}

function askedDocuments({ docs, ids }: Body, index: string): AskedDocument[] | Refusal {
  const listed: unknown = docs ?? ids;
  if (!Array.isArray(listed) || listed.length === 0) return invalid('no documents to get');
  if (listed.length > mostDocuments)
    return refuse(400, 'illegal_argument_exception', `more than ${mostDocuments} documents in one request`);
  const read: AskedDocument[] = [];
  for (const [at, one] of listed.entries()) {
    const given: Body = typeof one === 'object' && one !== null ? { ...one } : { _id: one };
    const [id, own = index] = [given['_id'], given['_index']];
    if ((typeof id !== 'string' && typeof id !== 'number') || String(id) === '')
      return invalid(`id is missing for doc ${at}`);
    if (String(id).length > mostIdLength) return invalid(`id of doc ${at} is longer than ${mostIdLength} characters`);
    if (typeof own !== 'string' || own === '') return invalid(`index is missing for doc ${at}`);
    const source = given['_source'] === undefined ? {} : { _source: given['_source'] };
    read.push({ index: own, id: String(id), source });
  }
  return read;
}

import { isObject, parseJson, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { LogBatch } from '../../logs/log-batch.ts';
import { readLogObject, type ReadLog } from '../../logs/read-log.ts';
import type { Checked, ProtocolRequest } from '../../protocol.ts';
import { GivenIds } from './given-ids.ts';
import { ResentDocuments } from './resent-documents.ts';
import { FlatDocuments } from './flat-documents.ts';
import { Lines } from './lines.ts';
import { docError, documentIds, type ItemAnswer } from './replies.ts';

const maxDocumentBytes = 1_048_576;
const maxItems = 100_000;

const actionNames = ['create', 'index', 'update', 'delete'] as const;
type ActionName = (typeof actionNames)[number];

interface Action {
  readonly name: ActionName;
  readonly index: string;
  readonly id: string;
}

/**
 * A `_bulk` request (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk): pairs of lines, an action and its
 * document, each answered by itself. Logs are append-only: `index` and `create` add a record, `update` does where it may insert, and `delete`
 * finds nothing. The id that a client gives is kept; of one that was taken lately, `create` is a conflict, and `index` adds nothing where the
 * document is the same. Refused whole: a body in which no line is an action.
 */
export function checkBulk(
  request: ProtocolRequest,
  resent: ResentDocuments = new ResentDocuments(),
  given: GivenIds = new GivenIds(),
): Checked {
  // What actions and names of columns take falls away.
  const batch = new LogBatch('elasticsearch', 0.75 * request.body.length + 1024);
  const items: string[] = [];
  const lines = new Lines(request.body);
  const actions = new Actions(request.body, request.params['index'] ?? '');
  const newId = documentIds();
  const { organisation, keyId } = request.scope;
  const recall = resent.recall(`${organisation} ${keyId}`, request.receivedAtMs);
  const ids = given.here(organisation, request.receivedAtMs);
  const documents = new FlatDocuments(request.body, request.receivedAtMs);
  const taken: { readonly start: number; readonly end: number }[] = [];
  let actionsSeen = 0;
  let failed = false;
  // A client does not send again for these: what stood beside them is done with.
  let conflicts = false;
  const answer = (name: string, item: ItemAnswer): void => {
    if (item.error) failed = true;
    items.push(`{"${name}":${JSON.stringify(item)}}`);
  };
  while (lines.next()) {
    if (lines.isBlank()) continue;
    if (items.length >= maxItems)
      return refuseWhole('too-large', `more than ${maxItems} actions in one request`, 413, items.length);
    const action = actions.read(lines);
    if (!action) {
      const message = `Malformed action/metadata line [${lines.number}], expected one of create, index, update, delete`;
      if (actionsSeen === 0) return refuseWhole('malformed', message, 400, 1);
      batch.refuse('malformed', message);
      answer('index', docError(request.params['index'] ?? '', '', 400, 'illegal_argument_exception', message));
      continue;
    }
    actionsSeen++;
    if (action.name === 'delete') {
      batch.refuse('unsupported-type', `line ${lines.number}: delete: logs are append-only`);
      answer('delete', { _index: action.index, _id: action.id, _version: 1, result: 'not_found', status: 404 });
      continue;
    }
    const isThere = lines.next();
    const { index, id } = action;
    const named = isThere && id !== '';
    const twice = named && action.name !== 'update' ? ids.find(index, id, lines.bytes()) : 'new';
    if (twice !== 'new') {
      const again = recall.known(lines.bytes());
      if (action.name === 'create' && !again) {
        batch.refuse('duplicate', `line ${lines.number}: a document of this id was taken before`);
        conflicts = true;
        items.push(`{"create":${JSON.stringify(docError(index, id, 409, conflict, conflictOf(id)))}}`);
        continue;
      }
      if (twice === 'same' || again) {
        batch.refuse('duplicate', `line ${lines.number}: taken before, with the same id`);
        if (action.name === 'create') items.push(created(action, newId));
        else answer('index', updated(action));
        continue;
      }
    }
    if (isThere && action.name !== 'update' && !recall.knowsAny && documents.add(batch, lines, index, id)) {
      taken.push({ start: lines.start, end: lines.end });
      if (named) ids.take(index, id, lines.bytes());
      items.push(twice === 'other' ? `{"index":${JSON.stringify(updated(action))}}` : created(action, newId));
      continue;
    }
    const read = isThere ? readDocument(lines, action, request.receivedAtMs) : missing;
    if (read.kind === 'log' && recall.known(lines.bytes()))
      batch.refuse('duplicate', `line ${lines.number}: taken before, with a request that was refused in part`);
    else {
      batch.add(read, `line ${lines.number}`);
      if (read.kind === 'log') {
        taken.push({ start: lines.start, end: lines.end });
        if (named) ids.take(index, id, lines.bytes());
      }
    }
    answer(action.name, twice === 'other' && read.kind === 'log' ? updated(action) : answerTo(read, action, newId));
  }
  const { frames, refused } = batch.finish();
  recall.settle(frames, failed ? taken.map(({ start, end }) => request.body.subarray(start, end)) : [], failed);
  ids.settle(frames);
  return {
    kind: 'accept',
    frames,
    refused,
    body: `{"took":0,"errors":${failed || conflicts},"items":[${items.join(',')}]}`,
  };
}

function refuseWhole(reason: 'malformed' | 'too-large', message: string, status: number, records: number): Checked {
  return { kind: 'refuse', status, reason, message, records };
}

const missing: ReadLog = {
  kind: 'refused',
  reason: 'malformed',
  message: 'the document of the last action is missing',
};

function answerTo(read: ReadLog, { index, id }: Action, newId: () => string): ItemAnswer {
  if (read.kind === 'log')
    return {
      _index: index,
      _id: id === '' ? newId() : id,
      _version: 1,
      result: 'created',
      _shards: { total: 1, successful: 1, failed: 0 },
      status: 201,
    };
  if (read.reason === 'too-large') return docError(index, id, 413, 'document_parsing_exception', read.message);
  return read.reason === 'unsupported-type'
    ? docError(index, id, 404, 'document_missing_exception', read.message)
    : docError(index, id, 400, 'document_parsing_exception', read.message);
}

const conflict = 'version_conflict_engine_exception';
const conflictOf = (id: string): string => `[${id}]: version conflict, document already exists (current version [1])`;

/** Of a document whose id is known: what is stored stays, and the newer one stands beside it. */
function updated({ index, id }: Action): ItemAnswer {
  return {
    _index: index,
    _id: id,
    _version: 2,
    result: 'updated',
    _shards: { total: 1, successful: 1, failed: 0 },
    status: 200,
  };
}

/** `answerTo` of a document that was taken, in the words of the whole answer. */
function created({ name, index, id }: Action, newId: () => string): string {
  const quotedId = id === '' ? `"${newId()}"` : JSON.stringify(id);
  return `{"${name}":{"_index":${JSON.stringify(index)},"_id":${quotedId},"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"status":201}}`;
}

/** Reads actions; the same line as the last is the same action. */
class Actions {
  readonly #body: Buffer;
  readonly #index: string;
  #last: { readonly start: number; readonly end: number; readonly action: Action } | undefined;

  constructor(body: Buffer, index: string) {
    this.#body = body;
    this.#index = index;
  }

  read(lines: Lines): Action | undefined {
    const { start, end } = lines;
    const last = this.#last;
    if (last && this.#body.compare(this.#body, last.start, last.end, start, end) === 0) return last.action;
    const action = readAction(lines, this.#index);
    this.#last = action && { start, end, action };
    return action;
  }
}

/** The action of a line; undefined when it is none. Other members beside it are let pass, as some clients send them. */
function readAction(lines: Lines, index: string): Action | undefined {
  const value = lines.length > 65_536 ? undefined : parseJson(lines.text());
  if (!isObject(value)) return undefined;
  for (const name of actionNames) {
    const of = value[name];
    if (isObject(of)) return { name, index: textOf(of['_index'], 255) || index, id: textOf(of['_id'], 512) };
  }
  return undefined;
}

function readDocument(lines: Lines, action: Action, receivedAtMs: number): ReadLog {
  if (lines.length > maxDocumentBytes)
    return { kind: 'refused', reason: 'too-large', message: `${lines.length} bytes; at most ${maxDocumentBytes}` };
  const value = parseJson(lines.text());
  if (!isObject(value)) return { kind: 'refused', reason: 'malformed', message: 'failed to parse: expected an object' };
  if (action.name !== 'update') return readSource(value, action, receivedAtMs);
  const inserted = isObject(value['upsert'])
    ? value['upsert']
    : value['doc_as_upsert'] === true && isObject(value['doc'])
      ? value['doc']
      : undefined;
  if (inserted) return readSource(inserted, action, receivedAtMs);
  const message = `[${action.id}]: document missing; logs are append-only, an update can only insert`;
  return { kind: 'refused', reason: 'unsupported-type', message };
}

function readSource(source: JsonObject, { index, id }: Pick<Action, 'index' | 'id'>, receivedAtMs: number): ReadLog {
  return readLogObject(source, receivedAtMs, {
    ...(index === '' ? {} : { 'elasticsearch.index': index }),
    ...(id === '' ? {} : { 'elasticsearch.id': id }),
  });
}

/**
 * One document by itself: `POST <index>/_doc`, `PUT <index>/_doc/<id>`; with `creates` (or `op_type=create`) `PUT <index>/_create/<id>`, which a
 * document of this id that was taken lately refuses.
 */
export function checkDocument(
  request: ProtocolRequest,
  given: GivenIds = new GivenIds(),
  creates: boolean = request.query.get('op_type') === 'create',
): Checked {
  const index = request.params['index'] ?? '';
  const id = textOf(request.params['id'], 512);
  const value = request.body.length > maxDocumentBytes ? undefined : parseJson(request.body.toString('utf8'));
  if (!isObject(value)) {
    const large = request.body.length > maxDocumentBytes;
    const message = large
      ? `the document is larger than ${maxDocumentBytes} bytes`
      : 'failed to parse: expected an object';
    return {
      kind: 'refuse',
      status: large ? 413 : 400,
      reason: large ? 'too-large' : 'malformed',
      message,
      records: 1,
    };
  }
  const ids = given.here(request.scope.organisation, request.receivedAtMs);
  const twice = id === '' ? 'new' : ids.find(index, id, request.body);
  if (twice !== 'new' && creates)
    return { kind: 'refuse', status: 409, reason: 'duplicate', message: conflictOf(id), records: 1 };
  const read = readSource(value, { index, id }, request.receivedAtMs);
  if (read.kind === 'refused')
    return { kind: 'refuse', status: 400, reason: read.reason, message: read.message, records: 1 };
  const batch = new LogBatch('elasticsearch');
  if (twice === 'same') batch.refuse('duplicate', 'taken before, with the same id');
  else batch.add(read);
  const { frames, refused } = batch.finish();
  if (id !== '' && twice !== 'same') ids.take(index, id, request.body);
  ids.settle(frames);
  const action = { name: 'index', index, id } as const;
  const body = JSON.stringify(twice === 'new' ? answerTo(read, action, documentIds()) : updated(action), withoutStatus);
  return { kind: 'accept', frames, refused, body };
}

const withoutStatus = (name: string, value: unknown): unknown => (name === 'status' ? undefined : value);

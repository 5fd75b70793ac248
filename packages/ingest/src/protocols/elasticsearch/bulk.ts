import { isObject, parseJson, textOf, type JsonObject } from '../../errors/json-reader.ts';
import { LogBatch } from '../../logs/log-batch.ts';
import { readLogObject, type ReadLog } from '../../logs/read-log.ts';
import type { Checked, ProtocolRequest } from '../../protocol.ts';
import { ResentDocuments } from './resent-documents.ts';
import { docError, documentIds, type ItemAnswer } from './replies.ts';

const newline = 10;
const maxDocumentBytes = 1_048_576;
const maxItems = 100_000;

const actions = ['create', 'index', 'update', 'delete'] as const;
type ActionName = (typeof actions)[number];

interface Action {
  readonly name: ActionName;
  readonly index: string;
  readonly id: string;
}

/**
 * A `_bulk` request (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk): pairs of lines, an action and its
 * document, each answered by itself. Logs are append-only: `index` and `create` add a record, `update` does where it may insert, and `delete`
 * finds nothing. Refused whole: a body in which no line is an action.
 */
export function checkBulk(request: ProtocolRequest, resent: ResentDocuments = new ResentDocuments()): Checked {
  const batch = new LogBatch('elasticsearch');
  const items: string[] = [];
  const lines = new Lines(request.body);
  const newId = documentIds();
  const { organisation, keyId } = request.scope;
  const recall = resent.recall(`${organisation} ${keyId}`, request.receivedAtMs);
  const taken: Uint8Array[] = [];
  let actionsSeen = 0;
  let failed = false;
  const answer = (name: string, item: ItemAnswer): void => {
    if (item.error) failed = true;
    items.push(`{"${name}":${JSON.stringify(item)}}`);
  };
  while (lines.next()) {
    if (lines.isBlank()) continue;
    if (items.length >= maxItems)
      return refuseWhole('too-large', `more than ${maxItems} actions in one request`, 413, items.length);
    const action = readAction(lines, request.params['index'] ?? '');
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
    const read = lines.next() ? readDocument(lines, action, request.receivedAtMs) : missing;
    if (read.kind === 'log' && recall.known(lines.bytes()))
      batch.refuse('duplicate', `line ${lines.number}: taken before, with a request that was refused in part`);
    else {
      batch.add(read, `line ${lines.number}`);
      if (read.kind === 'log') taken.push(lines.bytes());
    }
    answer(action.name, answerTo(read, action, newId));
  }
  const { frames, refused } = batch.finish();
  recall.settle(frames, taken, failed);
  return {
    kind: 'accept',
    frames,
    refused,
    body: `{"took":0,"errors":${failed},"items":[${items.join(',')}]}`,
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

/** The action of a line; undefined when it is none. Other members beside it are let pass, as some clients send them. */
function readAction(lines: Lines, index: string): Action | undefined {
  const value = lines.length > 65_536 ? undefined : parseJson(lines.text());
  if (!isObject(value)) return undefined;
  for (const name of actions) {
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
  if (action.name !== 'update') return readSource(value, action.index, receivedAtMs);
  const inserted = isObject(value['upsert'])
    ? value['upsert']
    : value['doc_as_upsert'] === true && isObject(value['doc'])
      ? value['doc']
      : undefined;
  if (inserted) return readSource(inserted, action.index, receivedAtMs);
  const message = `[${action.id}]: document missing; logs are append-only, an update can only insert`;
  return { kind: 'refused', reason: 'unsupported-type', message };
}

function readSource(source: JsonObject, index: string, receivedAtMs: number): ReadLog {
  return readLogObject(source, receivedAtMs, index === '' ? {} : { 'elasticsearch.index': index });
}

/** One document by itself: `POST <index>/_doc`, `PUT <index>/_create/<id>`. */
export function checkDocument(request: ProtocolRequest): Checked {
  const index = request.params['index'] ?? '';
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
  const read = readSource(value, index, request.receivedAtMs);
  if (read.kind === 'refused')
    return { kind: 'refuse', status: 400, reason: read.reason, message: read.message, records: 1 };
  const batch = new LogBatch('elasticsearch');
  batch.add(read);
  const { frames, refused } = batch.finish();
  const body = JSON.stringify(
    answerTo(read, { name: 'create', index, id: request.params['id'] ?? '' }, documentIds()),
    withoutStatus,
  );
  return { kind: 'accept', frames, refused, body };
}

const withoutStatus = (name: string, value: unknown): unknown => (name === 'status' ? undefined : value);

/** Goes through a body line by line without copying it. */
class Lines {
  number = 0;
  readonly #body: Buffer;
  #start = 0;
  #end = -1;

  constructor(body: Buffer) {
    this.#body = body;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  next(): boolean {
    const start = this.#end + 1;
    if (start >= this.#body.length) return false;
    const found = this.#body.indexOf(newline, start);
    this.#start = start;
    this.#end = found < 0 ? this.#body.length : found;
    this.number++;
    return true;
  }

  /** Nothing, or the CR before an LF. */
  isBlank(): boolean {
    return this.length === 0 || (this.length === 1 && this.#body[this.#start] === 13);
  }

  /** The line as it came; a view. */
  bytes(): Uint8Array {
    return this.#body.subarray(this.#start, this.#end);
  }

  text(): string {
    return this.#body.toString('utf8', this.#start, this.#end);
  }
}

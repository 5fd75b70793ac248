import { LogsRequestBuilder, otlpLogsLane } from '../otlp/build-logs.ts';
import { framesOf } from '../otlp/frames-of.ts';
import type { Frame, Refusal } from '../protocol.ts';
import { BoundedRefusals } from './bounded-refusals.ts';
import type { ReadLog } from './read-log.ts';

/** Log records of one request or one stretch of a connection, on their way to one frame of the lane `otlp-logs`. */
export class LogBatch {
  /** Takes records of the origin that was entered last. */
  readonly builder: LogsRequestBuilder;
  readonly #refusals = new BoundedRefusals();
  readonly #scopeName: string;
  #group = '';

  /** `scopeName` says in each record through which protocol it came; `expectedBytes` about what all of them take. */
  constructor(scopeName: string, expectedBytes?: number) {
    this.#scopeName = scopeName;
    this.builder = new LogsRequestBuilder(expectedBytes);
  }

  get records(): number {
    return this.builder.records;
  }

  /** Keeps a record or counts why it was refused; `place` tells the sender which one it was. */
  add(read: ReadLog, place = ''): void {
    if (read.kind === 'refused') {
      this.#refusals.add(read.reason, place === '' ? read.message : `${place}: ${read.message}`);
      return;
    }
    this.enter(read.resource);
    this.builder.add(read.record);
  }

  /** Has the records that follow belong to this origin. Returns its name within the batch, which `isIn` takes. */
  enter(resource: Readonly<Record<string, string>>): string {
    const group = JSON.stringify(resource);
    if (this.builder.records === 0 || group !== this.#group) this.builder.resource(resource, this.#scopeName);
    this.#group = group;
    return group;
  }

  /** Whether a record that is added now belongs to the origin of this name. */
  isIn(group: string): boolean {
    return this.builder.records > 0 && this.#group === group;
  }

  refuse(reason: Refusal['reason'], message: string, records = 1): void {
    this.#refusals.add(reason, message, records);
  }

  /** The frame, none when nothing was kept, and what was refused. The batch must not be used afterwards. */
  finish(): { readonly frames: readonly Frame[]; readonly refused: readonly Refusal[] } {
    return { frames: framesOf(this.builder, otlpLogsLane, 'logs'), refused: this.#refusals.list() };
  }
}

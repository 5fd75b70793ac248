import { type AttributeValue, writeAttributes } from './any-value.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/**
 * What requests of logs and of spans have in common: groups of a resource and one scope, which lie in the same fields of both
 * (https://opentelemetry.io/docs/specs/otlp/). `resource` begins a group, what a subclass adds goes into it.
 */
export abstract class RequestBuilder {
  protected readonly writer: ProtobufWriter;
  protected written = 0;
  #resourceAt = -1;
  #scopeAt = -1;

  /** `expectedBytes`: about what will be written, so that it need not be copied while it grows. */
  constructor(expectedBytes = 8192) {
    this.writer = new ProtobufWriter(Math.ceil(expectedBytes));
  }

  /** Records added so far. */
  get records(): number {
    return this.written;
  }

  /** Starts a new group: the records that follow belong to a resource with these attributes. */
  resource(attributes: Readonly<Record<string, AttributeValue>>, scopeName = ''): this {
    this.#closeGroup();
    const { writer } = this;
    this.#resourceAt = writer.open(1);
    const resource = writer.open(1);
    writeAttributes(writer, 1, attributes);
    writer.close(resource);
    this.#scopeAt = writer.open(2);
    if (scopeName !== '') {
      const scope = writer.open(1);
      writer.string(1, scopeName);
      writer.close(scope);
    }
    return this;
  }

  /** The encoded request. The builder must not be used afterwards. */
  build(): Buffer {
    this.#closeGroup();
    return this.writer.finish();
  }

  /** Opens a record in the current group; without one, in a group without attributes. To be closed by the writer. */
  protected openRecord(): number {
    if (this.#resourceAt < 0) this.resource({});
    this.written++;
    return this.writer.open(2);
  }

  #closeGroup(): void {
    if (this.#resourceAt < 0) return;
    this.writer.close(this.#scopeAt);
    this.writer.close(this.#resourceAt);
    this.#resourceAt = -1;
  }
}

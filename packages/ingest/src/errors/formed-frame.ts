import type { ErrorFrame } from '@sightline/record';
import { SharedHead } from '../load/scrubbable-json.ts';

/** All of a frame but its local variables: those differ from event to event, the rest is the same wherever its bug is met. */
export interface FrameForm {
  readonly frame: ErrorFrame;
  /** JSON of `frame` without the brace that ends it. */
  readonly json: SharedHead;
}

/**
 * A frame that knows its form. A copy with other values (`{ ...frame, inApp }`) is a plain frame again: what was worked out for the form
 * does not hold for it.
 */
export class FormedFrame implements ErrorFrame {
  readonly #form: FrameForm;
  // Set in the order in which JSON has them.
  declare readonly function: string;
  declare readonly file: string;
  declare readonly line: number | null;
  declare readonly column: number | null;
  declare readonly inApp: boolean;
  declare readonly unsaid?: true;
  declare readonly module: string;
  declare readonly contextLine: string;
  declare readonly preContext: readonly string[];
  declare readonly postContext: readonly string[];
  declare readonly debugId: string;
  declare readonly minified?: NonNullable<ErrorFrame['minified']>;
  declare readonly unresolved?: string;
  declare readonly locals?: NonNullable<ErrorFrame['locals']>;

  constructor(form: FrameForm, locals: ErrorFrame['locals']) {
    const { frame } = form;
    this.#form = form;
    this.function = frame.function;
    this.file = frame.file;
    this.line = frame.line;
    this.column = frame.column;
    this.inApp = frame.inApp;
    if (frame.unsaid) this.unsaid = true;
    this.module = frame.module;
    this.contextLine = frame.contextLine;
    this.preContext = frame.preContext;
    this.postContext = frame.postContext;
    this.debugId = frame.debugId;
    if (frame.minified) this.minified = frame.minified;
    if (frame.unresolved !== undefined) this.unresolved = frame.unresolved;
    if (locals) this.locals = locals;
  }

  /** Of a frame without local variables. */
  static form(frame: ErrorFrame): FrameForm {
    return { frame, json: new SharedHead(JSON.stringify(frame).slice(0, -1)) };
  }

  /** Undefined where nothing is known of the frame. */
  static formOf(frame: ErrorFrame): FrameForm | undefined {
    return #form in frame ? frame.#form : undefined;
  }
}

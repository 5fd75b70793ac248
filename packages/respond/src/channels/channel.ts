import type { z } from 'zod';
import type { Message } from '../notify/message.ts';
import type { HttpPost } from '../notify/http-post.ts';

/**
 * How an attempt ended. `detail` says what the receiver answered or what went wrong, for people, without secrets.
 * `retry`: it may work later; `afterMs` where the receiver said when (0: our own back-off). `failed`: it never will.
 */
export type SendEnding =
  | { readonly ending: 'delivered'; readonly detail: string }
  | { readonly ending: 'retry'; readonly detail: string; readonly afterMs: number }
  | { readonly ending: 'failed'; readonly detail: string };

/** What a channel works with; it touches neither clock nor network by itself. */
export interface ChannelTools {
  readonly post: HttpPost;
  readonly now: () => number;
  /** Certificates to trust besides the machine's, PEM. */
  readonly certificates: readonly string[];
  /** Aborts when the time limit of the attempt has passed or the server stops. */
  readonly signal: AbortSignal;
  /** Time limit of the attempt, milliseconds. */
  readonly timeoutMs: number;
}

/** What `settings` fields say of themselves beside `title` and `description` (zod's `.meta`). */
export interface FieldMeta {
  readonly title: string;
  readonly description?: string;
  readonly placeholder?: string;
  /** Never shown again; of a record, all its values. */
  readonly secret?: boolean;
}

/** A kind of channel. */
export interface ChannelType<Settings extends z.ZodObject = z.ZodObject> {
  /** Letters and digits; stored with each channel. */
  readonly name: string;
  readonly title: string;
  /** What it is and where to get what the settings ask for, in a sentence or two. */
  readonly description: string;
  /** An object of texts, numbers, choices, switches, lists and records of texts; each field with `meta` as `FieldMeta`. */
  readonly settings: Settings;
  /** Names of the settings that say whose secrets the others are: with another address, secrets must be entered again. */
  readonly address: readonly (keyof z.input<Settings> & string)[];
  /**
   * Sends one message, once. Must end within `tools.timeoutMs` and when `tools.signal` aborts, must not throw on any
   * answer, and must not let a secret into `detail`.
   */
  readonly send: (message: Message, settings: z.output<Settings>, tools: ChannelTools) => Promise<SendEnding>;
}

/** Declares a kind of channel: a folder here and a line in `all.ts`. */
export function defineChannel<Settings extends z.ZodObject>(type: ChannelType<Settings>): ChannelType<Settings> {
  return type;
}

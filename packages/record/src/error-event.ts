/**
 * What the `payload` column of an error row holds, as JSON: everything of one event that the issue page shows and no
 * column carries. Made once at ingest (`ingest/errors/normalise-event.ts`), read by the API with `JSON.parse` alone.
 * Secrets are gone already (cookies, authorization headers, passwords); personal data is scrubbed by the store's engine.
 */
export interface ErrorPayload {
  /** Raised whenever the meaning of a field changes. Readers show what they know and ignore the rest. */
  readonly version: typeof errorPayloadVersion;
  /** The exception that was thrown first in the list, then its causes, outermost cause first. Empty for plain messages. */
  readonly exceptions: readonly ErrorException[];
  /** The threads of the process, the crashed one first; absent where the client sent none, or the event was stored by an earlier version. */
  readonly threads?: readonly ErrorThread[];
  /** Threads that the client sent beyond those that are kept; absent where all are. */
  readonly threadsOmitted?: number;
  /** Oldest first, at most 100. */
  readonly breadcrumbs: readonly ErrorBreadcrumb[];
  /** The six groups of what a person asks first, in the order to show; a group without a field is left out. */
  readonly groups: readonly ErrorContextGroup[];
  /** The client's own contexts by name (`os`, `browser`, `device`, `order`, …), bounded in depth and size. */
  readonly contexts: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly extra: Readonly<Record<string, unknown>>;
  /** `name@version` of the SDK that sent it; '' when unknown. */
  readonly sdk: string;
  /** Which build of the release it was; absent or '' when the client did not say. */
  readonly dist?: string;
  /** Why the event belongs to its issue, one line each: `exception type PaymentError`, `frame charge in payment.ts`. */
  readonly grouping: readonly string[];
  /** The same with what did not count and why; events stored by earlier versions have none. */
  readonly groupingParts?: readonly GroupingPart[];
}

/** One thing that grouping looked at. */
export interface GroupingPart {
  readonly kind: 'type' | 'cause' | 'frame' | 'line' | 'message' | 'culprit' | 'fingerprint' | 'rule';
  readonly value: string;
  /** True where it is part of what makes the issue. */
  readonly used: boolean;
  /** Why it counts or does not; '' where that goes without saying. */
  readonly why: string;
}

export const errorPayloadVersion = 1;

export interface ErrorException {
  readonly type: string;
  readonly value: string;
  /** How it was caught: `onunhandledrejection`, `middleware`, …; '' when unknown. */
  readonly mechanism: string;
  /** Null when the client did not say. */
  readonly handled: boolean | null;
  /** The innermost call (where it was thrown) first. */
  readonly frames: readonly ErrorFrame[];
  /** What the platform numbers the error with (`NSURLErrorDomain -1009`), where the client told it. */
  readonly code?: string;
  /** `whole`: it only holds others together (`AggregateException`); `member`: one of those; absent for the rest. */
  readonly group?: 'whole' | 'member';
  /** Registers of the processor at the crash, where a native client sent them. */
  readonly registers?: Readonly<Record<string, string>>;
}

/** A thread of the process at the time of the event (https://develop.sentry.dev/sdk/data-model/event-payloads/threads/). */
export interface ErrorThread {
  /** As text; an id of more than twelve digits is written in hexadecimal (`0x…`). '' where the client gave none. */
  readonly id: string;
  readonly name: string;
  /** In the client's own words (`RUNNABLE`, `TIMED_WAITING`); '' when unknown. */
  readonly state: string;
  readonly crashed: boolean;
  /** It was running when the event was made. */
  readonly current: boolean;
  readonly main: boolean;
  /** The event's exceptions were thrown in it. */
  readonly threw: boolean;
  /** The innermost call first; empty where the client sent no stack (of a thread that threw, the exceptions have it). */
  readonly frames: readonly ErrorFrame[];
  /** Frames that the client sent beyond those that are kept; absent where all are. */
  readonly framesOmitted?: number;
  /** Locks that it holds or waits for, where the client told them. */
  readonly locks?: readonly ErrorLock[];
  readonly registers?: Readonly<Record<string, string>>;
}

export interface ErrorLock {
  readonly relation: 'holds' | 'waits for' | 'sleeps on' | 'is blocked by';
  /** `java.lang.Object` or the like; '' when unknown. */
  readonly type: string;
  readonly address: string;
  /** Id of the thread that has it, where the client told it; '' otherwise. */
  readonly thread: string;
}

export interface ErrorFrame {
  readonly function: string;
  readonly file: string;
  /** Counted from 1; null when unknown. */
  readonly line: number | null;
  /** Counted from 1; null when unknown. */
  readonly column: number | null;
  readonly inApp: boolean;
  /** True where the client did not say whose code it is, but called other frames of the event its own: `inApp` is false then. */
  readonly unsaid?: true;
  readonly module: string;
  readonly contextLine: string;
  readonly preContext: readonly string[];
  readonly postContext: readonly string[];
  /** Debug id of the file's source map; '' when the client sent none. */
  readonly debugId: string;
  /** Where the client saw it, before a source map told the original. Absent where the frame is as it was sent. */
  readonly minified?: {
    readonly function: string;
    readonly file: string;
    readonly line: number | null;
    readonly column: number | null;
  };
  /** What its source map could not tell, and why; absent or '' where there is nothing to say. */
  readonly unresolved?: string;
  /** Local variables by name, as text, where the client sent them; bounded (what was cut says so, see `cutMark`), secrets gone. */
  readonly locals?: Readonly<Record<string, string>>;
}

/** Ends the text of a local variable of which only the first `kept` of `whole` characters are kept. */
export const cutMark = (kept: number, whole: number): string => `… (cut: ${kept} of ${whole} characters kept)`;
/** A text that ends with such a mark: what was kept, and how many characters it had. */
export const markedAsCut = /^([\s\S]*)… \(cut: \d+ of (\d+) characters kept\)$/;

export interface ErrorBreadcrumb {
  /**
   * ISO 8601 in UTC with milliseconds; '' when unknown. As text, so that the scrubber cannot take its digits for a card's;
   * events stored by earlier versions have milliseconds since the epoch, as number or text.
   */
  readonly at: string;
  readonly category: string;
  readonly level: string;
  readonly message: string;
  /** Compact JSON of the breadcrumb's data; '' when there is none. */
  readonly data: string;
}

export const errorContextGroups = ['site', 'terminal', 'user', 'transaction', 'system', 'request'] as const;
export interface ErrorContextGroup {
  readonly name: (typeof errorContextGroups)[number];
  readonly fields: readonly { readonly label: string; readonly value: string }[];
}

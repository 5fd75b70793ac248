import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { StreamLanguage } from '@codemirror/language';
import type { EditorLanguage } from './code-editor.tsx';

/** What can stand where the caret is: offers for the text from `from` on, and whether they are inside of quotes already. */
export interface Offered {
  readonly from: number;
  readonly offers: readonly Completion[];
}

/** The words of a language and what it offers at a place of a text. */
export interface CompletedLanguage {
  readonly comment: '#' | '//';
  /** Functions, stages, and words that join. */
  readonly words: ReadonlySet<string>;
  /** Undefined where nothing can be offered. Never rejects because names could not be read: then fewer are offered. */
  readonly offer: (text: string, caret: number) => Promise<Offered | undefined>;
}

const wordChars = /^[\w.:-]*$/;

/** A query language as the editor takes it: coloured by its tokens, completed from what was received. */
export function completedLanguage({ comment, words, offer }: CompletedLanguage): EditorLanguage {
  const complete = async (context: CompletionContext): Promise<CompletionResult | null> => {
    const found = await offer(context.state.doc.toString(), context.pos);
    if (found === undefined || context.aborted || found.offers.length === 0) return null;
    return { from: found.from, options: [...found.offers], validFor: wordChars };
  };
  const language = StreamLanguage.define<{ quote: string }>({
    startState: () => ({ quote: '' }),
    token: (stream, state) => {
      if (state.quote !== '') return inString(stream, state);
      if (stream.eatSpace()) return null;
      if (stream.match(comment)) {
        stream.skipToEnd();
        return 'comment';
      }
      if (stream.match(/^["`]/)) {
        state.quote = stream.current();
        return inString(stream, state);
      }
      if (stream.match(/^\d[\d.]*[a-zµ]*/)) return 'number';
      if (stream.match(/^[A-Za-z_][\w.:]*/)) return words.has(stream.current()) ? 'keyword' : 'labelName';
      stream.next();
      return null;
    },
    languageData: {
      autocomplete: complete,
      commentTokens: { line: comment },
      closeBrackets: { brackets: ['(', '[', '{', '"', '`'] },
    },
  });
  return { extension: language.extension };
}

/** The rest of a string in this line; one in backticks may go over several. */
function inString(stream: { next: () => string | void; eol: () => boolean }, state: { quote: string }): string {
  while (!stream.eol()) {
    const sign = stream.next();
    if (sign === '\\' && state.quote === '"') stream.next();
    else if (sign === state.quote) {
      state.quote = '';
      return 'string';
    }
  }
  if (state.quote === '"') state.quote = '';
  return 'string';
}

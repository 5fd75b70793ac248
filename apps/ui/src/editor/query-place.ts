/** A bracket that is open where the caret is, and the word before it. */
export interface OpenBracket {
  readonly sign: '{' | '(' | '[';
  readonly word: string;
  readonly at: number;
}

/** Where a caret stands in a query. */
export interface QueryPlace {
  /** Brackets that are open, the innermost last. */
  readonly open: readonly OpenBracket[];
  /** The string that is begun there: where its text begins, and what it has so far. */
  readonly string: { readonly from: number; readonly quote: '"' | '`'; readonly text: string } | undefined;
  /** The word that is begun; '' where none is. */
  readonly word: string;
  readonly from: number;
  /** What stands before that word or string, strings in it emptied, without spaces at its end. */
  readonly before: string;
}

const closing: Readonly<Record<string, string>> = { '}': '{', ')': '(', ']': '[' };

/**
 * Reads a text of LogQL or TraceQL up to the caret. `word` says which signs belong to a name; `comment` begins one that goes to the end of
 * its line. Undefined inside a comment, where nothing is completed.
 */
export function queryPlace(text: string, caret: number, word: RegExp, comment: '#' | '//'): QueryPlace | undefined {
  const open: OpenBracket[] = [];
  let read = '';
  let at = 0;
  while (at < caret) {
    const sign = text[at]!;
    if (text.startsWith(comment, at)) {
      const end = text.indexOf('\n', at);
      if (end < 0 || end >= caret) return undefined;
      at = end;
    } else if (sign === '"' || sign === '`') {
      const end = endOfString(text, at, sign);
      if (end >= caret) {
        const from = at + 1;
        return {
          open,
          string: { from, quote: sign, text: text.slice(from, caret) },
          word: '',
          from,
          before: read.trimEnd(),
        };
      }
      read += '""';
      at = end + 1;
    } else {
      if (sign === '{' || sign === '(' || sign === '[') open.push({ sign, word: lastWord(read), at: read.length });
      else if (closing[sign] !== undefined && open.at(-1)?.sign === closing[sign]) open.pop();
      read += sign;
      at++;
    }
  }
  const begun = word.exec(read)?.[0] ?? '';
  return {
    open,
    string: undefined,
    word: begun,
    from: caret - begun.length,
    before: read.slice(0, read.length - begun.length).trimEnd(),
  };
}

/** Where the string that begins at `start` ends; the end of the text where it does not. */
function endOfString(text: string, start: number, quote: string): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '\\' && quote === '"') at++;
    else if (text[at] === quote) return at;
  }
  return text.length;
}

const lastWord = (text: string): string => /(\w+)\s*$/.exec(text)?.[1] ?? '';
